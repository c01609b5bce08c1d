import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { UserError } from "../../src/errors.ts";
import { exists } from "../../src/fs/file_error.ts";
import { openRunFolder } from "../../src/run_folder/run_folder.ts";
import { tempDir } from "../helpers/files.ts";
import { firstWord, start } from "../helpers/processes.ts";

const names = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

async function kill(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await child.status;
  await child.stdout.cancel();
}

Deno.test("openRunFolder() makes a folder that can be resumed, not started again", async () => {
  using dir = tempDir();
  const path = join(dir.path, "runs", "x");
  await assertRejects(
    () => openRunFolder(path, { resume: true }),
    UserError,
    `Cannot resume '${path}' as it does not exist`,
  );
  {
    using run = await openRunFolder(path, { resume: false });
    run.writeConfig("seed: 0\n");
    run.writeInfo({ version: "1", adapter: "cpu" });
    assertEquals(names(path), ["config.yaml", "lock", "run.json"]);
  }
  assertEquals(names(path), ["config.yaml", "run.json"]);
  assertEquals(
    Deno.readTextFileSync(join(path, "run.json")),
    '{\n  "adapter": "cpu",\n  "version": "1"\n}\n',
  );
  await assertRejects(
    () => openRunFolder(path, { resume: false }),
    UserError,
    `holds one already: resume it with --resume ${path}`,
  );
  // The refusal must not leave its lock behind.
  assertEquals(names(path), ["config.yaml", "run.json"]);
  const left = join(path, "checkpoints", ".tmp-77-step-000003");
  Deno.mkdirSync(left, { recursive: true });
  Deno.writeTextFileSync(join(path, ".run.json.tmp-77"), "{");
  {
    using _run = await openRunFolder(path, { resume: true });
    assert(!exists(left));
  }
  assertEquals(names(path), ["checkpoints", "config.yaml", "run.json"]);
  Deno.mkdirSync(join(dir.path, "empty"));
  await assertRejects(
    () => openRunFolder(join(dir.path, "empty"), { resume: true }),
    UserError,
    "it holds no run",
  );
});

Deno.test("openRunFolder() says in one line where it cannot write", async () => {
  using dir = tempDir();
  const file = join(dir.path, "file");
  Deno.writeTextFileSync(file, "");
  // The kernel's own file systems refuse even the superuser.
  for (const path of [join(file, "run"), file, "/proc/run", "/sys/run"]) {
    const error = await assertRejects(
      () => openRunFolder(path, { resume: false }),
      UserError,
      `Cannot use run folder '${path}' as`,
    ) as UserError;
    assertEquals(error.message.split("\n").length, 1);
  }
});

Deno.test("openRunFolder() refuses a second process, names the first, and takes over from a dead one", async () => {
  using dir = tempDir();
  const path = join(dir.path, "run");
  const first = start("hold_lock.ts", path);
  try {
    assertEquals(await firstWord(first), "held");
    const error = await assertRejects(
      () => openRunFolder(path, { resume: true }),
      UserError,
    ) as UserError;
    assertStringIncludes(error.message, `process ${first.pid} on '`);
    assertMatch(error.message, /started \d{4}-\d\d-\d\dT.* is using this run/);
    assertEquals(error.message.split("\n").length, 1);
  } finally {
    await kill(first);
  }
  // The dead process's file is still there, its lock is not.
  assertStringIncludes(
    Deno.readTextFileSync(join(path, "lock")),
    `"pid":${first.pid}`,
  );
  using _run = await openRunFolder(path, { resume: true });
  assertStringIncludes(
    Deno.readTextFileSync(join(path, "lock")),
    `"pid":${Deno.pid}`,
  );
  await assertRejects(
    () => openRunFolder(path, { resume: true }),
    UserError,
    `process ${Deno.pid} on`,
  );
});

Deno.test("openRunFolder() lets one of several processes that start at once have the run", async () => {
  using dir = tempDir();
  const path = join(dir.path, "run");
  const children = [1, 2, 3].map(() => start("hold_lock.ts", path));
  try {
    const words = await Promise.all(children.map(firstWord));
    const held = words.filter((word) => word === "held");
    assertEquals(held.length, 1, words.join("\n"));
    const winner = children[words.indexOf("held")].pid;
    for (const word of words) {
      if (word !== "held") assertStringIncludes(word, `process ${winner} on`);
    }
  } finally {
    for (const child of children) {
      try {
        child.kill("SIGKILL");
      } catch {
        // Refused and ended by itself.
      }
      await child.status;
      await child.stdout.cancel();
    }
  }
});

Deno.test("RunLock is never held twice while three processes come and go", async () => {
  using dir = tempDir();
  const children = [1, 2, 3].map(() => start("lock_hammer.ts", dir.path, "1"));
  const outputs = await Promise.all(children.map((child) => child.output()));
  for (const { success, stdout } of outputs) {
    assert(success);
    assert(Number(new TextDecoder().decode(stdout)) > 0, "never let in");
  }
});
