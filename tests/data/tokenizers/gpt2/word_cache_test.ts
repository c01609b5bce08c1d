import { assert, assertEquals } from "@std/assert";
import { IdList } from "../../../../src/data/tokenizers/gpt2/id_list.ts";
import {
  MAX_CACHE_BYTES,
  MAX_CACHED_WORD_UNITS,
  WordCache,
} from "../../../../src/data/tokenizers/gpt2/word_cache.ts";

/** The cached ids of a word, or null. */
function idsOf(cache: WordCache, word: string): number[] | null {
  const out = new IdList();
  return cache.appendIds(word, out) ? [...out.take()] : null;
}

Deno.test("WordCache returns no, one and many ids", () => {
  const cache = new WordCache();
  const words: [string, number[]][] = [
    ["nothing", []],
    ["one", [0]],
    ["big", [2 ** 31 - 1]],
    ["bigger", [2 ** 32 - 1]],
    ["two", [7, 8]],
    ["a long word, longer than a slice", [1, 2, 3, 4, 5]],
    ["東京 ümlaut 😀😀😀😀", Array.from({ length: 200 }, (_, i) => i)],
  ];
  for (const [word, ids] of words) cache.add(word, Uint32Array.from(ids));
  for (const [word, ids] of words) assertEquals(idsOf(cache, word), ids);
  assertEquals(idsOf(cache, "other"), null);
});

Deno.test("WordCache does not cache long words", () => {
  const cache = new WordCache();
  const long = "x".repeat(MAX_CACHED_WORD_UNITS + 1);
  cache.add(long, Uint32Array.of(1));
  assertEquals(idsOf(cache, long), null);
});

Deno.test("WordCache is cleared when full and stays correct", () => {
  const cache = new WordCache();
  const ids = Uint32Array.from({ length: 60 }, (_, i) => i);
  const most = Math.ceil(MAX_CACHE_BYTES / (60 * 4));
  for (let i = 0; i < most; i++) {
    ids[0] = i;
    cache.add(`${i}`.padStart(60, "w"), ids);
  }
  assertEquals(idsOf(cache, "0".padStart(60, "w")), null);
  const kept = Array.from({ length: most }, (_, i) => i)
    .filter((i) => {
      const found = idsOf(cache, `${i}`.padStart(60, "w"));
      assert(found === null || found[0] === i && found.length === 60);
      return found !== null;
    });
  assert(kept.length > 0 && kept.length < most, `${kept.length} of ${most}`);
  assert(kept.includes(most - 1));
});

Deno.test("WordCache finds a hundred thousand words in place", () => {
  const cache = new WordCache();
  const words = Array.from({ length: 100_000 }, (_, i) => `w${i}é`);
  const text = words.join("");
  const each = (visit: (i: number, start: number, end: number) => void) => {
    let start = 0;
    words.forEach((word, i) => visit(i, start, start += word.length));
  };
  each((i, start, end) => {
    const out = new IdList();
    assertEquals(cache.appendIds(text, out, start, end), false);
    cache.add(text, Uint32Array.of(i, 70_000 + i), start, end);
  });
  each((i, start, end) => {
    const out = new IdList();
    assert(cache.appendIds(text, out, start, end), words[i]);
    assertEquals([...out.take()], [i, 70_000 + i]);
    assert(!cache.appendIds(text, out, start, end - 1), words[i]);
  });
});
