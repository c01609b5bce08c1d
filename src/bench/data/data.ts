/**
 * The data section: how fast does text become tokens, and tokens batches?
 * Megabytes are 1e6 bytes of decompressed text in UTF-8.
 *
 * The lower bound of `prepare` is the work that each byte needs: it is read,
 * hashed with SHA-256 in the first pass (plain text also in the second),
 * decoded (JSON: parsed) and tokenized, and its tokens are written. All of this
 * except tokenizing runs at hundreds of megabytes per second (the first table
 * measures it), so with a BPE tokenizer the bound is the tokenizer's time
 * divided by the cores; `tokenizing` is its fraction of the CPU time.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { loadPeers, NO_PEERS } from "../peers/data_libraries.ts";
import { type Rate, rateOf, timed } from "./clock.ts";
import { writeBenchSources } from "./files.ts";
import {
  benchLoader,
  benchSequences,
  type LoaderRow,
  type SequencesRow,
} from "./loader.ts";
import { benchPrepare, type PrepareRow, threadCounts } from "./prepare.ts";
import { benchReaders, type ReaderRow } from "./readers.ts";
import { type BenchText, benchText } from "./text.ts";
import { benchTokenizers, type TokenizerRow } from "./tokenizers.ts";

/** All measurements on data. */
export interface DataResult {
  /** Origin of the text, and its documents and bytes. */
  text: { from: string; documents: number; bytes: number };
  floors: { name: string; rate: Rate }[];
  tokenizers: TokenizerRow[];
  readers: ReaderRow[];
  prepare: PrepareRow[];
  /** Bytes of memory of a process before it prepares; null if unknown. */
  before: number | null;
  blocks: SequencesRow[];
  feed: LoaderRow[];
}

/** What to measure. */
export interface DataOptions {
  /** Little text, no libraries. */
  quick: boolean;
  /** Called with the name of each measurement before it starts. */
  onStage: (what: string) => void;
}

const TEXT_BYTES = 32e6, QUICK_BYTES = 3e5;

/** Measures everything, in a temporary folder that is removed at the end. */
export async function benchData(
  { quick, onStage }: DataOptions,
): Promise<DataResult> {
  const folder = Deno.makeTempDirSync({ prefix: "blocksmith-bench-" });
  try {
    onStage("data's floors");
    const text = benchText(quick ? QUICK_BYTES : TEXT_BYTES);
    const peers = quick ? NO_PEERS : await loadPeers();
    const floors = await benchFloors(text, folder);
    const sources = writeBenchSources(text, folder, peers);
    const tokenizers = await benchTokenizers(text, peers, {
      folder,
      rounds: quick ? 1 : 3,
      roundMs: quick ? 1 : 200,
      onStage,
    });
    const readers = await benchReaders(sources, text.bytes, peers, {
      rounds: quick ? 1 : 3,
      onStage,
    });
    const { rows, before, store } = await benchPrepare(
      quick ? sources.slice(1, 2) : sources,
      text.bytes,
      tokenizers,
      {
        folder,
        tokenizers: quick ? ["byte"] : ["byte", "gpt2"],
        workers: quick ? [1] : threadCounts(),
        onStage,
      },
    );
    onStage("batches");
    return {
      text: {
        from: text.from,
        documents: text.documents.length,
        bytes: text.bytes,
      },
      floors,
      tokenizers,
      readers,
      prepare: rows,
      before,
      blocks: await benchSequences(store, sources[1], {
        folder,
        count: quick ? 1000 : 50_000,
      }),
      feed: await benchLoader(store, quick ? 5 : 100),
    };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Times each unavoidable part of the work separately, on the same text. */
async function benchFloors(
  { documents, bytes }: BenchText,
  folder: string,
): Promise<DataResult["floors"]> {
  const path = join(folder, "whole.txt");
  Deno.writeTextFileSync(path, documents.join(""));
  const whole = Deno.readFileSync(path), copy = new Uint8Array(whole.length);
  const block = new Uint8Array(1 << 22);
  const json = documents.map((text) => JSON.stringify({ text }));
  const work: Record<string, () => void> = {
    "copy in memory": () => copy.set(whole),
    "read from the page cache": () => {
      using file = Deno.openSync(path);
      while (file.readSync(block));
    },
    "SHA-256": () => createHash("sha256").update(whole).digest(),
    "UTF-8 to a string": () => new TextDecoder().decode(whole),
    "JSON.parse": () => json.forEach((line) => JSON.parse(line)),
    "write": () => Deno.writeFileSync(path, whole),
  };
  const floors: DataResult["floors"] = [];
  for (const [name, run] of Object.entries(work)) {
    run();
    floors.push({ name, rate: rateOf(bytes, await timed(run)) });
  }
  Deno.removeSync(path);
  return floors;
}
