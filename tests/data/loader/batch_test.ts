import { assertEquals, assertThrows } from "@std/assert";
import {
  assembleBatch,
  type BatchArrays,
  BatchAssembler,
} from "../../../src/data/loader/batch.ts";
import { IGNORE } from "../../../src/data/store/token_store.ts";
import { UserError } from "../../../src/errors.ts";

function arrays(size: number): BatchArrays {
  const filled = () => new Uint32Array(size).fill(7777);
  return { tokens: filled(), targets: filled(), order: filled() };
}

Deno.test("assembleBatch() shifts targets within each row and sorts positions by token", () => {
  const out = arrays(6);
  const valid = assembleBatch([3, 1, 3, 0, 3, 1], {
    batchSize: 2,
    sequenceLength: 3,
    vocabSize: 4,
  }, out);
  assertEquals([...out.tokens], [3, 1, 3, 0, 3, 1]);
  assertEquals([...out.targets], [1, 3, IGNORE, 3, 1, IGNORE]);
  assertEquals([...out.order], [3, 1, 5, 0, 2, 4]);
  assertEquals(valid, 4);
});

Deno.test("assembleBatch() masks labels equal to ignoreId, not the tokens themselves", () => {
  const out = arrays(4);
  const shape = { batchSize: 1, sequenceLength: 4, vocabSize: 10, ignoreId: 9 };
  assertEquals(assembleBatch([9, 5, 9, 9], shape, out), 1);
  assertEquals([...out.tokens], [9, 5, 9, 9]);
  assertEquals([...out.targets], [5, IGNORE, IGNORE, IGNORE]);
  // Id 0 is not special.
  assertEquals(assembleBatch([1, 0, 0, 1], { ...shape, ignoreId: 0 }, out), 1);
  assertEquals([...out.targets], [IGNORE, IGNORE, 1, IGNORE]);
});

Deno.test("BatchAssembler agrees with a plain reference on odd sizes, at any offset, again and again", () => {
  let seed = 5;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * limit);
  };
  for (
    const [rows, sequenceLength, vocabSize] of [
      [1, 2, 1],
      [1, 1, 3],
      [3, 7, 5],
      [5, 13, 257],
      [2, 33, 50257],
    ]
  ) {
    const size = rows * sequenceLength;
    const assembler = new BatchAssembler({
      batchSize: rows,
      sequenceLength,
      vocabSize,
      ignoreId: 2,
    });
    const out = arrays(size + 11);
    for (const offset of [0, 4, 11]) {
      const tokens = Array.from({ length: size }, () => below(vocabSize));
      out.targets.fill(7777);
      out.order.fill(7777);
      out.tokens.set(tokens, offset);
      const valid = assembler.assemble(out, offset);
      const targets = tokens.map((_, i) =>
        (i + 1) % sequenceLength === 0 || tokens[i + 1] === 2
          ? IGNORE
          : tokens[i + 1]
      );
      const order = tokens.map((_, i) => i).sort((a, b) =>
        tokens[a] - tokens[b] || a - b
      );
      assertEquals([...out.targets.subarray(offset, offset + size)], targets);
      assertEquals([...out.order.subarray(offset, offset + size)], order);
      assertEquals(valid, targets.filter((target) => target !== IGNORE).length);
      // Nothing is written outside the batch.
      for (const array of [out.targets, out.order]) {
        assertEquals(array.filter((x) => x === 7777).length, 11);
      }
    }
  }
});

Deno.test("assembleBatch() names a token beyond the vocabulary and where it is", () => {
  const error = assertThrows(
    () =>
      assembleBatch([0, 1, 2, 1, 300, 0], {
        batchSize: 2,
        sequenceLength: 3,
        vocabSize: 256,
      }, arrays(6)),
    UserError,
  );
  assertEquals(
    error.message.startsWith(
      "Cannot use token 300 (sequence 1, position 1 of the batch) as the model's vocabulary has 256 ids",
    ),
    true,
  );
});

Deno.test("BatchAssembler refuses arrays that are too small", () => {
  const assembler = new BatchAssembler({
    batchSize: 2,
    sequenceLength: 3,
    vocabSize: 4,
  });
  assertThrows(() => assembler.assemble(arrays(5)), RangeError);
  assertThrows(() => assembler.assemble(arrays(6), 1), RangeError);
});

Deno.test("BatchAssembler leaves targets that came with the sequences, and counts them", () => {
  const shape = {
    batchSize: 2,
    sequenceLength: 3,
    vocabSize: 6,
    ownTargets: true,
  };
  const out = arrays(7);
  out.tokens.set([2, 4, 5, 3, 1, 1], 1);
  out.targets.set([4, 5, 3, 3, IGNORE, IGNORE], 1);
  assertEquals(new BatchAssembler(shape).assemble(out, 1), 4);
  assertEquals([...out.targets], [7777, 4, 5, 3, 3, IGNORE, IGNORE]);
  assertEquals([...out.order], [7777, 4, 5, 0, 3, 1, 2]);
  // A label that is not learnt is masked, too.
  assertEquals(
    new BatchAssembler({ ...shape, ignoreId: 3 }).assemble(out, 1),
    2,
  );
  assertEquals([...out.targets.slice(1, 5)], [4, 5, IGNORE, IGNORE]);
  out.targets[2] = 6;
  assertThrows(
    () => new BatchAssembler(shape).assemble(out, 1),
    UserError,
    "Cannot use token 6 (sequence 0, position 1 of the batch)",
  );
});
