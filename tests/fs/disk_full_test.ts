import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import {
  latestCheckpoint,
  readState,
  saveCheckpoint,
} from "../../src/checkpoint/checkpoint_folder.ts";
import { writeSafetensors } from "../../src/checkpoint/safetensors.ts";
import { UserError } from "../../src/errors.ts";
import { checkpointOf, script, tempDir } from "../helpers/files.ts";
import { canMount, inNamespace } from "../helpers/processes.ts";

/** What a script prints that runs with one megabyte at `path`. */
async function onSmallDisk(path: string, name: string, ...args: string[]) {
  const { success, stdout, stderr } = await inNamespace(
    `mount -t tmpfs -o size=1m none ${path} && "${Deno.execPath()}" ` +
      `run -A --no-check "${script(name)}" ${path} ${args.join(" ")}`,
  );
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name:
    "saveCheckpoint() keeps the previous checkpoint when a real disk is full",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const told = await onSmallDisk(dir.path, "save_once.ts", "200000");
    assert(told.isUserError);
    assertMatch(
      told.message,
      /^Cannot save checkpoint '.*step-000002' as the disk is full \(.* free\): free some space; the last checkpoint stays: '.*step-000001'$/,
    );
    assertEquals(told.checkpoints, [{ fill: 1 }]);
    assertEquals(told.entries, ["step-000001"]);
  },
});

Deno.test({
  name: "MetricsLog.write() leaves no part of a line when a real disk is full",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const told = await onSmallDisk(dir.path, "log_until_full.ts");
    assert(told.isUserError);
    assertMatch(told.message, /metrics.jsonl' as the disk is full/);
    assertEquals(told.kept, told.refused - 1);
    assertEquals(told.ends, 'x"}\n'.slice(-3));
  },
});

Deno.test("saveCheckpoint() keeps the previous checkpoint when the device is full", async () => {
  using run = tempDir();
  await saveCheckpoint(run.path, 1, checkpointOf(1), 3);
  const ontoFullDevice = async (folder: string) => {
    const path = join(folder, "model.safetensors");
    await Deno.symlink("/dev/full", path);
    await writeSafetensors(
      path,
      [{ name: "w", dtype: "U8", shape: [100] }],
      () => new Uint8Array(100),
    );
  };
  await assertRejects(
    () => saveCheckpoint(run.path, 2, ontoFullDevice, 3),
    UserError,
    "step-000002' as the disk is full",
  );
  const names = [...Deno.readDirSync(join(run.path, "checkpoints"))]
    .map(({ name }) => name);
  assertEquals(names, ["step-000001"]);
  assertEquals(readState(latestCheckpoint(run.path)!.path), { fill: 1 });
});

Deno.test("saveCheckpoint() leaves a whole checkpoint when the file-size limit kills it", async () => {
  using run = tempDir();
  // 200 blocks of 512 bytes: the system ends the process within the model file.
  const { success } = await new Deno.Command("sh", {
    args: [
      "-c",
      `ulimit -c 0; ulimit -f 200; exec "${Deno.execPath()}" run -A --no-check ` +
      `"${script("save_once.ts")}" ${run.path} 200000`,
    ],
    stdout: "null",
    stderr: "null",
  }).output();
  assert(!success);
  const latest = latestCheckpoint(run.path)!;
  assertEquals(latest.step, 1);
  assertEquals(readState(latest.path), { fill: 1 });
});
