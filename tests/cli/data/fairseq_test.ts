import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  fails,
  hashes,
  metrics,
  succeeds,
  workshop,
} from "../../helpers/cli.ts";
import { SMALL, texts } from "../../helpers/cli_data.ts";
import {
  writeDictionary,
  writeSubset,
} from "../../helpers/data/fairseq_folder.ts";

const EOS = 2, SPECIALS = 4;
const WORDS = "the of loss rate step model data text token train".split(" ");

/** `count` sentences of a dictionary's words, each with `</s>` at the end. */
function sentences(count: number, seed: number): number[][] {
  let state = seed;
  const next = (below: number) => (state = state * 48271 % 2147483647) % below;
  return Array.from({ length: count }, () => [
    ...Array.from(
      { length: 3 + next(9) },
      () => SPECIALS + next(WORDS.length),
    ),
    EOS,
  ]);
}

const TINY = `model=transformer_lm_gpt --decoder-layers 1 --decoder-embed-dim 32
  --decoder-ffn-embed-dim 64 --decoder-attention-heads 2 --tokens-per-sample 16
  --batch-size 4 --warmup-updates 2 --max-update 6 --save-interval-updates 3 --log-interval 1
  --validate-interval-updates 6 train=fairseq`.split(/\s+/);

Deno.test("data=fairseq trains on a binarized folder, resumes, evaluates and samples", async () => {
  using work = workshop();
  const folder = work.at("bin"), run = work.at("run");
  Deno.mkdirSync(folder);
  writeDictionary(folder, WORDS);
  const subsets = {
    train: sentences(60, 1),
    valid: sentences(10, 2),
    valid1: sentences(7, 3),
    test: sentences(5, 4),
  };
  for (const [name, of] of Object.entries(subsets)) {
    writeSubset(folder, name, of);
  }
  const count = (...names: (keyof typeof subsets)[]) =>
    names.reduce((sum, name) => sum + subsets[name].flat().length, 0);
  const data = ["data=fairseq", `data.path=${folder}`, "data.bpe=null"];
  await succeeds([
    ...["train", ...TINY, ...data, "--combine-val"],
    `run=${run}`,
  ]);
  const lines = metrics(run).filter((line) => "loss" in line);
  assertEquals(lines.length, 6);
  // Updates of 2 · 4 blocks; what is left of the epoch is an update of its own.
  const blocks = Math.ceil(count("train") / 16), epoch = Math.ceil(blocks / 8);
  assert(epoch > 3 && epoch < 6 && blocks % 8 !== 0, `${blocks} blocks`);
  assertEquals(
    lines.map(({ tokens }) => tokens / 16),
    [1, 2, 3, 4, 5, 6].map((step) =>
      step < epoch ? 8 * step : blocks + 8 * (step - epoch)
    ),
  );
  const yaml = Deno.readTextFileSync(join(run, "config.yaml"));
  assertMatch(yaml, /^ {2}padding_idx: 1$/m);

  const last = hashes(run, "step-000006");
  assert("dict.txt" in last, Object.keys(last).join());
  await succeeds(["train", "--resume", `${run}/checkpoints/step-000003`]);
  assertEquals(hashes(run, "step-000006"), last);

  // All tokens of a subset count, including the rest in the last block.
  const evaluated = async (...more: string[]) =>
    (await succeeds(["eval", run, "--batches", "0", ...more])).out;
  const [valid, test, train] = await Promise.all([
    evaluated(),
    evaluated("--split", "test"),
    evaluated("--split", "train"),
  ]);
  const tokens = (out: string) => Number(/ (\d+) tokens$/m.exec(out)?.[1]);
  assertEquals(tokens(valid), count("valid", "valid1"));
  assertEquals(tokens(test), count("test"));
  assertEquals(tokens(train), count("train"));
  await fails(
    ["eval", run, "--split", "tset"],
    /Cannot find '.*bin\/tset\.idx': a subset has an index/,
  );

  const prompted = ["generate", run, "--prompt", "the loss of", "--tokens=5"];
  const { out } = await succeeds(prompted);
  assert(out.startsWith("the loss of"), out);
  for (const word of out.trim().split(/\s+/)) {
    assert([...WORDS, "<unk>", "<pad>"].includes(word), out);
  }

  // With another dictionary, every id has another meaning.
  writeDictionary(folder, [WORDS[1], WORDS[0], ...WORDS.slice(2)]);
  const other =
    /Cannot use '.*step-000006' as the data's dictionary must be the one that the checkpoint was trained with: got 14 ids .* for 14 .*; prepare the data with the dictionary in the checkpoint's folder$/;
  await Promise.all([
    fails(["eval", run], other),
    fails(["eval", run, "--split", "test"], other),
    fails(["train", "--resume", run], other),
  ]);
  assertEquals((await succeeds(prompted)).out, out);
  // Weights alone have their dictionary beside them.
  const loose = work.at("model.safetensors");
  Deno.copyFileSync(`${run}/checkpoints/step-000006/model.safetensors`, loose);
  const alone = ["generate", loose, `--config=${run}/config.yaml`];
  Deno.renameSync(join(folder, "dict.txt"), work.at("other.txt"));
  await fails(alone, /Cannot use the weights in '.*' as 'dict.txt' must be/);
  Deno.copyFileSync(
    `${run}/checkpoints/step-000006/dict.txt`,
    work.at("dict.txt"),
  );
  assertEquals(
    (await succeeds([...alone, "--prompt", "the loss of", "--tokens=5"])).out,
    out,
  );
  writeDictionary(folder, WORDS.slice(0, 5));
  await fails(
    ["eval", run],
    /data's dictionary must be the one .*: got 9 ids of .* for 14 of /,
  );
});

Deno.test("a whole command of fairseq-train runs: one line names the flags without effect, another the refused ones", async () => {
  using work = workshop();
  const folder = work.at("bin"), run = work.at("run");
  Deno.mkdirSync(folder);
  writeDictionary(folder, WORDS);
  writeSubset(folder, "train", sentences(20, 1));
  writeSubset(folder, "valid", sentences(5, 2));
  const command =
    `${folder} --combine-val --train-subset train --num-workers 2 --no-epoch-checkpoints
    --ddp-backend fully_sharded --memory-efficient-fp16 --checkpoint-activations
    --arch transformer_lm_gpt --share-decoder-input-output-embed --task language_modeling
    --sample-break-mode none --tokens-per-sample 16 --optimizer adam --clip-norm 0.0
    --lr-scheduler polynomial_decay --batch-size 4 --update-freq 1 --max-update 3
    --lr 1e-3 --distributed-world-size 2 --decoder-layers 1 --decoder-embed-dim 32
    --decoder-ffn-embed-dim 64 --decoder-attention-heads 2 --log-interval 1
    --save-dir ${run}`.split(/\s+/);
  const betas = ["--adam-betas", "(0.9, 0.98)", "--bpe", "null"];
  const { err } = await succeeds(["train", ...command, ...betas]);
  assertMatch(
    err,
    /^note: without effect on the numbers here: --num-workers, --no-epoch-checkpoints, --ddp-backend; --distributed-world-size 2 multiplies --update-freq: train\.gradient_accumulation_steps is 2$/m,
  );
  // Losses in nats, and in fairseq's unit.
  const first = metrics(run).find((line) => "loss" in line)!.loss;
  const bits = (first / Math.LN2).toFixed(3);
  assertMatch(
    err,
    new RegExp(
      `^step 1/3 {2}loss \\d\\.\\d+ nats \\(fairseq prints ${bits}\\) {2}ppl [\\d.]+ `,
      "m",
    ),
  );
  assertMatch(
    err,
    /^done: 3 steps, validation loss [\d.]+ nats per token \(fairseq prints [\d.]+\), perplexity/m,
  );
  await fails(
    [
      ...["train", "--encoder-layers", "6", ...command, "--sentence-avg"],
      ...["--user-dir", "x", "--new-thing"],
    ],
    /^blocksmith: Cannot take over this command as .*: got --encoder-layers 6 \(not known here\), --sentence-avg, --user-dir x, --new-thing \(not known here\)$/,
  );
});

/**
 * The sentences of a subset in fairseq's format: 4-byte lengths and 8-byte
 * offsets after a header of 26 bytes.
 */
function read(folder: string, name: string): number[][] {
  const idx = Deno.readFileSync(join(folder, `${name}.idx`));
  const bin = Deno.readFileSync(join(folder, `${name}.bin`));
  const view = new DataView(idx.buffer);
  assertEquals(new TextDecoder().decode(idx.subarray(0, 9)), "MMIDIDX\0\0");
  assertEquals(view.getBigUint64(9, true), 1n);
  // uint16 has code 8.
  assertEquals(view.getUint8(17), 8);
  const n = Number(view.getBigUint64(18, true));
  assertEquals(idx.length, 26 + 12 * n);
  const all = new DataView(bin.buffer);
  return Array.from({ length: n }, (_, i) => {
    const length = view.getInt32(26 + 4 * i, true);
    const at = Number(view.getBigInt64(26 + 4 * n + 8 * i, true));
    return Array.from(
      { length },
      (_, k) => all.getUint16(at + 2 * k, true),
    );
  });
}

Deno.test("prepare --fairseq writes a folder that is trained on as it was read", async () => {
  using work = workshop();
  const folder = work.at("bin");
  const documents = texts(20, "fold"), held = texts(4, "held");
  const lines = (texts: string[]) =>
    texts.map((text) => JSON.stringify({ text }) + "\n").join("");
  Deno.writeTextFileSync(work.at("a.jsonl"), lines(documents));
  Deno.writeTextFileSync(work.at("b.jsonl"), lines(held));
  const words = [
    "prepare",
    `data.files=[${work.at("a.jsonl")}]`,
    `data.valid_files=[${work.at("b.jsonl")}]`,
    "data.tokenizer=byte",
    ...SMALL,
    `data.cache=${work.at("cache")}`,
  ];
  const { out } = await succeeds([...words, "--fairseq", folder]);
  const ids = (text: string) => [
    ...[...new TextEncoder().encode(text)].map((byte) => byte + SPECIALS),
    EOS,
  ];
  assertEquals(read(folder, "train"), documents.map(ids));
  assertEquals(read(folder, "valid"), held.map(ids));
  const dict = Deno.readTextFileSync(join(folder, "dict.txt")).split("\n");
  const bytes = new TextEncoder().encode(documents.join(""));
  assertEquals(
    dict.slice(0, 256),
    Array.from(
      { length: 256 },
      (_, byte) => `${byte} ${bytes.filter((b) => b === byte).length}`,
    ),
  );
  const total = documents.flatMap(ids).length;
  assertMatch(
    out,
    new RegExp(`^made ${folder}\ntext .*\ntrain +20 documents .* `),
  );
  assertMatch(out, /^valid +4 documents /m);

  // Found again; another text does not overwrite it.
  const again = await succeeds([...words, "--fairseq", folder]);
  assertEquals(again.out, out.replace("made ", "found "));
  await fails(
    [...words, "data.dedup=true", "--fairseq", folder],
    /Cannot write to '.*bin' as it is not empty: name a new folder$/,
  );

  const data = ["data=fairseq", `data.path=${folder}`, "data.bpe=byte"];
  const told = await succeeds(["prepare", ...TINY, ...data]);
  const heldTotal = held.flatMap(ids).length;
  assertEquals(
    told.out,
    `${folder} is prepared: ${Math.ceil(total / 16)} blocks to train on, ${
      Math.ceil(heldTotal / 16)
    } to validate on, ${256 + SPECIALS} symbols\n`,
  );
  const run = work.at("run");
  await succeeds(["train", ...TINY, ...data, `run=${run}`]);
  const sampled = await succeeds(["generate", run, "--prompt", "é fold"]);
  assert(sampled.out.startsWith("é fold"), sampled.out);
});
