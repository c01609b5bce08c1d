/** A run's folder that someone else has made, with traps in it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { requirePlainRun } from "../../src/checkpoint/plain_run.ts";
import { UserError } from "../../src/errors.ts";
import { MetricsLog } from "../../src/run_folder/metrics_log.ts";
import { openRunFolder } from "../../src/run_folder/run_folder.ts";
import {
  checkpoints,
  fails,
  homeAt,
  isThere,
  succeeds,
  workshop,
} from "../helpers/cli.ts";
import { filesBelow } from "../helpers/cli_data.ts";
import { tempDir } from "../helpers/files.ts";

const STEP = "checkpoints/step-000004";

/** A folder with the names of a run's files, and a file outside of it. */
function folderOfRun() {
  const dir = tempDir();
  const run = join(dir.path, "run"), victim = join(dir.path, "victim");
  Deno.mkdirSync(join(run, STEP), { recursive: true });
  for (
    const name of [
      "config.yaml",
      "run.json",
      `${STEP}/model.safetensors`,
      `${STEP}/state.json`,
    ]
  ) Deno.writeTextFileSync(join(run, name), "{}");
  Deno.writeTextFileSync(join(run, "metrics.jsonl"), '{"step":1}\n');
  Deno.writeTextFileSync(victim, "precious\n");
  return {
    run,
    victim,
    at: (name: string) => join(run, name),
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

const mkfifo = (path: string) =>
  new Deno.Command("mkfifo", { args: [path] }).outputSync();

Deno.test("openRunFolder() and requirePlainRun() refuse links and pipes before they write", async () => {
  const files = ["lock", "config.yaml", "run.json", "metrics.jsonl"];
  const inside = ["model.safetensors", "state.json", "tokenizer.json"];
  const all = [...files, ...inside.map((name) => `${STEP}/${name}`)];
  for (const make of ["link", "dangling link", "pipe"]) {
    for (const name of [...all, "checkpoints", STEP]) {
      using folder = folderOfRun();
      const { run, victim, at } = folder;
      if (isThere(at(name))) Deno.removeSync(at(name), { recursive: true });
      if (make === "pipe") mkfifo(at(name));
      else Deno.symlinkSync(make === "link" ? victim : `${run}/no`, at(name));
      const before = filesBelow(run);
      const kind = all.includes(name) ? "file" : "folder";
      const message = `Cannot use '${at(name)}' as '${
        name.split("/").at(-1)
      }' must be a plain ${kind}`;
      for (const resume of [true, false]) {
        await assertRejects(
          () => openRunFolder(run, { resume }),
          UserError,
          message,
        );
      }
      assertEquals(filesBelow(run), before);
      assertEquals(Deno.readTextFileSync(victim), "precious\n");
    }
  }
});

Deno.test("a run may be given through a link, and hold links of other names", async () => {
  using folder = folderOfRun();
  const { run, victim, at } = folder;
  Deno.symlinkSync(victim, at("notes"));
  Deno.symlinkSync("step-000004", at("checkpoints/best"));
  Deno.symlinkSync(run, `${run}-link`);
  requirePlainRun(`${run}-link`);
  using _ = await openRunFolder(`${run}-link`, { resume: true });
});

Deno.test("files with a second name elsewhere are not written through", async () => {
  using folder = folderOfRun();
  const { run, victim, at } = folder;
  Deno.linkSync(victim, at("lock"));
  {
    using _ = await openRunFolder(run, { resume: true });
    assert(Deno.readTextFileSync(at("lock")).includes(`"pid":${Deno.pid}`));
    await assertRejects(
      () => openRunFolder(run, { resume: true }),
      UserError,
      "is using this run",
    );
  }
  assertEquals(Deno.readTextFileSync(victim), "precious\n");
  assertEquals(isThere(at("lock")), false);

  const log = '{"step":1}\n';
  Deno.removeSync(at("metrics.jsonl"));
  Deno.writeTextFileSync(victim, log);
  Deno.linkSync(victim, at("metrics.jsonl"));
  {
    using metrics = MetricsLog.open(at("metrics.jsonl"));
    metrics.write({ step: 2 });
  }
  assertEquals(Deno.readTextFileSync(victim), log);
  assertEquals(
    Deno.readTextFileSync(at("metrics.jsonl")),
    log + '{"step":2}\n',
  );
});

Deno.test("commands on a received run write where the user says, not where it says", async (t) => {
  using work = workshop();
  const home = work.at("home"), trap = work.at("trap");
  const env = homeAt(home);
  const run = work.at("run"), config = join(run, "config.yaml");
  const { err } = await succeeds(
    ["train", ...work.tiny("run", "train.max_steps=4")],
    { env },
  );
  assert(!err.includes("note:"), err);
  const text = Deno.readTextFileSync(config);
  const edit = (...pairs: [string, string][]) =>
    Deno.writeTextFileSync(
      config,
      pairs.reduce((text, [from, to]) => {
        assert(text.includes(from), from);
        return text.replace(from, to);
      }, text),
    );
  Deno.mkdirSync(trap);
  Deno.writeTextFileSync(join(trap, "CACHEDIR.TAG"), "Signature: 8a477f59");
  const before = filesBelow(trap);

  await t.step("a cache that is not marked is not used", async () => {
    edit([`cache: ${work.at("cache")}`, `cache: ${trap}`], [
      "max_steps: 4",
      "max_steps: 5",
    ], [`run: ${run}`, `run: ${work.at("elsewhere")}`]);
    for (
      const words of [["eval", run], ["generate", run, "--tokens=1"]].concat([[
        "train",
        "--resume",
        run,
      ]])
    ) {
      const { err } = await succeeds(words, { env });
      assert(
        err.includes(
          `note: the run's data.cache, '${trap}', is not marked as a cache that blocksmith made for you: using '${home}/.cache/blocksmith'; data.cache=<folder> names another\n`,
        ),
        err,
      );
    }
    assertEquals(filesBelow(trap), before);
    assert(isThere(join(home, ".cache/blocksmith/stores")));
    assertEquals(checkpoints(run).at(-1), "step-000005");
    assert(!isThere(work.at("elsewhere")));
  });

  await t.step("the command line names another", async () => {
    for (
      const words of [
        ["eval", run, `data.cache=${work.at("c1")}`],
        ["generate", run, "--tokens=1", "--cache", work.at("c2")],
        ["train", "--resume", run, `data.cache=${work.at("c3")}`],
      ]
    ) {
      const { err } = await succeeds(words, { env });
      assert(!err.includes("note:"), err);
    }
    assert(isThere(work.at("c1", "stores")));
    assert(isThere(work.at("c3", "stores")));
    // Bytes need no files: only kernels that were timed would be remembered.
    assertEquals(filesBelow(trap), before);
    await fails(
      ["train", "--resume", run, "data.cache=x", "train.max_steps=9"],
      /Cannot change 'train\.max_steps=9' of a run that is resumed/,
      { env },
    );
  });

  await t.step("its own, which this user made, stays in use", async () => {
    edit();
    const { err } = await succeeds(["eval", run], { env });
    assert(!err.includes("note:") && !err.includes("tokenizing"), err);
  });

  await t.step("a pipe ends every command with one line", async () => {
    const metrics = join(run, "metrics.jsonl");
    Deno.removeSync(metrics);
    mkfifo(metrics);
    for (
      const words of [["eval"], ["generate"], ["train", "--resume"], ["report"]]
    ) {
      await fails(
        [...words, run],
        /metrics\.jsonl' as 'metrics\.jsonl' must be a plain file: got a pipe; put a file in its place$/,
        { env },
      );
    }
  });
});
