import { assertEquals, assertThrows } from "@std/assert";
import { writeState } from "../../src/checkpoint/checkpoint_folder.ts";
import { readTrainState } from "../../src/checkpoint/train_state.ts";
import { UserError } from "../../src/errors.ts";
import { tempDir } from "../helpers/files.ts";

Deno.test("readTrainState() reads the sampler of one part, and of several", () => {
  using dir = tempDir();
  const state = {
    format: 1,
    step: 3,
    tokens: 24,
    seed: 5,
    schedule: { learningRate: 1, end: 0, warmup: 0, total: 9, power: 1 },
    data: "fingerprint",
  };
  const at = (position: number) => ({ epoch: 1, position });
  for (const sampler of [at(4), [at(4), at(0), at(7)]]) {
    writeState(dir.path, { ...state, sampler });
    assertEquals(readTrainState(dir.path).sampler, sampler);
  }
  for (const sampler of [[at(-1)], { epoch: 1 }, [[at(1)]], null]) {
    writeState(dir.path, { ...state, sampler });
    assertThrows(
      () => readTrainState(dir.path),
      UserError,
      "state.json' as 'sampler",
    );
  }
});
