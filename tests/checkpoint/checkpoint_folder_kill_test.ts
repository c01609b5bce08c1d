import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  clearLeftovers,
  latestCheckpoint,
  listCheckpoints,
  readState,
} from "../../src/checkpoint/checkpoint_folder.ts";
import { SafetensorsFile } from "../../src/checkpoint/safetensors.ts";
import { tempDir } from "../helpers/files.ts";
import { firstWord, start } from "../helpers/processes.ts";

/** The step that all of a checkpoint's contents agree on. */
function contents(path: string): number {
  const fill = readState(path).fill as number;
  for (const name of ["model", "optimizer"]) {
    using file = SafetensorsFile.open(join(path, `${name}.safetensors`));
    const data = file.read("w") as Float32Array;
    assertEquals(data.length, 20_000);
    assert(data.every((value) => value === fill), `${path}: ${name}`);
  }
  return fill;
}

Deno.test("latestCheckpoint() is complete after kill -9 at any moment of saving", async () => {
  using run = tempDir();
  let before = 0;
  let torn = 0;
  for (let round = 0; round < 24; round++) {
    const child = start("save_loop.ts", run.path, "2");
    assertEquals(await firstWord(child), "saved");
    // A save takes some 5 to 20 ms: spread the kills over several.
    await new Promise((done) => setTimeout(done, Math.random() * 40));
    child.kill("SIGKILL");
    await child.status;
    await child.stdout.cancel();

    const latest = latestCheckpoint(run.path)!;
    assert(latest.step > before, `${latest.step} after ${before}`);
    for (const { step, path } of listCheckpoints(run.path)) {
      assertEquals(contents(path), step);
    }
    const all = [...Deno.readDirSync(join(run.path, "checkpoints"))];
    if (all.some(({ name }) => name.startsWith("."))) torn++;
    before = latest.step;
  }
  assert(torn > 0, "no kill fell into a save: the test proves nothing");
  clearLeftovers(run.path);
  for (const { name } of Deno.readDirSync(join(run.path, "checkpoints"))) {
    assert(/^step-\d+$/.test(name), name);
  }
});
