/**
 * How fast is each reader alone, from a file to strings, compared with a
 * library on whole files in memory? Both sides decompress with the same codecs.
 * @module
 */
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { snappyUncompressor } from "hysnappy";
import {
  jsonLines,
  openBytes,
  parseLines,
  readParquet,
  scanFile,
} from "../../data/sources/mod.ts";
import type { SourceFile } from "../../data/sources/source_file.ts";
import { textPieces } from "../../data/sources/text_pieces.ts";
import { PEERS, type Peers } from "../peers/data_libraries.ts";
import {
  compareWithPeer,
  type Comparison,
  type Rate,
  rateOf,
  timed,
} from "./clock.ts";
import type { BenchSource } from "./files.ts";

/** A reader's speed, in bytes of text. */
export interface ReaderRow extends Comparison {
  name: string;
  /** Bytes on disk per byte of text. */
  packed: number;
  /** The first reading: digest, documents, well-formedness. */
  inspect: Rate;
  peerName: string | null;
}

/**
 * Times every source against its library.
 *
 * @param bytes size of the text in each source
 * @throws {Error} if a reader or a library does not read all of the text
 */
export async function benchReaders(
  sources: readonly BenchSource[],
  bytes: number,
  peers: Peers,
  options: { rounds: number; onStage: (what: string) => void },
): Promise<ReaderRow[]> {
  const rows: ReaderRow[] = [];
  for (const { name, files, packed } of sources) {
    options.onStage(`reader of ${name}`);
    const peer = peerOf(files[0], peers);
    const ours = async () => {
      let units = 0;
      for (const file of files) units += await read(file);
      return units;
    };
    const theirs = async () => {
      let units = 0;
      for (const file of files) units += await peer!.read(file);
      return units;
    };
    // Warms both, and checks that they read the same text.
    const found = await ours();
    if (peer && await theirs() !== found) {
      throw new Error(`${name}: ${peer.name} reads a different text`);
    }
    const result = await compareWithPeer(
      Array.from(
        { length: options.rounds },
        () => ({ bytes, ours, ...peer && { peer: theirs } }),
      ),
    );
    const inspect = await timed(async () => {
      for (const file of files) await scanFile(file);
    });
    rows.push({
      name,
      packed: packed / bytes,
      ...result,
      inspect: rateOf(bytes, inspect),
      peerName: peer?.name ?? null,
    });
  }
  return rows;
}

/** Reads all texts and returns their length in UTF-16 units. */
async function read(file: SourceFile): Promise<number> {
  let units = 0;
  const count = (found: Iterable<{ text: string } | { reason: string }>) => {
    for (const one of found) {
      if ("reason" in one) throw new Error(`${file.name}: ${one.reason}`);
      units += one.text.length;
    }
  };
  if (file.format === "text") {
    for await (const piece of textPieces(file.name, openBytes(file))) {
      count([piece]);
    }
  } else if (file.format === "jsonl") {
    for await (const block of jsonLines(file)) {
      count(parseLines(block, file.field));
    }
  } else {
    for await (const rows of readParquet(file, 0, Infinity)) count(rows);
  }
  return units;
}

interface Peer {
  name: string;
  read: (file: SourceFile) => number | Promise<number>;
}

const utf8 = new TextDecoder();

function peerOf(
  { format, compression }: SourceFile,
  peers: Peers,
): Peer | null {
  if (format === "text") {
    return {
      name: "readFile",
      read: ({ path }) => utf8.decode(Deno.readFileSync(path)).length,
    };
  }
  if (format === "jsonl") {
    const unpack = {
      none: (bytes: Uint8Array) => bytes,
      gzip: gunzipSync,
      zstd: zstdDecompressSync,
    }[compression];
    return {
      name: compression === "none" ? "JSON.parse" : "node:zlib, JSON.parse",
      read({ path, field }) {
        const text = utf8.decode(unpack(Deno.readFileSync(path)));
        let units = 0;
        for (const line of text.split("\n")) {
          if (line !== "") units += JSON.parse(line)[field].length;
        }
        return units;
      },
    };
  }
  const { hyparquet } = peers;
  if (!hyparquet) return null;
  // The codecs of our reader, so that readers are compared.
  const compressors = {
    SNAPPY: snappyUncompressor(),
    GZIP: (bytes: Uint8Array) => gunzipSync(bytes),
    ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes),
  };
  return {
    name: PEERS.hyparquet,
    async read({ path, field }) {
      let units = 0;
      await hyparquet.parquetRead({
        file: Deno.readFileSync(path).buffer,
        columns: [field],
        compressors,
        onChunk({ columnData }: { columnData: ArrayLike<string> }) {
          for (let i = 0; i < columnData.length; i++) {
            units += columnData[i].length;
          }
        },
      });
      return units;
    },
  };
}
