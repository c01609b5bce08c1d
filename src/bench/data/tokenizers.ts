/**
 * How fast is each tokenizer, on one thread, compared with a library of its
 * kind?
 * @module
 */
import { join } from "node:path";
import { loadTokenizer } from "../../data/tokenizers/load_tokenizer.ts";
import type { Tokenizer } from "../../data/tokenizers/tokenizer.ts";
import { PEERS, type Peers } from "../peers/data_libraries.ts";
import {
  compareWithPeer,
  type Comparison,
  type Rate,
  type Round,
  timed,
} from "./clock.ts";
import { benchModels, type TokenizerJson } from "./models.ts";
import type { BenchText } from "./text.ts";

/** The speed of a tokenizer. */
export interface TokenizerRow extends Comparison {
  name: string;
  vocabSize: number;
  bytesPerToken: number;
  /** Our rate on a long text, where few words are new. */
  long: Rate;
  /** Name of the library; null without one. */
  peerName: string | null;
  /**
   * Fraction of documents with equal ids from the library, 0 to 1; null without
   * one.
   */
  same: number | null;
}

type Encode = (text: string) => ArrayLike<number>;

/** Bytes of text that are tokenized before any is timed. */
const WARM_BYTES = 1 << 16;

/** Bytes of text in which words recur as often as in a long run. */
const LONG_BYTES = 1 << 23, LONG_ROUNDS = 5;

/** How tokenizers are timed. */
export interface TokenizerOptions {
  /** Folder for the tokenizer.json files. */
  folder: string;
  rounds: number;
  /** Approximate milliseconds per round of the library, or ours without one. */
  roundMs: number;
  onStage: (what: string) => void;
}

/** Times every kind of tokenizer. */
export async function benchTokenizers(
  text: BenchText,
  peers: Peers,
  options: TokenizerOptions,
): Promise<TokenizerRow[]> {
  const rows: TokenizerRow[] = [];
  const row = async (name: string, ours: Tokenizer, peer: Peer | null) => {
    options.onStage(`tokenizer ${name}`);
    rows.push(await benchTokenizer(name, ours, peer, text, options));
  };
  await row("byte", await loadTokenizer("byte"), null);
  await row("gpt2", await loadTokenizer("gpt2"), await tiktoken(peers));
  for (const [name, json] of Object.entries(await benchModels())) {
    const path = join(options.folder, `${name.replaceAll(/\W+/g, "_")}.json`);
    Deno.writeTextFileSync(path, JSON.stringify(json));
    await row(name, await loadTokenizer(path), huggingFace(peers, json));
  }
  return rows;
}

interface Peer {
  name: string;
  encode: Encode;
}

async function tiktoken({ tiktoken }: Peers): Promise<Peer | null> {
  if (!tiktoken) return null;
  const { default: ranks } = await import("js-tiktoken/ranks/gpt2");
  const peer = new tiktoken.Tiktoken(ranks);
  return {
    name: PEERS.tiktoken.replace("/lite", ""),
    encode: (text) => peer.encode(text, [], []),
  };
}

function huggingFace(
  { tokenizers }: Peers,
  json: TokenizerJson,
): Peer | null {
  if (!tokenizers) return null;
  const peer = new tokenizers.Tokenizer(json, {});
  return {
    name: PEERS.tokenizers,
    encode: (text) => peer.encode(text, { add_special_tokens: false }).ids,
  };
}

/** Times one tokenizer; each round has text that neither side has seen. */
async function benchTokenizer(
  name: string,
  ours: Tokenizer,
  peer: Peer | null,
  text: BenchText,
  { rounds, roundMs }: TokenizerOptions,
): Promise<TokenizerRow> {
  const slices = new Slices(text);
  const encodeAll = (encoder: { encode: Encode }, documents: string[]) =>
    documents.map((document) => encoder.encode(document));
  encodeAll(ours, slices.take(WARM_BYTES).documents);
  const most = text.bytes / (rounds + 4);
  let size = WARM_BYTES, ms = 0;
  do {
    const { documents } = slices.take(size);
    ms = (await timed(() => encodeAll(peer ?? ours, documents))).ms;
  } while (ms < roundMs / 2 && (size *= 2) < most);
  const found: { ours?: ArrayLike<number>[]; peer?: ArrayLike<number>[] }[] =
    [];
  const result = await compareWithPeer(
    Array.from({ length: rounds }, (_, i): Round => {
      const { documents, bytes } = slices.take(size);
      found[i] = {};
      return {
        bytes,
        ours: () => void (found[i].ours = encodeAll(ours, documents)),
        ...peer &&
          { peer: () => void (found[i].peer = encodeAll(peer, documents)) },
      };
    }),
  );
  const pairs = found.flatMap(({ ours = [], peer = [] }) =>
    peer.map((ids, i) => equal(ids, ours[i]))
  );
  let tokens = 0, bytes = 0;
  const part = Math.min(LONG_BYTES, text.bytes / 2) / LONG_ROUNDS;
  const long = await compareWithPeer(
    Array.from({ length: LONG_ROUNDS }, (): Round => {
      const slice = slices.take(part);
      bytes += slice.bytes;
      return {
        bytes: slice.bytes,
        ours() {
          for (const one of slice.documents) tokens += ours.encode(one).length;
        },
      };
    }),
  );
  return {
    name,
    vocabSize: ours.vocabSize,
    bytesPerToken: bytes / tokens,
    peerName: peer?.name ?? null,
    ...result,
    long: long.ours,
    same: peer && pairs.filter(Boolean).length / pairs.length,
  };
}

const equal = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length &&
  Array.prototype.every.call(a, (id, i) => id === b[i]);

/** Hands out the documents of a text in slices of a given number of bytes. */
class Slices {
  #next = 0;

  constructor(readonly text: BenchText) {}

  /**
   * The next slice; documents are in scattered order, so that each slice has
   * some of every folder.
   */
  take(wanted: number): { documents: string[]; bytes: number } {
    const { documents, sizes } = this.text, { length } = documents;
    const slice: string[] = [];
    let bytes = 0;
    while (bytes < wanted || slice.length === 0) {
      // A prime stride visits every document once in `length` steps.
      const i = (this.#next++ * 7919) % length;
      slice.push(documents[i]);
      bytes += sizes[i];
    }
    return { documents: slice, bytes };
  }
}
