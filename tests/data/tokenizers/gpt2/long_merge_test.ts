import { assertEquals } from "@std/assert";
import {
  mergeLongWord,
  type Merges,
} from "../../../../src/data/tokenizers/gpt2/long_merge.ts";
import { mergeShortWord } from "../../../../src/data/tokenizers/gpt2/pair_table.ts";

/**
 * Random merges over `letters` base tokens: the merge of rank r produces token
 * letters + r.
 */
function randomMerges(
  letters: number,
  count: number,
  next: () => number,
): Merges {
  const ranks = new Map<string, number>();
  for (let rank = 0; rank < count; rank++) {
    const pick = () => Math.floor(next() * (letters + rank));
    const pair = `${pick()} ${pick()}`;
    if (!ranks.has(pair)) ranks.set(pair, rank);
  }
  return {
    rankOf: (a, b) => ranks.get(`${a} ${b}`) ?? -1,
    mergedId: (rank) => letters + rank,
  };
}

Deno.test("mergeLongWord() equals mergeShortWord()", () => {
  let seed = 7;
  const next = () =>
    (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  let merged = 0;
  for (let trial = 0; trial < 400; trial++) {
    const letters = 1 + Math.floor(next() * 4);
    const merges = randomMerges(letters, 30, next);
    const word = Uint32Array.from(
      { length: Math.floor(next() * 120) },
      () => Math.floor(next() * letters),
    );
    const expected = mergeShortWord(word.slice(), merges);
    assertEquals(mergeLongWord(word, merges), expected, `trial ${trial}`);
    merged += word.length - expected.length;
  }
  assertEquals(merged > 1000, true, "the merges drawn do merge");
});

Deno.test("mergeLongWord() merges the leftmost of overlapping pairs", () => {
  const pairs: Merges = {
    rankOf: (a, b) => a === 0 && b === 0 ? 0 : -1,
    mergedId: () => 1,
  };
  assertEquals([...mergeLongWord(new Uint32Array(5), pairs)], [1, 1, 0]);
  assertEquals([...mergeLongWord(new Uint32Array(1), pairs)], [0]);
  assertEquals([...mergeLongWord(new Uint32Array(0), pairs)], []);
});
