import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  blocksmith,
  checkpoints,
  commandLine,
  fails,
  hashes,
  isThere,
  start,
  succeeds,
  workshop,
} from "../helpers/cli.ts";
import {
  canBePlain,
  canMount,
  inNamespace,
  PLAIN,
} from "../helpers/processes.ts";

Deno.test({
  name: "train needs a folder that it may write, and leaves nothing where not",
  ignore: !canBePlain,
  async fn() {
    using work = workshop();
    Deno.mkdirSync(work.at("closed"), { mode: 0o555 });
    const reason = "as permission is denied: choose a folder that you may use$";
    await fails(
      ["train", ...work.tiny("closed/run")],
      new RegExp(`Cannot use run folder '.*closed/run' ${reason}`),
      {},
      PLAIN,
    );
    await fails(
      ["train", ...work.tiny("run"), `data.cache=${work.at("closed/cache")}`],
      /Cannot write the token store under '.*closed\/cache\/stores': .*denied/,
      {},
      PLAIN,
    );
    assert(!isThere(work.at("run")));

    // A checkpoint that cannot be written: those before stay, and so does the
    // way on.
    await succeeds(["train", ...work.tiny("run")]);
    for (const later of ["step-000015", "step-000020"]) {
      Deno.removeSync(work.at("run/checkpoints", later), { recursive: true });
    }
    const kept = hashes(work.at("run"), "step-000010");
    Deno.chmodSync(work.at("run", "checkpoints"), 0o555);
    await fails(
      ["train", "--resume", work.at("run")],
      /Cannot save checkpoint '.*step-000015' as permission is denied: .*; the last checkpoint stays: '.*step-000010'$/,
      {},
      PLAIN,
    );
    assertEquals(checkpoints(work.at("run")), ["step-000010"]);
    assertEquals(hashes(work.at("run"), "step-000010"), kept);
    Deno.chmodSync(work.at("run", "checkpoints"), 0o755);
    await succeeds(["train", "--resume", work.at("run")]);
    assertEquals(checkpoints(work.at("run")).at(-1), "step-000020");
  },
});

Deno.test("train refuses a path that is no folder, and a folder that holds a run", async () => {
  using work = workshop();
  await fails(
    ["train", ...work.tiny("text/0.txt")],
    /Cannot use run folder '.*0\.txt' as .*: /,
  );
  await fails(
    ["train", ...work.tiny("text/0.txt/run")],
    /Cannot use run folder '.*0\.txt\/run' as a part of the path is a file/,
  );
  await succeeds(["train", ...work.tiny("run", "train.max_steps=10")]);
  const before = hashes(work.at("run"), "step-000010");
  await fails(
    ["train", ...work.tiny("run")],
    /Cannot start a run in '.*run' as it holds one already: resume it with --resume/,
  );
  assertEquals(hashes(work.at("run"), "step-000010"), before);
});

Deno.test("train refuses a run that another process is at, until that has ended", async () => {
  using work = workshop();
  await using child = start([
    "train",
    ...work.tiny("run", "train.max_steps=100000", "train.eval_steps=100000"),
    "train.keep=1000",
  ]);
  const quiet = [child.stdout.cancel()];
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!/^step 5\//m.test(said)) {
    const { value, done } = await reader.read();
    assert(!done, said);
    said += value;
  }
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  const held = new RegExp(
    `Cannot lock '.*run/lock' as process ${child.pid} on '.*', started .*, is using this run: wait for it, stop it, or choose another folder`,
  );
  await fails(["train", "--resume", work.at("run")], held);
  await fails(["train", ...work.tiny("run")], held);
  // Reading a run that is still training is allowed.
  await succeeds(["eval", work.at("run")]);
  child.kill("SIGKILL");
  await Promise.all([child.status, drained, ...quiet]);

  // The lock of the dead stops nobody.
  const config = work.at("run", "config.yaml");
  const [last] = checkpoints(work.at("run")).slice(-1);
  Deno.writeTextFileSync(
    config,
    Deno.readTextFileSync(config).replace(
      "max_steps: 100000",
      `max_steps: ${Number(last.slice(5)) + 1}`,
    ),
  );
  await succeeds(["train", "--resume", work.at("run")]);
});

Deno.test({
  name:
    "train keeps the last checkpoint when the disk is full, and resumes to the same bits once it is not",
  ignore: !canMount,
  async fn() {
    using work = workshop();
    await succeeds(["train", ...work.tiny("straight")]);
    Deno.mkdirSync(work.at("disk"));
    const shell = (args: string[]) =>
      commandLine(args).map((word) => `'${word}'`).join(" ");
    // A checkpoint takes 260 kB: the third one does not fit.
    const { stdout, stderr } = await inNamespace(`
      mount -t tmpfs -o size=700k none ${work.at("disk")}
      ${shell(["train", ...work.tiny("disk/run")])} || echo "code $?"
      ls -A ${work.at("disk/run/checkpoints")}
      mount -o remount,size=4m ${work.at("disk")}
      ${shell(["train", "--resume", work.at("disk/run")])}
      cd ${work.at("disk/run/checkpoints/step-000020")}
      sha256sum *`);
    const [out, err] = [stdout, stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    const faults = err.split("\n").filter((l) => l.startsWith("blocksmith:"));
    assertEquals(faults.length, 1, err);
    assertMatch(
      faults[0],
      /Cannot save checkpoint '.*step-000015' as the disk is full \(.* free\): free some space; the last checkpoint stays: '.*step-000010'$/,
    );
    const sums = Object.entries(hashes(work.at("straight"), "step-000020"))
      .map(([name, hash]) => `${hash}  ${name}`);
    assertEquals(out.trimEnd().split("\n"), [
      "code 1",
      "step-000005",
      "step-000010",
      ...sums,
    ], err);
  },
});

Deno.test("train that fails before it begins leaves no folder, and empty ones that were there", async () => {
  using work = workshop();
  const words = work.tiny("new/er/run", "model.context_length=16");
  Deno.removeSync(work.at("text"), { recursive: true });
  Deno.mkdirSync(work.at("text"));
  Deno.writeTextFileSync(work.at("text", "short.txt"), "short");
  await fails(["train", ...words], /must have at least 16 tokens/);
  assert(!isThere(work.at("new")));
  Deno.mkdirSync(work.at("new/er"), { recursive: true });
  await fails(["train", ...words], /must have at least 16 tokens/);
  assertEquals([...Deno.readDirSync(work.at("new/er"))], []);
  const { code } = await blocksmith(["train", ...words]);
  assertEquals(code, 1);
});
