import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { loadTokenizer } from "../../../src/data/tokenizers/load_tokenizer.ts";
import {
  fails,
  hashes,
  metrics,
  succeeds,
  workshop,
} from "../../helpers/cli.ts";
import {
  filesBelow,
  SMALL,
  STEPS,
  tokensOf,
  toldOf,
} from "../../helpers/cli_data.ts";
import { courseHub } from "../../helpers/cli_hub.ts";

/**
 * python3 -c "import numpy as n;
 * print(sorted(n.random.default_rng(0).permutation(300)[:40].tolist()))"
 */
// deno-fmt-ignore
const CHOSEN = [
  0, 5, 31, 36, 39, 41, 47, 70, 75, 106, 107, 116, 119, 128, 132, 140, 148,
  149, 150, 155, 162, 168, 185, 195, 205, 206, 209, 210, 215, 218, 229, 233,
  255, 266, 272, 277, 282, 286, 291, 294,
];
/** The same of permutation(50)[:10]. */
const CHOSEN_VALID = [2, 3, 4, 18, 20, 23, 24, 26, 34, 36];

/** The sequences of documents, made with the tokenizer directly. */
async function chunksOf(json: string, texts: string[]): Promise<number[]> {
  const tokenizer = await loadTokenizer(json);
  return texts.flatMap((text) => {
    const ids = [...tokenizer.encode(text)];
    return ids.slice(0, ids.length - ids.length % 16);
  });
}

Deno.test("data=codeparrot trains from the Hub, and resumes, evaluates and samples without it", async () => {
  using work = workshop();
  const course = courseHub();
  const { env, commits } = course;
  const run = work.at("run");
  const data = [
    "data=codeparrot",
    "data.max_documents=40",
    "data.valid_max_documents=10",
    `data.cache=${work.at("cache")}`,
    ...SMALL,
  ];
  const words = [
    ...data,
    ...STEPS,
    "train.max_steps=6",
    "train.save_steps=3",
    `run=${run}`,
  ];
  try {
    const { err } = await succeeds(["train", ...words], { env });
    assertMatch(err, /^downloading /m);
    assertMatch(
      err,
      /^text +300 documents in 2 files, of which 260 are left out by data\.max_documents; held out, 50 documents in 1 file, of which 40 are left out by data\.valid_max_documents$/m,
    );
  } finally {
    await course[Symbol.asyncDispose]();
  }

  // The config pins the revision that was read.
  const yaml = Deno.readTextFileSync(work.at("run", "config.yaml"));
  const owner = "huggingface-course";
  for (
    const name of [
      `hf://datasets/${owner}/codeparrot-ds-train@${commits.train}`,
      `hf://datasets/${owner}/codeparrot-ds-valid@${commits.valid}`,
      `${owner}/code-search-net-tokenizer@${commits.tokenizer}`,
    ]
  ) assert(yaml.includes(name), yaml);
  const kept = join(run, "checkpoints/step-000006/tokenizer.json");
  assertEquals(Deno.readTextFileSync(kept), course.tokenizer);

  // The documents are those of the papers' code.
  const [store] = Deno.readDirSync(work.at("cache/stores"));
  const dir = work.at("cache/stores", store.name);
  const expected = (texts: string[], chosen: number[]) =>
    chunksOf(kept, chosen.map((i) => texts[i]));
  assertEquals(
    [...tokensOf(dir, "train")],
    await expected(course.train, CHOSEN),
  );
  assertEquals(
    [...tokensOf(dir, "valid")],
    await expected(course.valid, CHOSEN_VALID),
  );

  // The Hub is not reachable: nothing requests it.
  const last = hashes(run, "step-000006");
  const resumed = await succeeds(
    ["train", "--resume", `${run}/checkpoints/step-000003`],
    { env },
  );
  assert(!/the hub|download/.test(resumed.err), resumed.err);
  // The message uses the name that the user knows, though the file is the
  // checkpoint's.
  assert(
    resumed.err.includes(
      ` training tokens (${owner}/code-search-net-tokenizer@${commits.tokenizer}), `,
    ),
    resumed.err,
  );
  assertEquals(hashes(run, "step-000006"), last);
  const { loss } = metrics(run).filter((line) => "loss" in line).at(-1)!;
  assert(Number.isFinite(loss));
  const evaluated = await succeeds(["eval", run], { env });
  const labels = tokensOf(dir, "valid").length / 16 * 15;
  assertMatch(
    evaluated.out,
    new RegExp(`^step 6  valid  loss \\d\\.\\d{4} .* ${labels} tokens\n$`),
  );
  const sampled = await succeeds(
    ["generate", run, "--prompt", "def f(é🙂):\n    ", "--tokens", "8"],
    { env },
  );
  assert(sampled.out.startsWith("def f(é🙂):\n    "), sampled.out);
  assertMatch(sampled.err, /^(timing kernels .*\n)*$/);

  // A new run fails to reach the Hub, or does not try, and uses the cache.
  const offline = { ...env, HF_HUB_OFFLINE: "1" };
  const again = await succeeds(["prepare", ...data], { env: offline });
  assertEquals(toldOf(again.out).found, true);
  assertEquals(toldOf(again.out).dir, dir);
  assert(!again.err.includes("hub"), again.err);
  const asking = await succeeds(["prepare", ...data], { env });
  assertEquals(asking.out, again.out);
  assertMatch(asking.err, /^note: the Hub cannot be reached: using /m);

  // If even the tokenizer's downloads are gone, the checkpoint has a copy.
  Deno.removeSync(work.at("cache/hub"), { recursive: true });
  Deno.removeSync(work.at("cache/tokenizers"), { recursive: true });
  await succeeds(["generate", run, "--tokens", "2"], { env: offline });
  await fails(
    ["eval", run],
    /Cannot read hf:\/\/datasets\/.*codeparrot-ds-\w+@\S+ as HF_HUB_OFFLINE forbids requests to the Hub, and the cache does not have it: unset HF_HUB_OFFLINE once to fetch it$/,
    { env: offline },
  );
});

Deno.test("an unavailable Hub dataset gives a one-line error and leaves no partial files", async () => {
  using work = workshop();
  await using course = courseHub();
  const { hub, env } = course;
  const owner = "hf://datasets/huggingface-course";
  const words = (...more: string[]) => [
    "prepare",
    ...SMALL,
    `data.cache=${work.at("cache")}`,
    "data.text_field=content",
    "data.tokenizer=byte",
    ...more,
  ];
  const set = `data.files=[${owner}/codeparrot-ds-train]`;
  await Promise.all([
    fails(
      words(`data.files=[${owner}/none]`),
      /Cannot read hf:\/\/datasets\/huggingface-course\/none as .*responds with status 404: there is no such dataset, or it is private: set HF_TOKEN to a token with read access$/,
      { env },
    ),
    fails(
      words(`data.files=[${owner}/codeparrot-ds-train@v9]`),
      /the dataset has no revision 'v9'$/,
      { env },
    ),
    fails(
      words(set, "data.split=test"),
      /Cannot read the split 'test' of hf:.*codeparrot-ds-train@\w{40} as it has only train$/,
      { env },
    ),
    fails(
      words(`data.files=[${owner}/codeparrot-ds-train/data/*.parquet]`),
      /Cannot .*codeparrot-ds-train.*data\/\*\.parquet/,
      { env },
    ),
    fails(
      // A separate cache, as the others fill theirs at the same time.
      words(set, `data.cache=${work.at("empty")}`),
      /HF_HUB_OFFLINE forbids requests to the Hub, and the cache does not have it/,
      { env: { ...env, HF_HUB_OFFLINE: "1" } },
    ),
    fails(
      words(set.replace("hf://datasets", "hf://models")),
      /Cannot read "hf:\/\/models\/.*" as it must name a Hub dataset/,
      { env },
    ),
    fails(
      words("data.files=[text]", "data.tokenizer=huggingface-course/none"),
      /Cannot read hf:\/\/huggingface-course\/none as .*responds with status 404/,
      { env, cwd: work.path },
    ),
    fails(
      words(set, "data.text_field=code"),
      /Cannot read 'hf:\/\/datasets\/.*train-0\.json\.gz': line 1: no field 'code' \(it has: id, content\); --skip/,
      { env },
    ),
  ]);
  assertEquals(filesBelow(work.at("empty")), []);
  // The cache holds complete downloads only.
  assertEquals(
    filesBelow(work.at("cache")).filter((path) =>
      !/^hub\/(blobs|datasets|models)\/|^inspected\.jsonl$/.test(path)
    ),
    [],
  );
  // A file that the Hub does not serve leaves nothing behind, and a later try
  // succeeds.
  Deno.removeSync(work.at("cache"), { recursive: true });
  hub.fault = ({ store }) => store ? { status: 404 } : undefined;
  await fails(
    words(set),
    /Cannot .*train-\d\.json\.gz as .*responds with status 404/,
    {
      env,
    },
  );
  assertEquals(
    filesBelow(work.at("cache")).filter((path) => /gz$|stores/.test(path)),
    [],
  );
  hub.fault = () => undefined;
  const { out } = await succeeds(words(set), { env });
  assertEquals(toldOf(out).splits.train.documents, 270);
  assertEquals(filesBelow(work.at("cache/hub/parts")), []);
});

Deno.test("a file of the Hub that is named by itself and holds no text stops prepare", async () => {
  using work = workshop();
  await using course = courseHub();
  const commit = course.hub.push("datasets/some/notes", {
    "a.txt": "one text ".repeat(9),
    "b.txt": "another text ".repeat(9),
    "c.txt": "\0",
  });
  const words = (files: string) => [
    ...["prepare", ...SMALL, "data.tokenizer=byte"],
    `data.cache=${work.at("cache")}`,
    `data.files=[hf://datasets/some/notes/${files}]`,
  ];
  const { env } = course;
  const { out } = await succeeds(words("*.txt"), { env });
  assertEquals(toldOf(out).skipped, "1 binary file");
  await fails(
    words("c.txt"),
    new RegExp(`Cannot read 'hf://.*@${commit}/c\\.txt' as it is binary; `),
    { env },
  );
});
