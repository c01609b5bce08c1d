/** The bundle: it starts its threads from its single module. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { bundle } from "../../../scripts/bundle.ts";
import { metrics, succeeds, workshop } from "../../helpers/cli.ts";
import {
  gzip,
  jsonLines,
  SMALL,
  STEPS,
  texts,
  toldOf,
} from "../../helpers/cli_data.ts";
import { assertSameStore } from "../../helpers/data/sources.ts";

Deno.test("the bundle prepares with threads, trains and evaluates from an empty folder", async () => {
  using work = workshop();
  Deno.mkdirSync(work.at("empty"));
  Deno.mkdirSync(work.at("app"));
  const app = await bundle(work.at("app/blocksmith.js"));
  const alone = ["--no-config", "--no-lock", "--no-remote", "--no-npm"];
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...alone, app, ...args],
      cwd: work.at("empty"),
      env: { NO_COLOR: "1" },
    }).output();
    const [out, err] = [stdout, stderr].map((b) => new TextDecoder().decode(b));
    assertEquals(code, 0, err);
    return { out, err };
  };

  // Several units of work, so that each thread gets some.
  const documents = texts(400, "bundle").map((text) => text.repeat(200));
  const file = work.at("a.jsonl.gz");
  Deno.writeFileSync(file, gzip(jsonLines(documents)));
  const data = [
    ...["data=files", "data.tokenizer=gpt2", `data.files=[${file}]`],
    `data.cache=${work.at("cache")}`,
    ...SMALL,
  ];
  const told = toldOf((await run("prepare", ...data, "--workers", "2")).out);
  assertEquals(told.splits.train.documents, 360);
  assertEquals(told.splits.valid.documents, 40);
  const others = data.toSpliced(3, 1, `data.cache=${work.at("other")}`);
  const { out: checkout } = await succeeds(["prepare", ...others]);
  assertSameStore(told.dir, toldOf(checkout).dir);

  // The byte tokenizer gives a small model, whose kernels are tuned first.
  const bytes = [...data, "data.tokenizer=byte"];
  await run("train", ...bytes, ...STEPS, "train.max_steps=2", "run=run");
  const losses = metrics(work.at("empty/run")).map(({ loss }) => loss)
    .filter((loss) => loss !== undefined);
  assertEquals(losses.length, 2);
  assert(losses.every(Number.isFinite), losses.join());
  const { out } = await run("eval", "run", "--batches", "1");
  assertMatch(out, /^step 2 +valid +loss \d+\.\d{4} /);
});
