/**
 * The data section: how fast text becomes tokens, and tokens become batches. Megabytes are 1e6 bytes of text as UTF-8,
 * unpacked.
 *
 * The floor of `prepare` is what each byte must go through: it is read, hashed by SHA-256 at the first reading and for
 * plain text once more at the second, decoded (of JSON: parsed), tokenised, and its tokens are written. All but the
 * tokenizer run at hundreds of megabytes a second (the first table measures them here), so with a BPE the floor is
 * the tokenizer's own time by the number of cores; `tokenizing` is the part of the CPU time that goes there.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Rate, rateOf, timed } from "./clock.ts";
import {
  benchLoader,
  benchSequences,
  type LoaderRow,
  type SequencesRow,
} from "./loader.ts";
import { writeBenchSources } from "./files.ts";
import { loadPeers, NO_PEERS } from "../peers/data_libraries.ts";
import { benchPrepare, type PrepareRow, threadCounts } from "./prepare.ts";
import { benchReaders, type ReaderRow } from "./readers.ts";
import { type BenchText, benchText } from "./text.ts";
import { benchTokenizers, type TokenizerRow } from "./tokenizers.ts";

/** Everything that was measured on data. */
export interface DataResult {
  /** Where the text is from, its documents and bytes. */
  text: { from: string; documents: number; bytes: number };
  floors: { name: string; rate: Rate }[];
  tokenizers: TokenizerRow[];
  readers: ReaderRow[];
  prepare: PrepareRow[];
  /** Bytes of memory of a process before it prepares; null where unknown. */
  before: number | null;
  blocks: SequencesRow[];
  feed: LoaderRow[];
}

/** What to measure. */
export interface DataOptions {
  /** Little text, no libraries. */
  quick: boolean;
  /** Told what is measured next. */
  onStage: (what: string) => void;
}

const TEXT_BYTES = 32e6, QUICK_BYTES = 3e5;

/** Measures all of it; what it writes goes into a folder that is removed. */
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

/** What cannot be avoided, each alone on the same text. */
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
