/**
 * The unigram language model (SentencePiece's): the most likely segmentation of
 * a word into tokens.
 * @module
 */
import { brief } from "../../../../terminal/quote.ts";
import { PairTable } from "../../gpt2/pair_table.ts";
import type { JsonNode } from "../json_node.ts";
import type { TokenModel } from "./model.ts";

// The score of an unknown character is this much below that of the least likely
// token.
const UNK_PENALTY = 10;

const utf8 = new TextEncoder();

/**
 * Reads a Unigram model.
 * @throws {UserError} naming the invalid field.
 */
export function readUnigram(node: JsonNode): TokenModel {
  const list = node.at("vocab");
  if (!Array.isArray(list.value)) list.fail("a list");
  const pieces = list.value as unknown[];
  const vocab = new Map<string, number>();
  const scores = new Float64Array(pieces.length);
  pieces.forEach((piece, id) => {
    if (
      !Array.isArray(piece) || piece.length !== 2 ||
      typeof piece[0] !== "string" || !piece[0].isWellFormed() ||
      !Number.isFinite(piece[1])
    ) list.at(id).fail("a token and its score");
    const [token, score] = piece as [string, number];
    if (vocab.has(token)) {
      throw list.at(id).error(
        `repeats the token ${brief(token)}`,
      );
    }
    vocab.set(token, id);
    scores[id] = score;
  });
  const unk = node.at("unk_id");
  if (unk.absent || unk.asCount() >= pieces.length) {
    unk.fail(`an id in the vocabulary of ${pieces.length} tokens`);
  }
  return new Unigram(
    vocab,
    scores,
    unk.asCount(),
    node.at("byte_fallback").asBoolean(false),
  );
}

class Unigram implements TokenModel {
  readonly vocab: ReadonlyMap<string, number>;
  #scores: Float64Array;
  #unkId: number;
  #unkScore: number;
  #byteIds: (number | undefined)[] | null;
  /** A trie as a map (node, unit) -> node; node 0 is the root. */
  #trie: PairTable;
  /** Token that ends at each node, or -1. */
  #tokenAt: Int32Array;
  // Best segmentation up to each position; the arrays are reused between words.
  #bestScore = new Float64Array(64);
  #bestStart = new Int32Array(64);
  #bestToken = new Int32Array(64);

  constructor(
    vocab: Map<string, number>,
    scores: Float64Array,
    unkId: number,
    byteFallback: boolean,
  ) {
    this.vocab = vocab;
    this.#scores = scores;
    this.#unkId = unkId;
    this.#unkScore = scores.reduce((a, b) => Math.min(a, b), Infinity) -
      UNK_PENALTY;
    this.#byteIds = byteFallback
      ? Array.from({ length: 256 }, (_, byte) => {
        const hex = byte.toString(16).toUpperCase().padStart(2, "0");
        return vocab.get(`<0x${hex}>`);
      })
      : null;
    [this.#trie, this.#tokenAt] = buildTrie(vocab);
  }

  encode(word: string): Uint32Array {
    this.#findBestSegmentation(word);
    // Backwards from the end; consecutive unknown characters are one piece.
    const ids: number[] = [];
    let unknownEnd = -1;
    for (let end = word.length; end > 0;) {
      const start = this.#bestStart[end];
      if (this.#bestToken[end] === this.#unkId) {
        if (unknownEnd < 0) unknownEnd = end;
        const before = start > 0 && this.#bestToken[start] === this.#unkId;
        if (!before) {
          this.#pushUnknown(word.slice(start, unknownEnd), ids);
          unknownEnd = -1;
        }
      } else {
        ids.push(this.#bestToken[end]);
      }
      end = start;
    }
    return Uint32Array.from(ids.reverse());
  }

  /**
   * Finds the most likely segmentation up to each position of a word (Viterbi).
   */
  #findBestSegmentation(word: string): void {
    const length = word.length;
    if (this.#bestScore.length <= length) {
      this.#bestScore = new Float64Array(length * 2);
      this.#bestStart = new Int32Array(length * 2);
      this.#bestToken = new Int32Array(length * 2);
    }
    const score = this.#bestScore;
    const from = this.#bestStart.fill(-1, 0, length + 1);
    const by = this.#bestToken;
    score[0] = 0;
    const offer = (start: number, end: number, id: number, gain: number) => {
      const total = gain + score[start];
      if (from[end] >= 0 && total <= score[end]) return;
      score[end] = total;
      from[end] = start;
      by[end] = id;
    };
    for (let start = 0, next = 0; start < length; start = next) {
      const isSurrogatePair = (word.charCodeAt(start) & 0xfc00) === 0xd800;
      next = Math.min(length, start + (isSurrogatePair ? 2 : 1));
      let single = false;
      let node = 0;
      for (let at = start; at < length; at++) {
        const rank = this.#trie.rankOf(node, word.charCodeAt(at));
        if (rank < 0) break;
        node = this.#trie.mergedId(rank);
        const id = this.#tokenAt[node];
        if (id < 0) continue;
        offer(start, at + 1, id, this.#scores[id]);
        if (at + 1 === next) single = true;
      }
      if (!single) offer(start, next, this.#unkId, this.#unkScore);
    }
  }

  /**
   * Appends the ids of an unknown piece in reverse order: its byte tokens, or
   * the unknown token.
   */
  #pushUnknown(piece: string, ids: number[]): void {
    const known = this.vocab.get(piece);
    if (known !== undefined) {
      ids.push(known);
      return;
    }
    const bytes = this.#byteIds;
    const spelled = bytes && Array.from(utf8.encode(piece), (b) => bytes[b]);
    if (spelled?.every((id) => id !== undefined)) {
      ids.push(...spelled.reverse() as number[]);
    } else {
      ids.push(this.#unkId);
    }
  }
}

/**
 * Builds a trie of the UTF-16 units of all tokens, and the token that ends at
 * each node.
 */
function buildTrie(
  vocab: ReadonlyMap<string, number>,
): [PairTable, Int32Array] {
  // Each sorted token shares a prefix with the previous one, so building needs
  // no look-ups.
  const tokens = [...vocab.keys()].filter((token) => token !== "").sort();
  const edges: number[] = [];
  const ends = [-1];
  const path = [0];
  let previous = "";
  for (const token of tokens) {
    let shared = 0;
    while (
      shared < previous.length &&
      previous.charCodeAt(shared) === token.charCodeAt(shared)
    ) shared++;
    for (let at = shared; at < token.length; at++) {
      edges.push(path[at], token.charCodeAt(at), ends.length);
      path[at + 1] = ends.length;
      ends.push(-1);
    }
    ends[path[token.length]] = vocab.get(token)!;
    previous = token;
  }
  return [PairTable.from(Uint32Array.from(edges)), Int32Array.from(ends)];
}
