/**
 * Byte pair merging: the table of merges, and a word's ids merged by it.
 * @module
 */
import { mergeLongWord, type Merges } from "./long_merge.ts";

// Up to here a scan for the best pair beats the heap; beyond, its cost would be quadratic.
const LONG_WORD_IDS = 96;

/** Merges the lowest ranked pair, leftmost first, until none is left; `ids` may be overwritten. */
export function mergeWord(ids: Uint32Array, merges: Merges): Uint32Array {
  if (ids.length < 2) return ids;
  return ids.length > LONG_WORD_IDS
    ? mergeLongWord(ids, merges)
    : mergeShortWord(ids, merges);
}

/** As {@linkcode mergeWord}, by scanning all pairs each time; `ids` is overwritten. */
export function mergeShortWord(ids: Uint32Array, merges: Merges): Uint32Array {
  let length = ids.length;
  while (length > 1) {
    let best = -1;
    let at = 0;
    for (let i = 0; i + 1 < length; i++) {
      const rank = merges.rank(ids[i], ids[i + 1]);
      if (rank >= 0 && (best < 0 || rank < best)) {
        best = rank;
        at = i;
      }
    }
    if (best < 0) break;
    ids[at] = merges.merged(best);
    ids.copyWithin(at + 1, at + 2, length);
    length--;
  }
  return ids.slice(0, length);
}

/** Pairs to ranks in an open-addressed table: several times a Map's speed, for the innermost look-up there is. */
export class PairTable implements Merges {
  #mask: number;
  #left: Uint32Array;
  #right: Uint32Array;
  /** Rank + 1; 0 marks a free place. */
  #rank: Uint32Array;
  #merged: Uint32Array;

  #count = 0;

  /** @param most merges that it has room for */
  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, most * 3)));
    this.#mask = size - 1;
    this.#left = new Uint32Array(size);
    this.#right = new Uint32Array(size);
    this.#rank = new Uint32Array(size);
    this.#merged = new Uint32Array(most);
  }

  /**
   * A table of some merges.
   * @param merges by rank, lowest first, flat: left id, right id, merged id
   * @param repeated which rank a pair has that is named twice
   */
  static of(
    merges: Uint32Array,
    repeated: "first" | "last" = "first",
  ): PairTable {
    const table = new PairTable(merges.length / 3);
    for (let at = 0; at < merges.length; at += 3) {
      table.add(merges[at], merges[at + 1], merges[at + 2], repeated);
    }
    return table;
  }

  /** Adds the merge of the next rank. */
  add(
    left: number,
    right: number,
    merged: number,
    repeated: "first" | "last" = "first",
  ): void {
    const rank = this.#count++;
    this.#merged[rank] = merged;
    const place = this.#find(left, right);
    if (this.#rank[place] !== 0 && repeated === "first") return;
    this.#left[place] = left;
    this.#right[place] = right;
    this.#rank[place] = rank + 1;
  }

  rank(left: number, right: number): number {
    return this.#rank[this.#find(left, right)] - 1;
  }

  merged(rank: number): number {
    return this.#merged[rank];
  }

  /** The place of a pair, or the free one where it would go. */
  #find(left: number, right: number): number {
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    let place = hash & this.#mask;
    while (
      this.#rank[place] !== 0 &&
      (this.#left[place] !== left || this.#right[place] !== right)
    ) place = (place + 1) & this.#mask;
    return place;
  }
}
