/**
 * BPE merges of long words in O(n log n): a linked list of tokens and a heap of
 * the pairs that can merge.
 * @module
 */

/** The merges of a vocabulary, as numbered pairs. */
export interface Merges {
  /**
   * Rank of the merge of `left` and `right` (lower ranks merge first); -1 if
   * they do not merge.
   */
  rankOf(left: number, right: number): number;
  /** Id of the token that the merge of this rank produces. */
  mergedId(rank: number): number;
}

// A heap key combines the rank and position of a pair, so that the smallest key
// has the lowest rank and, among equal ranks, the leftmost position: ranks <
// 2^21 and positions < 2^32 fit the 53 bits of a float64.
const POSITIONS = 2 ** 32;

/**
 * Merges `ids` (the tokens of the bytes of a word) to the tokens of the word:
 * the lowest ranked pair first, leftmost among equals, until no pair merges.
 */
export function mergeLongWord(ids: Uint32Array, merges: Merges): Uint32Array {
  const n = ids.length;
  const token = ids.slice();
  const next = new Int32Array(n);
  const previous = new Int32Array(n);
  const merged = new Uint8Array(n);
  const heap = new MinHeap(n);
  for (let i = 0; i < n; i++) {
    next[i] = i + 1 < n ? i + 1 : -1;
    previous[i] = i - 1;
  }
  const pushPair = (at: number) => {
    const rank = merges.rankOf(token[at], token[next[at]]);
    if (rank >= 0) heap.push(rank * POSITIONS + at);
  };
  for (let i = 0; i + 1 < n; i++) pushPair(i);

  while (heap.size > 0) {
    const key = heap.pop();
    const at = key % POSITIONS;
    const rank = (key - at) / POSITIONS;
    const right = merged[at] ? -1 : next[at];
    // An entry is stale once either of its two tokens has merged.
    if (right < 0 || merges.rankOf(token[at], token[right]) !== rank) continue;
    token[at] = merges.mergedId(rank);
    merged[right] = 1;
    const after = next[at] = next[right];
    if (after >= 0) {
      previous[after] = at;
      pushPair(at);
    }
    if (previous[at] >= 0) pushPair(previous[at]);
  }

  let count = 0;
  for (let i = 0; i >= 0; i = next[i]) token[count++] = token[i];
  return token.slice(0, count);
}

/** A binary heap of numbers, smallest first. */
class MinHeap {
  size = 0;
  #keys: Float64Array;

  constructor(capacity: number) {
    this.#keys = new Float64Array(Math.max(1, capacity));
  }

  push(key: number): void {
    if (this.size === this.#keys.length) {
      const bigger = new Float64Array(this.size * 2);
      bigger.set(this.#keys);
      this.#keys = bigger;
    }
    const keys = this.#keys;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent] <= key) break;
      keys[at] = keys[parent];
      at = parent;
    }
    keys[at] = key;
  }

  pop(): number {
    const keys = this.#keys;
    const top = keys[0];
    const key = keys[--this.size];
    let at = 0;
    for (let child = 1; child < this.size; child = 2 * at + 1) {
      if (child + 1 < this.size && keys[child + 1] < keys[child]) child++;
      if (keys[child] >= key) break;
      keys[at] = keys[child];
      at = child;
    }
    keys[at] = key;
    return top;
  }
}
