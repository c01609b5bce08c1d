/** The whole of `prepare`: every source, by number of threads. @module */
import { join } from "node:path";
import { type ChildReply, prepareInChild } from "./child.ts";
import { rateOf } from "./clock.ts";
import type { BenchSource } from "./files.ts";
import type { TokenizerRow } from "./tokenizers.ts";

/** What a preparation took. */
export interface PrepareRow {
  source: string;
  tokenizer: string;
  workers: number;
  ms: number;
  /** CPU time of the process, over all threads. */
  cpuMs: number;
  /** Megabytes of text a second. */
  mb: number;
  /** By the rate with one thread; null for that one. */
  scaling: number | null;
  /** The same for idle cores, at most: threads by the growth of the CPU time. */
  scalingCpu: number | null;
  /** Of the CPU time, what the tokenizer alone takes for this text, 0 to 1. */
  tokenizing: number | null;
  /** Most bytes of memory of the process; null where unknown. */
  peak: number | null;
  /** Milliseconds of the second start, which finds the store. */
  againMs: number;
}

/** What `benchPrepare()` found, and a store to go on with. */
export interface PrepareResult {
  rows: PrepareRow[];
  /** Bytes of memory of a process before any work; null where unknown. */
  before: number | null;
  /** The last store that was made. */
  store: string;
}

/** Tokens of a sequence. */
export const SEQUENCE_LENGTH = 512;

/**
 * Times each source with each tokenizer and number of threads.
 *
 * @param bytes of text in each source
 * @param alone what the tokenizers do alone
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
          `prepare ${source}, ${tokenizer}, ${workers} thread${
            workers === 1 ? "" : "s"
          }`,
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

/** 1, 2 and all cores, as far as there are so many. */
export function threadCounts(): number[] {
  const cores = navigator.hardwareConcurrency;
  return [...new Set([1, Math.min(2, cores), cores])];
}
