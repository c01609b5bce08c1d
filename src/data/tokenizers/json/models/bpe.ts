/**
 * The BPE model, over characters or over bytes mapped to characters.
 * @module
 */
import { brief } from "../../../../terminal/quote.ts";
import { mergeWord, PairTable } from "../../gpt2/pair_table.ts";
import type { JsonNode } from "../json_node.ts";
import type { TokenModel } from "./model.ts";
import { readVocab, tokenId } from "./vocab.ts";

/** The options of a BPE model. */
interface BpeOptions {
  vocab: Map<string, number>;
  /** Merges in order of rank, flat: left id, right id, merged id. */
  merges: Uint32Array;
  /** Replaces characters that are not tokens; null drops them. */
  unkId: number | null;
  /** Whether consecutive unknown characters become one unknown token. */
  fuseUnk: boolean;
  /** Prepended to each character except the first of a word for the look-up. */
  prefix: string;
  /** Appended to the last character of a word for the look-up. */
  suffix: string;
  /** Whether unknown characters become `<0x..>` byte tokens. */
  byteFallback: boolean;
  /**
   * Whether a word that is in the vocabulary is encoded as that token without
   * merges.
   */
  ignoreMerges: boolean;
}

// Size of the filter of unit pairs that are adjacent inside a token. A false
// positive only makes a segment longer; there are no false negatives.
const PAIR_BITS = 23;

type SegmentEnd = (word: string, start: number) => number;

const utf8 = new TextEncoder();

/**
 * Reads a BPE model.
 * @throws {UserError} naming the invalid field.
 */
export function readBpe(node: JsonNode): TokenModel {
  const dropout = node.at("dropout");
  if (!dropout.absent && dropout.value !== 0) {
    dropout.fail("null or 0, as ids drawn at random cannot be stored");
  }
  const vocab = readVocab(node.at("vocab"));
  const prefix = node.at("continuing_subword_prefix").asText("");
  const unk = node.at("unk_token");
  return new Bpe({
    vocab,
    merges: readMerges(node.at("merges"), vocab, prefix),
    unkId: unk.absent ? null : tokenId(vocab, unk),
    fuseUnk: node.at("fuse_unk").asBoolean(false),
    prefix,
    suffix: node.at("end_of_word_suffix").asText(""),
    byteFallback: node.at("byte_fallback").asBoolean(false),
    ignoreMerges: node.at("ignore_merges").asBoolean(false),
  });
}

/** Reads merges, each `"left right"` or `[left, right]`. */
function readMerges(
  node: JsonNode,
  vocab: Map<string, number>,
  prefix: string,
): Uint32Array {
  if (!Array.isArray(node.value)) node.fail("a list");
  const list = node.value as unknown[];
  const merges = new Uint32Array(list.length * 3);
  list.forEach((merge, rank) => {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (
      !Array.isArray(pair) || pair.length !== 2 ||
      typeof pair[0] !== "string" || typeof pair[1] !== "string"
    ) node.at(rank).fail("two tokens");
    const [left, right] = pair as [string, string];
    const tokens = [left, right, left + right.slice(prefix.length)];
    tokens.forEach((token, i) => {
      const id = vocab.get(token);
      if (id === undefined) {
        throw node.at(rank).error(
          `names the token ${brief(token)}, which the vocabulary does not have`,
        );
      }
      merges[rank * 3 + i] = id;
    });
  });
  return merges;
}

class Bpe implements TokenModel {
  readonly vocab: ReadonlyMap<string, number>;
  readonly segmentEnd?: SegmentEnd;
  #options: BpeOptions;
  #merges: PairTable;
  /**
   * Ids of single-unit characters, or -1; null if characters get a prefix or
   * suffix.
   */
  #unitIds: Int32Array | null = null;
  /** Ids of `<0x00>` to `<0xFF>`, or -1. */
  #byteIds = new Int32Array(256).fill(-1);

  constructor(options: BpeOptions) {
    const { vocab, merges, prefix, suffix } = options;
    this.#options = options;
    this.vocab = vocab;
    this.#merges = PairTable.from(merges, "last");
    for (let byte = 0; byte < 256; byte++) {
      const hex = byte.toString(16).toUpperCase().padStart(2, "0");
      this.#byteIds[byte] = vocab.get(`<0x${hex}>`) ?? -1;
    }
    if (prefix !== "" || suffix !== "") return;
    this.#unitIds = new Int32Array(0x10000).fill(-1);
    for (const [token, id] of vocab) {
      if (token.length === 1) this.#unitIds[token.charCodeAt(0)] = id;
    }
    if (options.ignoreMerges) return;
    const units = this.#unitIds;
    // Built on first use: models that get only short words do not need it.
    let find: SegmentEnd | null = null;
    this.segmentEnd = (word, start) =>
      (find ??= this.#segmentFinder(units))(word, start);
  }

  encode(word: string): Uint32Array {
    if (this.#options.ignoreMerges) {
      const id = this.vocab.get(word);
      if (id !== undefined) return Uint32Array.of(id);
    }
    return mergeWord(this.#characters(word), this.#merges);
  }

  /** Ids of the characters of a word, before merges. */
  #characters(word: string): Uint32Array {
    const { unkId, fuseUnk, byteFallback, prefix, suffix } = this.#options;
    const units = this.#unitIds;
    let ids = new Uint32Array(word.length);
    let count = 0;
    const add = (id: number) => {
      // Only byte tokens can outnumber the UTF-16 units.
      if (count === ids.length) {
        const bigger = new Uint32Array(count * 3);
        bigger.set(ids);
        ids = bigger;
      }
      ids[count++] = id;
    };
    // As in the reference, an unknown token is emitted before the next known
    // character, even after byte tokens.
    let pendingUnknown = false;
    for (let at = 0, end = 0; at < word.length; at = end) {
      const isSurrogatePair = (word.charCodeAt(at) & 0xfc00) === 0xd800;
      end = Math.min(word.length, at + (isSurrogatePair ? 2 : 1));
      let id: number | undefined;
      let text = "";
      if (units && !isSurrogatePair) {
        id = units[word.charCodeAt(at)];
        if (id < 0) id = undefined;
      } else {
        text = (at > 0 ? prefix : "") + word.slice(at, end) +
          (end === word.length ? suffix : "");
        id = this.vocab.get(text);
      }
      if (id !== undefined) {
        if (pendingUnknown) add(unkId!);
        pendingUnknown = false;
        add(id);
        continue;
      }
      if (byteFallback) {
        const bytes = utf8.encode(text || word[at]);
        if (bytes.every((byte) => this.#byteIds[byte] >= 0)) {
          for (const byte of bytes) add(this.#byteIds[byte]);
          continue;
        }
      }
      if (unkId === null) continue;
      if (pendingUnknown && !fuseUnk) add(unkId);
      pendingUnknown = true;
    }
    if (pendingUnknown) add(unkId!);
    return ids.subarray(0, count);
  }

  /**
   * Finds segments for models that take whole texts as one word
   * (SentencePiece's). No merge spans two units that are adjacent in no token,
   * so a text can be split between them, unless unknown characters could fuse
   * or be dropped there.
   */
  #segmentFinder(units: Int32Array): SegmentEnd {
    const { vocab, byteFallback } = this.#options;
    const allBytes = byteFallback && this.#byteIds.every((id) => id >= 0);
    // A byte token may merge like any other, but its text is not the byte it
    // encodes.
    const bytes = new Set(this.#byteIds);
    for (let i = 0; i < this.#options.merges.length; i++) {
      if (bytes.has(this.#options.merges[i])) {
        return (word) => word.length;
      }
    }
    const joined = new Uint8Array(2 ** (PAIR_BITS - 3));
    for (const token of vocab.keys()) {
      for (let i = 1; i < token.length; i++) {
        const pair = pairHash(token.charCodeAt(i - 1), token.charCodeAt(i));
        joined[pair >>> 3] |= 1 << (pair & 7);
      }
    }
    return (word, start) => {
      let left = word.charCodeAt(start);
      for (let at = start + 1; at < word.length; at++) {
        const right = word.charCodeAt(at);
        const pair = pairHash(left, right);
        if (
          (joined[pair >>> 3] & 1 << (pair & 7)) === 0 &&
          (right & 0xfc00) !== 0xdc00 &&
          (allBytes || units[left] >= 0 && units[right] >= 0)
        ) return at;
        left = right;
      }
      return word.length;
    };
  }
}

function pairHash(left: number, right: number): number {
  const hash = Math.imul(left << 16 | right, 0x9e3779b1);
  return (hash ^ hash >>> 15) >>> (32 - PAIR_BITS);
}
