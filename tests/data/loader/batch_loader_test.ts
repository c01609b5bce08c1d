import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { INT32 } from "../../../src/data/fairseq/int_types.ts";
import { MmapWriter } from "../../../src/data/fairseq/mmap_writer.ts";
import type { FairseqLocation } from "../../../src/data/fairseq/mod.ts";
import {
  type BatchLoader,
  evalBatches,
  openBatchLoader,
} from "../../../src/data/loader/batch_loader.ts";
import type { BatchSpec } from "../../../src/data/loader/batch_source.ts";
import { openSplits } from "../../../src/data/loader/split_location.ts";
import { IGNORE } from "../../../src/data/store/token_store.ts";
import { UserError } from "../../../src/errors.ts";
import { letters, storeOf } from "../../helpers/data/stores.ts";
import { script, tempDir } from "../../helpers/files.ts";

const T = 8;

/** The specification of batches of 3 sequences from `dirs`. */
const specOf = (
  dirs: string[],
  weights: number[] = [],
  more: Partial<BatchSpec> = {},
): BatchSpec => ({
  parts: dirs.map((store, i) => ({
    location: { store, split: "train" },
    weight: weights[i] ?? null,
  })),
  seed: 5,
  batchSize: 3,
  accumulation: 2,
  vocabSize: 256,
  ignoreId: "~".charCodeAt(0),
  ...more,
});

/** The next `count` steps, copied, and the state after each. */
const steps = (loader: BatchLoader, count: number) =>
  Array.from({ length: count }, () => ({
    batches: loader.next().map((b) => ({
      tokens: [...b.tokens],
      targets: [...b.targets],
      order: [...b.order],
      counted: b.counted,
    })),
    state: loader.state,
  }));

/** Writes sentences as fairseq files, and returns their location. */
function fairseq(dir: string, sentences: number[][]): FairseqLocation {
  const writer = new MmapWriter(join(dir, "train"), INT32);
  for (const ids of sentences) {
    writer.push(ids, 0);
    writer.endSentence();
  }
  writer.finish();
  writer.close();
  return {
    paths: [join(dir, "train")],
    sequenceLength: 4,
    vocabSize: 50,
    pad: 1,
    eos: 2,
  };
}

Deno.test("openBatchLoader() gives the same steps and states however many are read ahead", async () => {
  using a = await storeOf(letters(11, T)), b = await storeOf(letters(7, T, 50));
  const cases: [string[], number[]][] = [
    [[a.dir], []],
    [[a.dir, b.dir], []],
    [[a.dir, b.dir], [0.7, 0.3]],
  ];
  for (const [dirs, weights] of cases) {
    const spec = specOf(dirs, weights);
    using direct = await openBatchLoader(spec, 0);
    const expected = steps(direct, 12);
    for (const ahead of [1, 4]) {
      using loader = await openBatchLoader(spec, ahead);
      assertEquals(
        loader.state,
        weights.length > 0
          ? [{ epoch: 0, position: 0 }, { epoch: 0, position: 0 }]
          : { epoch: 0, position: 0 },
      );
      assertEquals(steps(loader, 12), expected);
    }
  }
});

Deno.test("openBatchLoader() samples several parts without weights as one", async () => {
  using a = await storeOf(letters(4, T)), b = await storeOf(letters(2, T, 50));
  using loader = await openBatchLoader(specOf([a.dir, b.dir]));
  const [{ batches, state }] = steps(loader, 1);
  assertEquals(state, { epoch: 1, position: 0 });
  const rows = batches.flatMap(({ tokens }) => [
    tokens.slice(0, T),
    tokens.slice(T, 2 * T),
    tokens.slice(2 * T),
  ]).map((row) => String.fromCharCode(...row));
  const { text } = letters(4, T), { text: more } = letters(2, T, 50);
  assertEquals(rows.sort(), (text + more).match(/.{8}/g)!.sort());
});

Deno.test("with shortSteps an epoch ends with a smaller batch and a smaller step", async () => {
  using a = await storeOf(letters(4, T)), b = await storeOf(letters(7, T, 50));
  const { text } = letters(4, T), { text: more } = letters(7, T, 50);
  const all = (text + more).match(/.{8}/g)!.sort();
  // 11 sequences in batches of 3: the fourth batch has 2. With 5 per step: one.
  const cases: [accumulation: number, sizes: number[][]][] = [
    [2, [[3, 3], [3, 2]]],
    [3, [[3, 3, 3], [2]]],
    [5, [[3, 3, 3, 2]]],
  ];
  for (const [accumulation, sizes] of cases) {
    for (const weights of [[], [4, 7]]) {
      const spec = specOf([a.dir, b.dir], weights, {
        accumulation,
        shortSteps: true,
        ignoreId: null,
      });
      using direct = await openBatchLoader(spec, 0);
      using loader = await openBatchLoader(spec, 4);
      const expected = steps(loader, 3 * sizes.length);
      assertEquals(steps(direct, 3 * sizes.length), expected);
      for (let epoch = 0; epoch < 3; epoch++) {
        const rows: string[] = [];
        for (const [i, counts] of sizes.entries()) {
          const { batches } = expected[epoch * sizes.length + i];
          assertEquals(batches.map((b) => b.counted / (T - 1)), counts);
          for (const { tokens, targets } of batches) {
            // A row without labels repeats one that has them.
            const row = (k: number) =>
              String.fromCharCode(...tokens.slice(k * T, (k + 1) * T));
            for (let k = 0; k < 3; k++) {
              const labels = targets.slice(k * T, (k + 1) * T - 1);
              if (labels.every((t) => t !== IGNORE)) rows.push(row(k));
              else assert(rows.includes(row(k)));
            }
          }
        }
        // Each epoch trains on every sequence once.
        assertEquals(rows.sort(), all);
      }
      // And continues from any step to the same ones.
      for (let at = 0; at < expected.length - 1; at++) {
        loader.restore(expected[at].state);
        assertEquals(steps(loader, 1), [expected[at + 1]]);
      }
    }
  }
});

Deno.test("a loader's state is that of the step last handed out, and it resumes from any", async () => {
  using a = await storeOf(letters(11, T)), b = await storeOf(letters(7, T, 50));
  for (const weights of [[], [2, 1]]) {
    const spec = specOf([a.dir, b.dir], weights);
    using loader = await openBatchLoader(spec);
    const start = loader.state;
    const expected = steps(loader, 9);
    for (const at of [7, 0, 3, 3, 8]) {
      loader.restore(JSON.parse(JSON.stringify(expected[at].state)));
      assertEquals(loader.state, expected[at].state);
      assertEquals(steps(loader, 8 - at), expected.slice(at + 1));
    }
    loader.restore(start);
    // Twice without a step between, as quickly as possible.
    for (let i = 0; i < 200; i++) loader.restore(expected[i % 9].state);
    loader.restore(expected[1].state);
    assertEquals(steps(loader, 3), expected.slice(2, 5));
    assertThrows(
      () => loader.restore({ epoch: 0, position: 99 }),
      UserError,
      "was the run started with other data?",
    );
    assertEquals(steps(loader, 1), expected.slice(5, 6));
  }
});

Deno.test("a loader takes fairseq's targets as they are", async () => {
  using dir = tempDir();
  const ref = fairseq(dir.path, [[5, 6, 7, 2], [8, 9, 1, 2]]);
  const spec: BatchSpec = {
    ...specOf([]),
    parts: [{ location: { fairseq: ref }, weight: null }],
    batchSize: 2,
    accumulation: 1,
    vocabSize: 50,
    ignoreId: null,
  };
  for (const ahead of [0, 4]) {
    using loader = await openBatchLoader(spec, ahead);
    const [{ batches: [batch] }] = steps(loader, 1);
    const rows = [0, 4].map((at) => [
      batch.tokens.slice(at, at + 4),
      batch.targets.slice(at, at + 4),
    ]);
    assertEquals(
      rows.sort((a, b) => a[1][0] - b[1][0]),
      [
        [[2, 5, 6, 7], [5, 6, 7, 2]],
        [[2, 8, 9, 1], [8, 9, IGNORE, 2]],
      ],
    );
    assertEquals(batch.counted, 7);
  }
  const split = openSplits([{ fairseq: ref }]);
  const held = Array.from(
    evalBatches(split, { batchSize: 3, vocabSize: 50, ignoreId: null }, null),
    ({ tokens, targets, counted }) => [[...tokens], [...targets], counted],
  );
  split.close();
  assertEquals(held, [[
    [2, 5, 6, 7, 2, 8, 9, 1, 0, 0, 0, 0],
    [5, 6, 7, 2, 8, 9, IGNORE, 2, IGNORE, IGNORE, IGNORE, IGNORE],
    7,
  ]]);
});

Deno.test("evalBatches() goes through joined splits in order, and masks what only fills up", async () => {
  using a = await storeOf(letters(3, T)), b = await storeOf(letters(2, T, 50));
  const split = openSplits([
    { store: a.dir, split: "train" },
    { store: b.dir, split: "train" },
  ]);
  const options = { batchSize: 2, vocabSize: 256, ignoreId: null };
  const seen: string[] = [], counts: number[] = [];
  for (const batch of evalBatches(split, options, null)) {
    seen.push(String.fromCharCode(...batch.tokens.filter((t) => t > 0)));
    counts.push(batch.counted);
    assertEquals(
      batch.targets.filter((t) => t !== IGNORE).length,
      batch.counted,
    );
  }
  assertEquals(seen.join(""), letters(3, T).text + letters(2, T, 50).text);
  assertEquals(counts, [14, 14, 7]);
  assertEquals([...evalBatches(split, options, 2)].length, 2);
  split.close();
});

Deno.test("a loader fails at the step that cannot be read, in the same words as without reading ahead", async () => {
  using store = await storeOf(letters(30, T));
  const messages: string[] = [];
  for (const ahead of [0, 4]) {
    // The byte tokenizer's ids are below 256, the model's below 100: "c" is 99,
    // "~" 126.
    using loader = await openBatchLoader(
      specOf([store.dir], [], { vocabSize: 100 }),
      ahead,
    );
    for (const _ of [1, 2]) {
      messages.push(assertThrows(() => loader.next(), UserError).message);
    }
  }
  assert(messages[0].startsWith("Cannot use token 126 (sequence 0, position "));
  assertEquals(messages, Array(4).fill(messages[0]));

  // Cut short while it is open: what was read before is still returned.
  using loader = await openBatchLoader(
    specOf([store.dir], [], { batchSize: 1 }),
    1,
  );
  loader.next();
  Deno.truncateSync(join(store.dir, "train.bin"), 0);
  assertThrows(
    () => {
      for (let i = 0; i < 5; i++) loader.next();
    },
    UserError,
    "a file ends within sequence",
  );
});

Deno.test("openBatchLoader() says in one line what cannot be opened, and leaves no thread behind", async () => {
  using a = await storeOf(letters(3, T)), b = await storeOf(letters(3, 5));
  const cases: [BatchSpec, string][] = [
    [specOf([`${a.dir}-not`]), "store.json"],
    [specOf([a.dir, b.dir], [1, 1]), "equally long: got 8 and 5"],
    [specOf([a.dir, a.dir], [1]), "got null for part 2 of 2"],
    [
      specOf([], [], {
        parts: [{ location: { store: a.dir, split: "valid" }, weight: null }],
      }),
      "at least one sequence",
    ],
  ];
  for (const [spec, words] of cases) {
    for (const ahead of [0, 4]) {
      const error = await assertRejects(
        () => openBatchLoader(spec, ahead),
        UserError,
      );
      assert(error.message.includes(words), error.message);
    }
  }
});

Deno.test("a loader hides reading behind longer work, and counts what it cannot hide", async () => {
  using store = await storeOf(letters(30, T));
  const run = async (delayMs: number, workMs: number, count: number) => {
    using loader = await openBatchLoader(
      specOf([store.dir]),
      4,
      () =>
        new Worker(pathToFileURL(script("slow_loader.ts")).href, {
          type: "module",
          name: `${delayMs}`,
        }),
    );
    loader.next();
    const before = loader.waitedMs, from = performance.now();
    for (let i = 0; i < count; i++) {
      // Like training: the thread is blocked, not idle.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workMs);
      loader.next();
    }
    return {
      waited: loader.waitedMs - before,
      took: performance.now() - from,
    };
  };
  const hidden = await run(10, 40, 12);
  assert(hidden.waited < 0.25 * hidden.took, JSON.stringify(hidden));
  // 12 steps of 50 ms, except the few read ahead, against 12 of 5 ms.
  const slow = await run(50, 5, 12);
  assert(slow.waited > 150, JSON.stringify(slow));
  assert(slow.waited < slow.took - 12 * 5 + 5, JSON.stringify(slow));
});
