/**
 * How fast does training read sequences, and how long does it wait for batches?
 * @module
 */
import { join } from "node:path";
import { FairseqSink, locateFairseqSubset } from "../../data/fairseq/mod.ts";
import { openBatchLoader } from "../../data/loader/batch_loader.ts";
import {
  openSplit,
  type SplitLocation,
} from "../../data/loader/split_location.ts";
import { prepare } from "../../data/prepare/prepare.ts";
import { loadTokenizer } from "../../data/tokenizers/load_tokenizer.ts";
import { median } from "../timing.ts";
import { timed } from "./clock.ts";
import type { BenchSource } from "./files.ts";
import { SEQUENCE_LENGTH } from "./prepare.ts";

/** The rate of reading sequences in random order, one at a time. */
export interface SequencesRow {
  name: string;
  /** Sequences per second. */
  perSecond: number;
  /** Sequences per second of CPU time. */
  perCpuSecond: number;
  /** Megabytes of tokens per second, in their format on disk. */
  mb: number;
}

/** How long a training step waits for its batches. */
export interface LoaderRow {
  /** Number of steps read ahead; with 0, `next()` reads its step. */
  readAhead: number;
  /** Milliseconds of `next()`: median and maximum, without the first step. */
  ms: number;
  most: number;
  /** Milliseconds of waiting per step, the mean. */
  waited: number;
}

/** Batch size, gradient accumulation and device time of the steps. */
export const LOADER_STEP = { rows: 16, accumulation: 2, stepMs: 10 };

/** Times reading `count` random sequences of a split. */
async function timeSequences(
  name: string,
  ref: SplitLocation,
  count: number,
): Promise<SequencesRow> {
  const split = openSplit(ref);
  try {
    const tokens = new Uint32Array(SEQUENCE_LENGTH),
      targets = new Uint32Array(SEQUENCE_LENGTH);
    let state = 1;
    const read = (times: number) => {
      for (let i = 0; i < times; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const index = Math.floor(state / 2 ** 32 * split.sequences);
        split.read(index, tokens, 0, targets);
      }
    };
    read(count / 10);
    const { ms, cpuMs } = await timed(() => read(count));
    return {
      name,
      perSecond: count / ms * 1e3,
      perCpuSecond: count / cpuMs * 1e3,
      // Both formats have two bytes per token.
      mb: count * SEQUENCE_LENGTH * 2 / 1e3 / ms,
    };
  } finally {
    split.close();
  }
}

/**
 * Times random reads from a token store, and from the source in fairseq's
 * format.
 */
export async function benchSequences(
  store: string,
  { files }: BenchSource,
  options: { folder: string; count: number },
): Promise<SequencesRow[]> {
  const dir = join(options.folder, "fairseq");
  const tokenizer = await loadTokenizer("byte");
  await prepare({
    documents: { files },
    tokenizer,
    sequenceLength: SEQUENCE_LENGTH,
    cacheDir: join(options.folder, "cache-fairseq"),
    out: {
      dir,
      format: "fairseq mmap 1",
      sink: (dir, tokenizer) => new FairseqSink(dir, { tokenizer }),
    },
  });
  const fairseq = locateFairseqSubset({
    path: dir,
    subset: "train",
    combine: false,
    sequenceLength: SEQUENCE_LENGTH,
  });
  return [
    await timeSequences(
      "token store",
      { store, split: "train" },
      options.count,
    ),
    await timeSequences("fairseq", { fairseq }, options.count),
  ];
}

/**
 * Times steps of a batch loader, with and without reading ahead; a pause
 * between the steps stands for the device's work.
 */
export async function benchLoader(
  store: string,
  steps: number,
): Promise<LoaderRow[]> {
  const rows: LoaderRow[] = [];
  const { rows: sequences, accumulation, stepMs } = LOADER_STEP;
  const idle = new Int32Array(new SharedArrayBuffer(4));
  for (const readAhead of [0, 4]) {
    using loader = await openBatchLoader({
      parts: [{ location: { store, split: "train" }, weight: null }],
      seed: 0,
      batchSize: sequences,
      accumulation,
      vocabSize: 50_257,
      ignoreId: null,
    }, readAhead);
    // The first step cannot be read ahead.
    loader.next();
    const before = loader.waitedMs, spent: number[] = [];
    for (let i = 0; i < steps; i++) {
      Atomics.wait(idle, 0, 0, stepMs);
      const from = performance.now();
      loader.next();
      spent.push(performance.now() - from);
    }
    rows.push({
      readAhead,
      ms: median(spent),
      most: Math.max(...spent),
      waited: (loader.waitedMs - before) / steps,
    });
  }
  return rows;
}
