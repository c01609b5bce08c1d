import { assertEquals } from "@std/assert";
import {
  contentHash,
  HASH_BYTES,
  SeenTexts,
} from "../../../src/data/pool/content_hash.ts";

const hashOf = (text: string) => contentHash(new TextEncoder().encode(text));

Deno.test("SeenTexts distinguishes new texts from known ones, however many", () => {
  const seen = new SeenTexts();
  const many = 100_000;
  for (let i = 0; i < many; i++) assertEquals(seen.add(hashOf(`${i}`)), true);
  for (let i = 0; i < many; i += 7) {
    assertEquals(seen.add(hashOf(`${i}`)), false);
  }
  assertEquals(seen.count, many);
  // The remaining hashes rebuild the same set.
  const again = new SeenTexts();
  for (const from of [0, 65_000]) {
    const bytes = seen.hashesFrom(from);
    const to = from === 0 ? 65_000 : many;
    for (let i = 0; i < to - from; i++) {
      again.add(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
    }
  }
  assertEquals(again.hashesFrom(0), seen.hashesFrom(0));
});

Deno.test("SeenTexts compares all bytes of a hash", () => {
  const seen = new SeenTexts();
  const hash = new Uint8Array(HASH_BYTES);
  assertEquals(seen.add(hash), true);
  for (let i = 0; i < HASH_BYTES; i++) {
    const other = hash.slice();
    other[i] = 1;
    assertEquals([seen.add(other), seen.add(other)], [true, false]);
  }
});
