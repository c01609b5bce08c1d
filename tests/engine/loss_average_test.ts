import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";
import { loadWeights } from "../../src/checkpoint/load_weights.ts";
import type { Batch } from "../../src/data/loader/batch.ts";
import { IGNORE } from "../../src/data/store/token_store.ts";
import {
  buildStepPlans,
  type LossAverage,
} from "../../src/engine/step_plans.ts";
import { TrainEngine } from "../../src/engine/train_engine.ts";
import { fixtureBatch, openFixture } from "../../src/parity/fixture_files.ts";
import { deviceTest, gpu } from "../helpers/device.ts";
import { stepOptions } from "../helpers/engine.ts";
import { assertClose } from "../reference/numbers.ts";

/** What `scripts/peers/loss_average.py` wrote. */
interface Reference {
  loss: number;
  grad_norm: number;
  gradients: Record<string, {
    norm: number;
    largest: number;
    at: number[];
    values: number[];
  }>;
}

const PATH = new URL("../golden/loss_average.json", import.meta.url);
const golden = (name: string) =>
  fileURLToPath(new URL(`../golden/${name}`, import.meta.url));

/** The batch with the labels of each row's first `lengths` tokens. */
function shortened(batch: Batch, lengths: number[], shifted: boolean): Batch {
  const T = batch.tokens.length / lengths.length;
  const targets = batch.targets.slice();
  lengths.forEach((length, row) =>
    // Shifted labels belong to the position before theirs.
    targets.fill(IGNORE, row * T + length - Number(shifted), (row + 1) * T)
  );
  return {
    ...batch,
    targets,
    counted: targets.filter((t) => t !== IGNORE).length,
  };
}

/** Compares an update of uneven micro-batches with the authors' trainer. */
async function compare(
  name: "nf_gpt" | "st_default",
  lossAverage: LossAverage,
) {
  const json = JSON.parse(await Deno.readTextFile(PATH));
  const want: Reference = json[name], lengths: number[][] = json.lengths;
  const files = openFixture(golden(name)), device = await gpu();
  const { model, adam } = files, size = 3 * model.sequenceLength;
  const plans = buildStepPlans(model, {
    batchSize: 3,
    evalBatchSize: 3,
    accumulation: 3,
    adam,
    historySlots: 1,
    lossAverage,
  }, device.limits);
  const engine = await TrainEngine.open(device, plans);
  try {
    loadWeights(engine, files.weights);
    const batches = lengths.map((rows, k) =>
      shortened(
        fixtureBatch(files, ["traj_input_ids", "traj_targets"], k, size),
        rows,
        name === "st_default",
      )
    );
    await engine.gradient(batches);
    assertClose("loss", [await engine.loss()], [want.loss], { relative: 1e-5 });
    for (
      const [parameter, { at, values, largest }] of Object.entries(
        want.gradients,
      )
    ) {
      const got = await engine.read("gradients", parameter);
      // A true gradient of 0 is noise in both.
      assertClose(parameter, at.map((i) => got[i]), values, {
        relative: 1e-3,
        absolute: 1e-3 * largest + 2e-7,
      });
    }
    assert(Object.keys(want.gradients).length === plans.trained.length);
    await engine.step(batches, { ...stepOptions(1, 0), maxGradNorm: 0 });
    const [{ loss, gradNorm }] = await engine.history(1);
    assertClose("step", [loss, gradNorm], [want.loss, want.grad_norm], {
      relative: 1e-5,
    });
  } finally {
    engine.close();
    files.close();
  }
}

deviceTest(
  "loss_average: tokens is fairseq's Trainer over uneven micro-batches",
  () => compare("nf_gpt", "tokens"),
);

deviceTest(
  "loss_average: micro_batches is Hugging Face's Trainer over uneven micro-batches",
  () => compare("st_default", "micro_batches"),
);
