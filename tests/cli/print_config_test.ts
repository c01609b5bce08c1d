import { assert, assertEquals, assertMatch } from "@std/assert";
import { isThere, succeeds, workshop } from "../helpers/cli.ts";

Deno.test("train --print-config prints what the run writes, and reads it back", async () => {
  using work = workshop();
  const words = ["train", ...work.tiny("run"), "model=op", "num_token_mult=2"];
  const { out, err } = await succeeds([...words, "--print-config"]);
  assertEquals(err, "");
  assert(!isThere(work.at("run")));
  assert(!isThere(work.at("cache")));

  Deno.mkdirSync(work.at("own"));
  Deno.writeTextFileSync(work.at("own", "config.yaml"), out);
  const read = ["train", "--config-dir", work.at("own")];
  assertEquals((await succeeds([...read, "--print-config"])).out, out);
  const seeded = await succeeds([...read, "seed=3", "--print-config"]);
  assertEquals(seeded.out, out.replace("seed: 0", "seed: 3"));

  const { err: said } = await succeeds([...read, "train.max_steps=2"]);
  assertMatch(
    said,
    /^model: default, 1 layer of width 32 \(by the files of --config-dir\)\n/,
  );
  const expected = out.replace("max_steps: 20", "max_steps: 2");
  assertEquals(Deno.readTextFileSync(work.at("run", "config.yaml")), expected);
  const resumed = ["train", "--resume", work.at("run"), "--print-config"];
  assertEquals((await succeeds(resumed)).out, expected);
});

Deno.test("train without a choice of model or data is the demo", async () => {
  const demo = await succeeds(["train", "experiment=demo", "--print-config"]);
  const bare = await succeeds(["train", "--print-config"]);
  assertEquals(bare.out, demo.out);
  const rate = "train.learning_rate=0.5";
  const changed = await succeeds(["train", rate, "--print-config"]);
  assertEquals(
    changed.out,
    demo.out.replace("learning_rate: 0.002", "learning_rate: 0.5"),
  );
  const threads = ["--workers", "2", "--skip-bad", "++data.cache=/x"];
  const how = await succeeds(["train", ...threads, "--print-config"]);
  assertEquals(
    how.out,
    demo.out.replace("workers: null", "workers: 2")
      .replace("skip_bad: false", "skip_bad: true")
      .replace("cache: null", "cache: /x"),
  );
  assertEquals(how.err, "");
  const deeper = await succeeds(["train", "model.n_layer=3", "--print-config"]);
  assertEquals(
    deeper.err,
    "model: default, 3 layers of width 768 (chosen by 'model.n_layer=3'; this is no longer the demo: add experiment=demo to change the demo's)\n",
  );
  // Once a model is chosen, its sizes apply.
  const chosen = await succeeds(["train", "model=op", "--print-config"]);
  assert(chosen.out.includes("\n  n_embd: 768\n"), chosen.out);
});
