/** One run and one corpus, met from several folders and under several names. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fromYaml } from "../../src/config/mod.ts";
import { openData } from "../../src/train/open_data.ts";
import {
  checkpoints,
  fails,
  hashes,
  homeAt,
  isThere,
  type StartOptions,
  succeeds,
  type Workshop,
  workshop,
} from "../helpers/cli.ts";
import { filesBelow, SMALL, toldOf } from "../helpers/cli_data.ts";
import {
  composeTokenizerJson,
  readFixtures,
} from "../helpers/data/tokenizer_fixtures.ts";

const SHORT = ["train.max_steps=4", "train.save_steps=4"];

/** Lets the run go on for four steps more. */
function prolong(run: string): void {
  const path = join(run, "config.yaml");
  const text = Deno.readTextFileSync(path);
  const longer = text.replace("max_steps: 4\n", "max_steps: 8\n");
  Deno.writeTextFileSync(path, longer);
}

/**
 * Begins a run in the workshop's folder; resumes and evaluates it from another.
 *
 * @param compare also resumes a copy where the run was begun: to the same bytes
 */
async function resumesElsewhere(
  work: Workshop,
  words: readonly string[],
  { compare = false, ...begin }: StartOptions & { compare?: boolean } = {},
): Promise<void> {
  const run = work.at("here"), copy = work.at("copy");
  const elsewhere = { cwd: work.at("elsewhere") };
  Deno.mkdirSync(elsewhere.cwd);
  await succeeds(["train", ...words, `run=${run}`], {
    cwd: work.path,
    ...begin,
  });
  prolong(run);
  if (compare) {
    await new Deno.Command("cp", { args: ["-r", run, copy] }).output();
    await succeeds(["train", "--resume", copy], { cwd: work.path });
  }
  const { err } = await succeeds(["train", "--resume", "../here"], elsewhere);
  assert(!/^tokenizing/m.test(err), err);
  assertEquals(checkpoints(run), ["step-000004", "step-000008"]);
  if (compare) {
    assertEquals(hashes(run, "step-000008"), hashes(copy, "step-000008"));
  }
  const step = "../here/checkpoints/step-000004";
  const ended = await succeeds(["eval", step], elsewhere);
  assert(!/note|tokenizing/.test(ended.err), ended.err);
  for (const path of [elsewhere.cwd, run]) {
    Deno.removeSync(path, { recursive: true });
  }
}

Deno.test("a run resumes and is evaluated from any folder, however its data were named", async (t) => {
  using work = workshop();
  const tiny = work.tiny("unused", ...SHORT)
    .filter((word) => !/^(data\.files|data\.cache|run)=/.test(word));
  Deno.mkdirSync(work.at("conf", "experiment"), { recursive: true });
  Deno.writeTextFileSync(
    work.at("conf", "experiment", "mine.yaml"),
    "data:\n  name: files\n  files: [../../text]\n  cache: ../../cache\n",
  );
  Deno.writeTextFileSync(
    work.at("tok.json"),
    JSON.stringify(composeTokenizerJson(readFixtures(), "gpt2")),
  );
  const lines = [...Deno.readDirSync(work.at("text"))].map(({ name }) =>
    JSON.stringify({ text: Deno.readTextFileSync(work.at("text", name)) })
  ).join("\n");
  const files = (...names: string[]) => [
    ...tiny,
    "data.cache=cache",
    `data.files=[${names}]`,
  ];
  await t.step(
    "a folder, relative",
    () => resumesElsewhere(work, files("text"), { compare: true }),
  );
  await t.step("globs, and held-out files", () =>
    resumesElsewhere(work, [
      ...files("./text/[2-9].*", "conf/../text/1*"),
      "data.valid_files=[text/0.txt]",
    ]));
  await t.step("standard input", () =>
    resumesElsewhere(work, files("-"), {
      input: new TextEncoder().encode(lines),
    }));
  await t.step(
    "a file of --config-dir, and a tokenizer's file",
    () =>
      resumesElsewhere(work, [
        "--config-dir=conf",
        "experiment=mine",
        ...tiny,
        "data.tokenizer=tok.json",
      ]),
  );
  await t.step("a folder of fairseq's", async () => {
    await succeeds(
      ["prepare", ...SMALL, "data.files=[text]", "data.cache=cache"]
        .concat("data.tokenizer=byte", "--fairseq", "bin"),
      { cwd: work.path },
    );
    await resumesElsewhere(work, [
      ...tiny,
      "data.path=bin",
      "data.cache=cache",
    ]);
  });
});

Deno.test("one corpus is prepared once, however and wherever it is named", async () => {
  using work = workshop();
  Deno.symlinkSync(work.at("text"), work.at("link"));
  Deno.mkdirSync(work.at("a[1]{x}", "deep"), { recursive: true });
  const stores = new Set<string>();
  const prepare = async (cwd: string, ...files: string[]) => {
    const { out } = await succeeds(
      ["prepare", ...SMALL, "data.tokenizer=byte"]
        .concat(`data.cache=${work.at("cache")}`, `data.files=[${files}]`),
      { cwd },
    );
    stores.add(toldOf(out).dir);
  };
  await prepare(work.path, "text");
  await prepare("/", work.at("text"));
  await prepare(work.at("text"), ".");
  await prepare(work.at("text"), "*.txt");
  await prepare(work.at("a[1]{x}", "deep"), "../../text/**");
  await prepare(work.at("a[1]{x}"), "../link");
  // The brackets of the folder are no pattern.
  for (const name of ["1.txt", "2.txt"]) {
    Deno.copyFileSync(work.at("text", name), work.at("a[1]{x}", "deep", name));
  }
  await prepare(work.at("a[1]{x}"), "../text/[03-9].txt", "deep/*.txt");
  assertEquals(stores.size, 2);
  const json = [...stores].map((dir) =>
    Deno.readTextFileSync(join(dir, "store.json"))
  );
  for (const text of json) assert(!text.includes(work.path), text);
});

Deno.test("'~' is the home folder in overrides, flags and files", async () => {
  using work = workshop();
  const env = homeAt(work.path);
  const options = { cwd: work.at("text"), env };
  const run = (...words: string[]) => succeeds(words, options);
  Deno.mkdirSync(work.at("conf", "experiment"), { recursive: true });
  Deno.writeTextFileSync(
    work.at("conf", "experiment", "mine.yaml"),
    "data:\n  name: files\n  files: [~/text/**/*.txt]\n  cache: ~/cache\n",
  );
  const tiny = work.tiny("run", ...SHORT)
    .filter((word) => !/^(data\.files|data\.cache|run)=/.test(word));
  await run(
    ...["train", "--config-dir=~/conf", "experiment=mine", ...tiny, "run=~/r"],
  );
  assert(isThere(work.at("r", "checkpoints")));
  prolong(work.at("r"));
  await run("train", "--resume=~/r");
  assertMatch((await run("eval", "~/r", "~/text/1*")).out, /^step 8 {2}files/);
  await run("report", "~/r", "--out=~/page.html");
  assert(isThere(work.at("page.html")));
  await run(
    ...["prepare", "data.files=[~/text]", "data.cache=~/cache", ...SMALL],
    ...["data.tokenizer=byte", "--fairseq=~/bin"],
  );
  assert(isThere(work.at("bin", "dict.txt")));
  const { out } = await run("train", "data.path=~/bin", "--print-config");
  assertMatch(out, new RegExp(`^ {2}path: ${work.at("bin")}$`, "m"));
  assertEquals(filesBelow(work.at("text")).length, 10);
  await fails(
    ["train", ...tiny, "run=~nobody-here/r"],
    /no user 'nobody-here' on this machine: .*'\.\/~nobody-here\/r'.*\(on the command line\)$/,
    options,
  );
});

Deno.test("a run whose corpus was moved says where it is named", async () => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("run", ...SHORT)]);
  prolong(work.at("run"));
  Deno.renameSync(work.at("text"), work.at("moved"));
  for (const words of [["train", "--resume"], ["eval"]]) {
    await fails(
      [...words, "run"],
      /'data\.files' finds no file: got 'text' \(run\/config\.yaml names it: if it was moved, change the path there\)$/,
      { cwd: work.path },
    );
  }
  const path = work.at("run", "config.yaml");
  const text = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(
    path,
    text.replace(work.at("text"), work.at("moved")),
  );
  const { err } = await succeeds(["train", "--resume", work.at("run")]);
  assert(!err.includes("tokenizing"), err);
});

Deno.test("a run of version 0.1.0 resumes and is evaluated where it was begun, to the same bytes", async () => {
  using work = workshop();
  const run = work.at("run"), old = work.at("old");
  await succeeds(["train", ...work.tiny("run", ...SHORT)]);
  prolong(run);
  await new Deno.Command("cp", { args: ["-r", run, old] }).output();
  // What that version recorded: the names of files are part of it.
  const config = fromYaml(Deno.readTextFileSync(join(old, "config.yaml")), "");
  const { fingerprint, stores } = await openData(config, { recorded: "" });
  for (const path of ["run.json", "checkpoints/step-000004/state.json"]) {
    const text = Deno.readTextFileSync(join(old, path));
    assertMatch(text, /"contents:\w{64}"/);
    Deno.writeTextFileSync(
      join(old, path),
      text.replace(/contents:\w{64}/, fingerprint),
    );
  }
  const resumed = await succeeds(["train", "--resume", old]);
  assert(!resumed.err.includes("tokenizing"), resumed.err);
  assert(isThere(stores[0].dir));
  await succeeds(["train", "--resume", run]);
  const { "state.json": _, ...one } = hashes(run, "step-000008");
  const { "state.json": __, ...other } = hashes(old, "step-000008");
  assertEquals(other, one);
  const { err } = await succeeds(["eval", old]);
  assert(!err.includes("note"), err);
  Deno.writeTextFileSync(work.at("text", "3.txt"), "other ".repeat(30));
  await fails(
    ["train", "--resume", old],
    /text or tokenizer have changed since; start a new run, or resume this old one in the folder where it was begun$/,
  );
  const file = join(old, "config.yaml");
  const relative = Deno.readTextFileSync(file)
    .replace(work.at("text"), "no/such/text");
  Deno.writeTextFileSync(file, relative);
  await fails(
    ["eval", old],
    /change the path there; paths of this old run start in the folder where it was begun\)$/,
  );
});
