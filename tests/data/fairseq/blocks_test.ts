import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "node:path";
import { openFairseqSplit } from "../../../src/data/fairseq/blocks.ts";
import { IGNORE } from "../../../src/data/store/token_store.ts";
import {
  FIXTURE,
  userErrorMessage,
  withTempFolder,
  writeSubset,
} from "../../helpers/data/fairseq_folder.ts";

const toRef = (paths: string[], sequenceLength: number, vocabSize = 30) => ({
  paths,
  sequenceLength,
  vocabSize,
  pad: 1,
  eos: 2,
});

Deno.test("openFairseqSplit() returns the inputs and targets of fairseq's samples", () => {
  const folder = join(FIXTURE, "blocks");
  const expected = new Map<string, string[]>();
  for (
    const line of Deno.readTextFileSync(join(folder, "expected.txt"))
      .trimEnd().split("\n")
  ) {
    const [, key, sample] = line.match(/^(.*?): (.*)$/)!;
    expected.set(key, [...expected.get(key) ?? [], sample]);
  }
  assertEquals(expected.size, 18);
  for (const [key, samples] of expected) {
    const [subsets, length] = key.split(" ");
    const T = Number(length);
    const paths = subsets.split("+").map((name) => join(folder, name));
    const split = openFairseqSplit(toRef(paths, T));
    assertEquals(split.sequences, samples.length, key);
    assertEquals(split.ownTargets, true);
    // In any order: no data of another block may remain.
    for (const index of samples.map((_, i) => i * 7 % samples.length)) {
      const inputs = new Uint32Array(T + 3).fill(77);
      const targets = new Uint32Array(T + 3).fill(77);
      split.read(index, inputs, 2, targets);
      assertEquals([inputs[1], inputs[T + 2]], [77, 77]);
      assertEquals([targets[1], targets[T + 2]], [77, 77]);
      const shown = Array.from(
        targets.subarray(2, T + 2),
        (id) => id === IGNORE ? "-" : `${id}`,
      );
      const got = `${inputs.subarray(2, T + 2).join(" ")}: ${shown.join(" ")}`;
      assertEquals(got, samples[index], `${key}, block ${index}`);
    }
    split.close();
  }
});

Deno.test("FairseqSplit.read() rejects missing blocks and short arrays", () => {
  const split = openFairseqSplit(toRef([join(FIXTURE, "blocks", "valid")], 8));
  assertEquals([split.tokens, split.sentences, split.sequences], [21, 9, 3]);
  const into = new Uint32Array(16);
  for (const index of [-1, 3, 0.5, NaN]) {
    assertThrows(() => split.read(index, into, 0), RangeError, "block");
  }
  assertThrows(
    () => split.read(0, into, 9),
    RangeError,
    "8 tokens to position 9 of 16",
  );
  assertThrows(() => split.read(0, into, -1), RangeError);
  assertThrows(
    () => split.read(0, into, 8, new Uint32Array(15)),
    RangeError,
  );
  split.read(0, into, 8);
  assertEquals([...into.subarray(8)], [2, 4, 5, 6, 2, 2, 7, 8]);
  split.close();
});

Deno.test("FairseqSplit.read() rejects an id outside the vocabulary", () => {
  const ref = toRef([join(FIXTURE, "blocks", "valid")], 4, 14);
  const split = openFairseqSplit(ref);
  const into = new Uint32Array(4);
  split.read(0, into, 0);
  assertMatch(
    userErrorMessage(() => split.read(3, into, 0)),
    /^Cannot use '.*valid\.bin' as its token 15 is 14, but the largest id is 13: the dictionary does not match/,
  );
  split.close();
});

Deno.test("openFairseqSplit() joins parts, also empty ones", async () => {
  await withTempFolder((dir) => {
    writeSubset(dir, "a", []);
    writeSubset(dir, "b", [[4, 2]]);
    writeSubset(dir, "c", [[], []]);
    writeSubset(dir, "d", [[5, 6, 2]]);
    const paths = ["a", "b", "c", "d"].map((name) => join(dir, name));
    const split = openFairseqSplit(toRef(paths, 4));
    const inputs = new Uint32Array(8);
    split.read(0, inputs, 0);
    split.read(1, inputs, 4);
    assertEquals([...inputs], [2, 4, 2, 5, 6, 1, 1, 1]);
    split.close();
    const none = openFairseqSplit(toRef(paths.slice(0, 1), 4));
    assertEquals([none.sequences, none.tokens], [0, 0]);
    none.close();
  });
});
