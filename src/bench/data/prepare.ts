/**
 * How long does `prepare` take, by source, tokenizer and number of threads?
 * @module
 */
import { join } from "node:path";
import { counted } from "../../terminal/format_numbers.ts";
import { type ChildReply, prepareInChild } from "./child.ts";
import { rateOf } from "./clock.ts";
import type { BenchSource } from "./files.ts";
import type { TokenizerRow } from "./tokenizers.ts";

/** Time and memory of one preparation. */
export interface PrepareRow {
  source: string;
  tokenizer: string;
  workers: number;
  ms: number;
  /** CPU time of the process, over all threads. */
  cpuMs: number;
  /** Megabytes of text per second. */
  mb: number;
  /** Rate relative to one thread; null for one thread. */
  scaling: number | null;
  /**
   * Upper bound of `scaling` on idle cores: threads divided by the growth of
   * CPU time.
   */
  scalingCpu: number | null;
  /**
   * Fraction of the CPU time that the tokenizer alone needs for this text, 0 to
   * 1.
   */
  tokenizing: number | null;
  /** Peak resident bytes of the process; null if unknown. */
  peak: number | null;
  /** Milliseconds of the second start, which finds the store. */
  againMs: number;
}

/** The results of `benchPrepare()`, and a store for later measurements. */
export interface PrepareResult {
  rows: PrepareRow[];
  /** Bytes of memory of a process before any work; null if unknown. */
  before: number | null;
  /** Folder of the last store. */
  store: string;
}

/** Tokens per sequence. */
export const SEQUENCE_LENGTH = 512;

/**
 * Times each source with each tokenizer and number of threads.
 *
 * @param bytes bytes of text in each source
 * @param alone speeds of the tokenizers alone
 */
export async function benchPrepare(
  sources: readonly BenchSource[],
  bytes: number,
  alone: readonly TokenizerRow[],
  options: {
    folder: string;
    tokenizers: readonly string[];
    workers: readonly number[];
    onStage: (what: string) => void;
  },
): Promise<PrepareResult> {
  const rows: PrepareRow[] = [];
  let reply: ChildReply | undefined;
  for (const tokenizer of options.tokenizers) {
    const long = alone.find(({ name }) => name === tokenizer)?.long;
    for (const { name: source, files } of sources) {
      let one: { mb: number; cpuMs: number } | undefined;
      for (const workers of options.workers) {
        options.onStage(
          `prepare ${source}, ${tokenizer}, ${counted(workers, "thread")}`,
        );
        const cacheDir = join(options.folder, `cache-${rows.length}`);
        reply = await prepareInChild({
          files,
          tokenizer,
          sequenceLength: SEQUENCE_LENGTH,
          workers,
          cacheDir,
        });
        const { ms, cpuMs } = reply.first;
        const { mb } = rateOf(bytes, reply.first);
        if (workers === 1) one = { mb, cpuMs };
        rows.push({
          source,
          tokenizer,
          workers,
          ms,
          cpuMs,
          mb,
          scaling: one && workers > 1 ? mb / one.mb : null,
          scalingCpu: one && workers > 1 ? workers * one.cpuMs / cpuMs : null,
          tokenizing: long ? bytes / 1e3 / long.cpu / cpuMs : null,
          peak: reply.peak,
          againMs: reply.again.ms,
        });
      }
    }
  }
  return { rows, before: reply!.before, store: reply!.dir };
}

/** 1, 2 and all cores, without duplicates. */
export function threadCounts(): number[] {
  const cores = navigator.hardwareConcurrency;
  return [...new Set([1, Math.min(2, cores), cores])];
}
