import { assertEquals, assertThrows } from "@std/assert";
import {
  openSplits,
  type SplitLocation,
} from "../../../src/data/loader/split_location.ts";
import { UserError } from "../../../src/errors.ts";
import { letters, storeOf } from "../../helpers/data/stores.ts";

Deno.test("openSplits() gives the sequences of its parts one after the other", async () => {
  using a = await storeOf(letters(3, 4)), b = await storeOf(letters(2, 4, 9));
  using empty = await storeOf(letters(1, 4), 0);
  const refs: SplitLocation[] = [
    { store: empty.dir, split: "valid" },
    { store: a.dir, split: "train" },
    { store: empty.dir, split: "valid" },
    { store: b.dir, split: "train" },
    { store: empty.dir, split: "valid" },
  ];
  const joined = openSplits(refs), parts = refs.map((ref) => openSplits([ref]));
  assertEquals([joined.sequences, joined.sequenceLength], [5, 4]);
  const read = (split: typeof joined) =>
    Array.from({ length: split.sequences }, (_, i) => {
      const into = new Uint32Array(6);
      split.read(i, into, 1);
      return [...into];
    });
  assertEquals(read(joined), parts.flatMap(read));
  assertEquals(new Set(read(joined).map(String)).size, 5);
  for (const index of [-1, 5, 0.5]) {
    assertThrows(
      () => joined.read(index, new Uint32Array(4), 0),
      RangeError,
      "of 5",
    );
  }
  for (const split of [joined, ...parts]) split.close();
});

Deno.test("openSplits() refuses parts of different lengths, and names one that is missing", async () => {
  using a = await storeOf(letters(3, 4)), b = await storeOf(letters(3, 5));
  assertThrows(
    () =>
      openSplits([
        { store: a.dir, split: "train" },
        { store: b.dir, split: "train" },
      ]),
    UserError,
    "equally long: got 4 and 5 tokens",
  );
  assertThrows(
    () =>
      openSplits([
        { store: a.dir, split: "train" },
        { store: `${a.dir}-not`, split: "train" },
      ]),
    UserError,
    `${a.dir}-not`,
  );
});
