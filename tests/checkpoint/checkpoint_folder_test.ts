import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import {
  CHECKPOINT_FILES,
  clearLeftovers,
  latestCheckpoint,
  listCheckpoints,
  readState,
  removeCheckpointsAfter,
  resolveCheckpoint,
  saveCheckpoint,
  stepName,
  writeState,
} from "../../src/checkpoint/checkpoint_folder.ts";
import { UserError } from "../../src/errors.ts";
import { exists } from "../../src/fs/file_error.ts";
import { checkpointOf, tempDir } from "../helpers/files.ts";

const steps = (run: string) => listCheckpoints(run).map(({ step }) => step);
const names = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const save = (run: string, step: number, keep = 9, fill = step) =>
  saveCheckpoint(run, step, checkpointOf(fill), keep);

Deno.test("saveCheckpoint() keeps the last few, and never removes the one just written", async () => {
  using run = tempDir();
  assertEquals(latestCheckpoint(run.path), null);
  for (const step of [0, 500, 1000]) await save(run.path, step, 2);
  assertEquals(steps(run.path), [500, 1000]);
  const folder = join(run.path, "checkpoints");
  assertEquals(names(folder), ["step-000500", "step-001000"]);
  assertEquals(names(join(folder, "step-001000")), [...CHECKPOINT_FILES]);
  // A branch from an early step.
  await save(run.path, 600, 2);
  assertEquals(steps(run.path), [600, 1000]);
  await save(run.path, 700, 1);
  assertEquals(steps(run.path), [700]);
  // Sorted as numbers, also past six digits.
  await save(run.path, 1_000_000, Infinity);
  await save(run.path, 999_999, Infinity);
  assertEquals(steps(run.path), [700, 999_999, 1_000_000]);
  assertEquals(latestCheckpoint(run.path)?.step, 1_000_000);
  removeCheckpointsAfter(run.path, 700);
  assertEquals(names(folder), [stepName(700)]);
  assertEquals(stepName(700), "step-000700");
});

Deno.test("saveCheckpoint() makes equal files of equal states", async () => {
  using run = tempDir();
  const one = await save(run.path, 1, 9, 5);
  const two = await save(run.path, 2, 9, 5);
  for (const name of CHECKPOINT_FILES) {
    assertEquals(
      Deno.readFileSync(join(one.path, name)),
      Deno.readFileSync(join(two.path, name)),
    );
  }
});

Deno.test("saveCheckpoint() replaces the same step and leaves nothing else", async () => {
  using run = tempDir();
  await save(run.path, 5, 9, 1);
  const { path } = await save(run.path, 5, 9, 2);
  assertEquals(readState(path), { fill: 2 });
  assertEquals(names(join(run.path, "checkpoints")), ["step-000005"]);
});

Deno.test("saveCheckpoint() leaves no trace of a failed attempt", async () => {
  using run = tempDir();
  await save(run.path, 5);
  const failing = async (folder: string) => {
    await checkpointOf(1)(folder);
    throw new Error("device lost");
  };
  await assertRejects(
    () => saveCheckpoint(run.path, 6, failing, 1),
    Error,
    "device lost",
  );
  await assertRejects(
    () => saveCheckpoint(run.path, 6, () => {}, 1),
    Error,
    "not written: model.safetensors",
  );
  await assertRejects(() => save(run.path, -1), RangeError, "step must be");
  await assertRejects(() => save(run.path, 6, 0), RangeError, "keep must be");
  assertEquals(names(join(run.path, "checkpoints")), ["step-000005"]);
});

Deno.test("clearLeftovers() finishes what a killed process began", async () => {
  using run = tempDir();
  await save(run.path, 5);
  await save(run.path, 7);
  const at = (name: string) => join(run.path, "checkpoints", name);
  Deno.mkdirSync(at(".tmp-77-step-000009"));
  Deno.mkdirSync(at(".gone-77-step-000001"));
  // Killed between the two renames of a replacement.
  Deno.renameSync(at("step-000007"), at(".old-77-step-000007"));
  assertEquals(steps(run.path), [5, 7]);
  assertEquals(readState(latestCheckpoint(run.path)!.path), { fill: 7 });
  clearLeftovers(run.path);
  assertEquals(names(at("")), ["step-000005", "step-000007"]);
  // Killed after the second rename: the new one counts.
  await checkpointOf(1)(
    (Deno.mkdirSync(at(".old-77-step-000007")), at(".old-77-step-000007")),
  );
  assertEquals(readState(latestCheckpoint(run.path)!.path), { fill: 7 });
  clearLeftovers(run.path);
  assertEquals(names(at("")), ["step-000005", "step-000007"]);
  assertEquals(readState(latestCheckpoint(run.path)!.path), { fill: 7 });
});

Deno.test("resolveCheckpoint() takes a run, its checkpoints folder, or one checkpoint", async () => {
  using run = tempDir();
  await save(run.path, 5);
  await save(run.path, 12);
  const folder = join(run.path, "checkpoints");
  const last = { step: 12, path: join(folder, "step-000012") };
  assertEquals(resolveCheckpoint(run.path), last);
  assertEquals(resolveCheckpoint(folder), last);
  assertEquals(resolveCheckpoint(`${folder}/step-000005/`).step, 5);
  const best = join(run.path, "best");
  Deno.renameSync(last.path, best);
  writeState(best, { step: 12 });
  assertEquals(resolveCheckpoint(best), { step: 12, path: best });
});

Deno.test("resolveCheckpoint() says what is wrong with a path", async () => {
  using run = tempDir();
  const wrong = (path: string, says: string) => {
    const error = assertThrows(
      () => resolveCheckpoint(path),
      UserError,
      says,
    ) as UserError;
    assertStringIncludes(error.message, path);
  };
  wrong(join(run.path, "none"), "does not exist");
  wrong(run.path, "Cannot find a checkpoint");
  const { path } = await save(run.path, 5);
  wrong(join(path, "model.safetensors"), "give the run's folder");
  await save(run.path, 6);
  Deno.removeSync(join(run.path, "checkpoints/step-000006/state.json"));
  const advice = `lacks 'state.json': take the one before it, '${path}'`;
  assertThrows(() => latestCheckpoint(run.path), UserError, advice);
  wrong(join(run.path, "checkpoints", "step-000006"), "lacks 'state.json'");
});

Deno.test("readState() gives back what writeState() took, and refuses damage", () => {
  using dir = tempDir();
  const state = { step: 3, rng: { seed: 2 ** 53 - 1, key: ["a", null] } };
  writeState(dir.path, state);
  assertEquals(readState(dir.path), state);
  for (const text of ["", "{", "[1]", "null", '{"a":1}x']) {
    Deno.writeTextFileSync(join(dir.path, "state.json"), text);
    assertThrows(() => readState(dir.path), UserError, "must be a JSON object");
  }
  assertThrows(
    () => readState(join(dir.path, "no")),
    UserError,
    "does not exist",
  );
  assert(!exists(join(dir.path, "no")));
});
