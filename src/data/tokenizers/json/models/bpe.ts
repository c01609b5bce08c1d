/**
 * Byte pair encoding, of characters or of bytes written as characters.
 * @module
 */
import type { Model } from "./model.ts";
import { mergeWord, PairTable } from "../../gpt2/pair_table.ts";
import type { Part } from "../part.ts";
import { brief } from "../../../../terminal/quote.ts";
import { idOf, readVocab } from "./vocab.ts";

/** The options of a BPE model. */
interface BpeOptions {
  vocab: Map<string, number>;
  /** Tokens by pairs, lowest rank first, flat: left id, right id, merged id. */
  merges: Uint32Array;
  /** Stands for characters that are no token; they are dropped where it is null. */
  unkId: number | null;
  /** Whether unknown characters in a row are one unknown token. */
  fuseUnk: boolean;
  /** Written before each character but a word's first, to look it up. */
  prefix: string;
  /** Written after a word's last character, to look it up. */
  suffix: string;
  /** Whether unknown characters are spelled by `<0x..>` tokens. */
  byteFallback: boolean;
  /** Whether a word that is a token is that token, however its merges go. */
  ignoreMerges: boolean;
}

// The pairs of units that stand beside each other inside a token, as a filter: it may take a pair for one of them that
// is none, which makes a part longer, never the reverse.
const PAIR_BITS = 23;

type PartEnd = (word: string, start: number) => number;

const utf8 = new TextEncoder();

/**
 * Reads a BPE model.
 * @throws {UserError} naming the field that is wrong.
 */
export function readBpe(part: Part): Model {
  const dropout = part.at("dropout");
  if (!dropout.absent && dropout.value !== 0) {
    dropout.fail("null or 0, as ids drawn at random cannot be stored");
  }
  const vocab = readVocab(part.at("vocab"));
  const prefix = part.at("continuing_subword_prefix").text("");
  const unk = part.at("unk_token");
  return new Bpe({
    vocab,
    merges: readMerges(part.at("merges"), vocab, prefix),
    unkId: unk.absent ? null : idOf(vocab, unk),
    fuseUnk: part.at("fuse_unk").flag(false),
    prefix,
    suffix: part.at("end_of_word_suffix").text(""),
    byteFallback: part.at("byte_fallback").flag(false),
    ignoreMerges: part.at("ignore_merges").flag(false),
  });
}

/** Merges as `"left right"` or `[left, right]`. */
function readMerges(
  part: Part,
  vocab: Map<string, number>,
  prefix: string,
): Uint32Array {
  if (!Array.isArray(part.value)) part.fail("a list");
  const list = part.value as unknown[];
  const merges = new Uint32Array(list.length * 3);
  list.forEach((merge, rank) => {
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (
      !Array.isArray(pair) || pair.length !== 2 ||
      typeof pair[0] !== "string" || typeof pair[1] !== "string"
    ) part.at(rank).fail("two tokens");
    const [left, right] = pair as [string, string];
    const tokens = [left, right, left + right.slice(prefix.length)];
    tokens.forEach((token, i) => {
      const id = vocab.get(token);
      if (id === undefined) {
        throw part.at(rank).error(
          `names the token ${brief(token)}, which the vocabulary does not have`,
        );
      }
      merges[rank * 3 + i] = id;
    });
  });
  return merges;
}

class Bpe implements Model {
  readonly vocab: ReadonlyMap<string, number>;
  readonly partEnd?: PartEnd;
  #options: BpeOptions;
  #merges: PairTable;
  /** Ids of the characters of one unit, or -1; only where characters are looked up as they are. */
  #unitIds: Int32Array | null = null;
  /** Ids of `<0x00>` to `<0xFF>`, or -1. */
  #byteIds = new Int32Array(256).fill(-1);

  constructor(options: BpeOptions) {
    const { vocab, merges, prefix, suffix } = options;
    this.#options = options;
    this.vocab = vocab;
    this.#merges = PairTable.of(merges, "last");
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
    // Made when it is first needed: models that get short words never do.
    let find: PartEnd | null = null;
    this.partEnd = (word, start) =>
      (find ??= this.#partFinder(units))(word, start);
  }

  encode(word: string): Uint32Array {
    if (this.#options.ignoreMerges) {
      const id = this.vocab.get(word);
      if (id !== undefined) return Uint32Array.of(id);
    }
    return mergeWord(this.#characters(word), this.#merges);
  }

  /** Ids of the characters of a word, before any merge. */
  #characters(word: string): Uint32Array {
    const { unkId, fuseUnk, byteFallback, prefix, suffix } = this.#options;
    const units = this.#unitIds;
    let ids = new Uint32Array(word.length);
    let count = 0;
    const add = (id: number) => {
      // Only bytes can outnumber the units.
      if (count === ids.length) {
        const bigger = new Uint32Array(count * 3);
        bigger.set(ids);
        ids = bigger;
      }
      ids[count++] = id;
    };
    // As the reference does, an unknown token waits for the next known character, even behind bytes.
    let waiting = false;
    for (let at = 0, end = 0; at < word.length; at = end) {
      const wide = (word.charCodeAt(at) & 0xfc00) === 0xd800;
      end = Math.min(word.length, at + (wide ? 2 : 1));
      let id: number | undefined;
      let text = "";
      if (units && !wide) {
        id = units[word.charCodeAt(at)];
        if (id < 0) id = undefined;
      } else {
        text = (at > 0 ? prefix : "") + word.slice(at, end) +
          (end === word.length ? suffix : "");
        id = this.vocab.get(text);
      }
      if (id !== undefined) {
        if (waiting) add(unkId!);
        waiting = false;
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
      if (waiting && !fuseUnk) add(unkId);
      waiting = true;
    }
    if (waiting) add(unkId!);
    return ids.subarray(0, count);
  }

  /**
   * Finds parts for models that take whole texts as one word (SentencePiece's). No merge spans two units that stand
   * beside each other in no token, so a text can be cut between them; what is unknown must not fuse or vanish there.
   */
  #partFinder(units: Int32Array): PartEnd {
    const { vocab, byteFallback } = this.#options;
    const allBytes = byteFallback && this.#byteIds.every((id) => id >= 0);
    // A byte's token may merge like any other, but its text is not what it spells.
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
