import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { Batch } from "../../src/data/loader/batch.ts";
import { IGNORE, type TokenSplit } from "../../src/data/store/token_store.ts";
import { UserError } from "../../src/errors.ts";
import { evaluate, type LossSum } from "../../src/train/evaluate.ts";

const T = 4;

/** Sequences in memory; with `ownTargets`, labels are the tokens themselves. */
function splitOf(rows: number[][], ownTargets: boolean): TokenSplit {
  return {
    sequences: rows.length,
    sequenceLength: T,
    ownTargets,
    read(index: number, into: Uint32Array, at: number, targets?: Uint32Array) {
      const row = rows[index];
      into.set([...row, 0, 0, 0, 0].slice(0, T), at);
      if (ownTargets) {
        const labels = [...row, ...Array(T).fill(IGNORE)].slice(0, T);
        targets!.set(labels, at);
      }
    },
    close() {},
  } as unknown as TokenSplit;
}

/** An engine whose loss at a label is the label itself. */
function engine(): LossSum {
  let sum = 0;
  return {
    clearLoss: () => sum = 0,
    evaluate: ({ targets, counted }: Batch, weight: number) => {
      const labels = [...targets].filter((t) => t !== IGNORE);
      sum += weight / counted * labels.reduce((a, b) => a + b, 0);
    },
    loss: () => Promise.resolve(sum),
  };
}

const options = { batchSize: 2, vocabSize: 9, ignoreId: 8 };

Deno.test("evaluate() is the mean over all labels that count, however they lie in batches", async () => {
  // The last batch has one sequence, and batches differ in labels.
  const rows = [[1, 2, 3, 4], [1, 8, 8, 8], [5, 6, 8, 7]];
  const shifted = [2, 3, 4, 6, 7];
  const own = [1, 2, 3, 4, 1, 5, 6, 7];
  for (const [ownTargets, labels] of [[false, shifted], [true, own]] as const) {
    for (const batchSize of [1, 2, 3]) {
      const result = await evaluate(
        engine(),
        splitOf(rows, ownTargets),
        { ...options, batchSize },
        null,
      );
      assertEquals(result!.tokens, labels.length);
      const mean = labels.reduce((a, b) => a + b, 0) / labels.length;
      assertAlmostEquals(result!.loss, mean);
      assertAlmostEquals(result!.perplexity, Math.exp(mean));
    }
  }
});

Deno.test("evaluate() refuses a split without any label that counts", async () => {
  await assertRejects(
    () => evaluate(engine(), splitOf([[1, 8, 8, 8]], false), options, null),
    UserError,
    "Cannot evaluate as at least one token must count",
  );
});
