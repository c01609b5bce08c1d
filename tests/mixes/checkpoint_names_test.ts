import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SafetensorsFile } from "../../src/checkpoint/safetensors.ts";
import { writeTrainState } from "../../src/checkpoint/train_state.ts";
import { initialiseWeights } from "../../src/engine/initial_weights.ts";
import { buildStepPlans } from "../../src/engine/step_plans.ts";
import { TrainEngine } from "../../src/engine/train_engine.ts";
import { openFixture } from "../../src/parity/fixture_files.ts";
import { deviceTest, gpu } from "../helpers/device.ts";
import { tempDir } from "../helpers/files.ts";

/** Fixtures whose parameters differ in more than a number. */
const NAMES = [
  "st_default_qknorm",
  "st_parallel",
  "st_skipless",
  "st_skipless_tied_orth",
  "nf_gpt",
  "nf_learned_pos",
  "nf_normformer_resids",
];

const shapesOf = (path: string) => {
  using file = SafetensorsFile.open(path);
  return Object.fromEntries(
    [...file.tensors].map(([name, { shape }]) => [name, [...shape]]).sort(),
  );
};

const sorted = (entries: [string, number[]][]) =>
  Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));

for (const name of NAMES) {
  deviceTest(
    `a checkpoint of ${name} holds the authors' state_dict`,
    async () => {
      const folder = fileURLToPath(
        new URL(`../golden/${name}`, import.meta.url),
      );
      const { model, adam, expected, weights, close } = openFixture(folder);
      const device = await gpu();
      const sizes = {
        batchSize: 1,
        evalBatchSize: 1,
        accumulation: 1,
        historySlots: 1,
      };
      const plans = buildStepPlans(model, { ...sizes, adam }, device.limits);
      const engine = await TrainEngine.open(device, plans);
      try {
        using saved = tempDir();
        initialiseWeights(engine, 1);
        await writeTrainState(saved.path, engine, {
          format: 1,
          step: 0,
          tokens: 0,
          seed: 1,
          sampler: { epoch: 0, position: 0 },
          schedule: { learningRate: 1, end: 0, warmup: 0, total: 1, power: 1 },
          data: "",
        });
        const params = Object.entries(expected.params)
          .map(([name, { shape }]): [string, number[]] => [name, shape]);
        const tied = Object.entries(
          JSON.parse(Deno.readTextFileSync(join(folder, "expected.json"))).tied,
        ).map(([name, of]): [string, number[]] => [
          name,
          expected.params[of as string].shape,
        ]);
        // What fairseq's code requires besides its parameters.
        const markers: [string, number[]][] = name.startsWith("nf_")
          ? [["decoder.version", [1]]]
          : [];
        const got = shapesOf(join(saved.path, "model.safetensors"));
        assertEquals(
          sorted(Object.entries(got)),
          sorted([...params, ...tied, ...markers]),
        );
        // A tied tensor is the one that it is tied to.
        using file = SafetensorsFile.open(
          join(saved.path, "model.safetensors"),
        );
        for (const [alias, of] of Object.entries(model.tied)) {
          assertEquals(file.read(alias), file.read(of), alias);
        }
        const fixed = Object.fromEntries(
          [...weights.tensors]
            .filter(([name]) => name.endsWith(".id"))
            .map(([name, { shape }]) => [name, [...shape]]).sort(),
        );
        if (name === "st_skipless_tied_orth") {
          assert(Object.keys(fixed).length > 0);
          assertEquals(shapesOf(join(saved.path, "fixed.safetensors")), fixed);
        } else {
          assertEquals(fixed, {});
        }
        const reached = Object.entries(expected.params)
          .filter(([, p]) => p.gets_gradient).map(([name]) => name);
        assertEquals(
          Object.keys(shapesOf(join(saved.path, "optimizer.safetensors")))
            .sort(),
          reached.flatMap((name) => [`exp_avg.${name}`, `exp_avg_sq.${name}`])
            .sort(),
        );
      } finally {
        engine.close();
        close();
      }
    },
  );
}
