import { assert, assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { againstTable } from "../../../src/bench/result_tables.ts";
import { compareSteps } from "../../../src/bench/step/against.ts";
import { sizeOverrides } from "../../../src/bench/step/workloads.ts";
import { UserError } from "../../../src/errors.ts";
import { fails } from "../../helpers/cli.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const workload = {
  name: "least",
  note: "for tests",
  overrides: sizeOverrides({
    layers: 1,
    width: 32,
    heads: 2,
    sequenceLength: 16,
    batchSize: 2,
    vocabSize: 64,
  }),
};

Deno.test("compareSteps() times a checkout against itself", async () => {
  const row = await compareSteps(workload, ROOT, {
    rounds: [3, 3],
    roundSeconds: 0,
    seconds: 0,
  });
  assertEquals([row.name, row.rounds, row.stepsPerRound], ["least", 3, 1]);
  for (const value of [row.here, row.there, row.ratio, row.wallRatio]) {
    assert(value > 0 && Number.isFinite(value), JSON.stringify(row));
  }
  assert(row.low <= row.ratio && row.ratio <= row.high);
  const { title, rows } = againstTable({
    machine: { commit: "here" } as never,
    folder: "elsewhere",
    commit: "there",
    against: [{ ...row, ratio: 0.98765 }],
  });
  assertEquals(title, "Steps of here against there in elsewhere");
  assertEquals(rows[0][4], "0.988");
});

Deno.test("compareSteps() says which side could not run", async () => {
  const unknown = { ...workload, overrides: ["model.vocab_size=64", "x=1"] };
  await assertRejects(
    () =>
      compareSteps(unknown, ROOT, {
        rounds: [1, 1],
        roundSeconds: 0,
        seconds: 0,
      }),
    UserError,
    "this checkout must be a checkout",
  );
  await fails(
    ["bench", "--against", "/"],
    /Cannot compare as '--against' must name another checkout /,
  );
  await fails(
    ["bench", "--against", ROOT, "--only", "step"],
    /Cannot use '--only' with '--against' as that times steps alone$/,
  );
});
