/**
 * BPE merges: the table of pairs, and merging the ids of a word.
 * @module
 */
import { mergeLongWord, type Merges } from "./long_merge.ts";

// Up to this length a scan for the best pair is faster than the heap; its cost
// is quadratic.
const MAX_SCANNED_IDS = 96;

/**
 * Merges the lowest ranked pair, leftmost first, until no pair merges; `ids`
 * may be overwritten.
 */
export function mergeWord(ids: Uint32Array, merges: Merges): Uint32Array {
  if (ids.length < 2) return ids;
  return ids.length > MAX_SCANNED_IDS
    ? mergeLongWord(ids, merges)
    : mergeShortWord(ids, merges);
}

/**
 * Like {@linkcode mergeWord}, but scans all pairs before each merge; `ids` is
 * overwritten.
 */
export function mergeShortWord(ids: Uint32Array, merges: Merges): Uint32Array {
  let length = ids.length;
  while (length > 1) {
    let best = -1;
    let at = 0;
    for (let i = 0; i + 1 < length; i++) {
      const rank = merges.rankOf(ids[i], ids[i + 1]);
      if (rank >= 0 && (best < 0 || rank < best)) {
        best = rank;
        at = i;
      }
    }
    if (best < 0) break;
    ids[at] = merges.mergedId(best);
    ids.copyWithin(at + 1, at + 2, length);
    length--;
  }
  return ids.slice(0, length);
}

/**
 * Maps pairs to ranks in an open-addressed hash table: several times as fast as
 * a Map, in the innermost loop of BPE.
 */
export class PairTable implements Merges {
  #mask: number;
  #left: Uint32Array;
  #right: Uint32Array;
  /** Rank + 1; 0 marks a free slot. */
  #rank: Uint32Array;
  #merged: Uint32Array;

  #count = 0;

  /** @param most maximum number of merges */
  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(2, most * 3)));
    this.#mask = size - 1;
    this.#left = new Uint32Array(size);
    this.#right = new Uint32Array(size);
    this.#rank = new Uint32Array(size);
    this.#merged = new Uint32Array(most);
  }

  /**
   * Builds the table of a list of merges.
   * @param merges in order of rank, flat: left id, right id, merged id
   * @param repeated which rank a pair gets that occurs twice
   */
  static from(
    merges: Uint32Array,
    repeated: "first" | "last" = "first",
  ): PairTable {
    const table = new PairTable(merges.length / 3);
    for (let at = 0; at < merges.length; at += 3) {
      table.add(merges[at], merges[at + 1], merges[at + 2], repeated);
    }
    return table;
  }

  /** Adds a merge with the next rank. */
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

  rankOf(left: number, right: number): number {
    return this.#rank[this.#find(left, right)] - 1;
  }

  mergedId(rank: number): number {
    return this.#merged[rank];
  }

  /** Slot of a pair, or the free slot where it belongs. */
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
