/**
 * Byte pair merging of long words in O(n log n): a linked list of parts and a heap of the pairs that may merge.
 * @module
 */

/** The merges of a vocabulary, as numbered pairs. */
export interface Merges {
  /** Rank of merging `left` with `right` (lower goes first), or -1 if they do not merge. */
  rank(left: number, right: number): number;
  /** The token that the merge of this rank makes. */
  merged(rank: number): number;
}

// A heap key holds a pair's rank and place in one number, so that the smallest is the lowest rank and, among equals,
// the leftmost: ranks < 2^21 and places < 2^32 fit a float64's 53 bits.
const PLACES = 2 ** 32;

/**
 * Merges `ids` (the tokens of a word's bytes) down to the word's tokens, as the plain method "merge the lowest
 * ranked pair, leftmost first, until none is left" does.
 */
export function mergeLongWord(ids: Uint32Array, merges: Merges): Uint32Array {
  const n = ids.length;
  const token = ids.slice();
  const next = new Int32Array(n);
  const previous = new Int32Array(n);
  const gone = new Uint8Array(n);
  const heap = new MinHeap(n);
  for (let i = 0; i < n; i++) {
    next[i] = i + 1 < n ? i + 1 : -1;
    previous[i] = i - 1;
  }
  const offer = (at: number) => {
    const rank = merges.rank(token[at], token[next[at]]);
    if (rank >= 0) heap.push(rank * PLACES + at);
  };
  for (let i = 0; i + 1 < n; i++) offer(i);

  while (heap.size > 0) {
    const key = heap.pop();
    const at = key % PLACES;
    const rank = (key - at) / PLACES;
    const right = gone[at] ? -1 : next[at];
    // An entry is stale once either of its two parts has merged with another.
    if (right < 0 || merges.rank(token[at], token[right]) !== rank) continue;
    token[at] = merges.merged(rank);
    gone[right] = 1;
    const after = next[at] = next[right];
    if (after >= 0) {
      previous[after] = at;
      offer(at);
    }
    if (previous[at] >= 0) offer(previous[at]);
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
