/**
 * A bounded cache from words to ids: most words of natural text occur
 * repeatedly.
 * @module
 */
import type { IdList } from "./id_list.ts";

/**
 * Maximum size of a cache in bytes; there is one cache per tokenizer and
 * thread.
 */
export const MAX_CACHE_BYTES = 32 * 2 ** 20;
/** Maximum size of the caches of all threads together, in bytes. */
const MAX_BYTES_ALL_THREADS = 128 * 2 ** 20;
/** Longer words (in UTF-16 units) rarely repeat and are not cached. */
export const MAX_CACHED_WORD_UNITS = 64;

// A record holds the length of the word, the number of its ids, the ids (low
// half, high half) and the word.
const HEAD_UNITS = 2;
const MAX_IDS_PER_WORD = 2 ** 12;
// The table is between a quarter and half full, at eight bytes per slot; the
// pool is at least half full.
const ENTRY_BYTES = 32;
const UNIT_BYTES = 4;
const FIRST_PLACES = 1 << 10;

let limit = MAX_CACHE_BYTES;

/**
 * Sets the cache limit for a number of threads, so that all caches together
 * stay below a fixed size.
 */
export function limitWordCaches(threads: number): void {
  limit = Math.min(
    MAX_CACHE_BYTES,
    Math.floor(MAX_BYTES_ALL_THREADS / threads),
  );
}

/**
 * Cache from words to ids. When full it is cleared, so it adapts to a change of
 * language or subject. Words are looked up in place in the text: a Map needs a
 * substring per word, and creating it takes longer than the look-up.
 */
export class WordCache {
  /**
   * Two numbers per slot: hash of the word, and start of its record + 1; 0
   * marks a free slot.
   */
  #table = new Uint32Array(2 * FIRST_PLACES);
  #pool = new Uint16Array(1 << 12);
  #used = 0;
  #words = 0;

  /**
   * Appends the ids of the word from `start` to `end` of `text` to `out` if
   * they are cached.
   * @returns whether they are cached
   */
  appendIds(text: string, out: IdList, start = 0, end = text.length): boolean {
    if (end - start > MAX_CACHED_WORD_UNITS) return false;
    const place = this.#find(text, start, end, hashOf(text, start, end));
    const record = this.#table[place + 1] - 1;
    if (record < 0) return false;
    const pool = this.#pool;
    const stop = record + HEAD_UNITS + 2 * pool[record + 1];
    for (let at = record + HEAD_UNITS; at < stop; at += 2) {
      out.push((pool[at] | pool[at + 1] << 16) >>> 0);
    }
    return true;
  }

  /** Caches the ids of a word, unless the word is long. */
  add(text: string, ids: Uint32Array, start = 0, end = text.length): void {
    const length = end - start;
    if (length > MAX_CACHED_WORD_UNITS || ids.length > MAX_IDS_PER_WORD) return;
    const units = HEAD_UNITS + 2 * ids.length + length;
    const bytes = (this.#words + 1) * ENTRY_BYTES +
      (this.#used + units) * UNIT_BYTES;
    if (bytes > limit) {
      this.#table.fill(0);
      this.#used = this.#words = 0;
    }
    const hash = hashOf(text, start, end);
    const place = this.#find(text, start, end, hash);
    if (this.#table[place + 1] !== 0) return;
    if (this.#used + units > this.#pool.length) {
      const bigger = new Uint16Array(this.#pool.length * 2);
      bigger.set(this.#pool);
      this.#pool = bigger;
    }
    this.#table[place] = hash;
    this.#table[place + 1] = this.#used + 1;
    const pool = this.#pool;
    let at = this.#used;
    pool[at++] = length;
    pool[at++] = ids.length;
    for (let i = 0; i < ids.length; i++) {
      pool[at++] = ids[i];
      pool[at++] = ids[i] >>> 16;
    }
    for (let i = start; i < end; i++) pool[at++] = text.charCodeAt(i);
    this.#used = at;
    if (++this.#words * 4 > this.#table.length) this.#grow();
  }

  /** Table index of a word, or of the free slot where it belongs. */
  #find(text: string, start: number, end: number, hash: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let place = 2 * hash & mask;
    while (table[place + 1] !== 0) {
      if (
        table[place] === hash &&
        this.#matches(table[place + 1] - 1, text, start, end)
      ) break;
      place = place + 2 & mask;
    }
    return place;
  }

  #matches(record: number, text: string, start: number, end: number): boolean {
    const pool = this.#pool;
    if (pool[record] !== end - start) return false;
    let at = record + HEAD_UNITS + 2 * pool[record + 1];
    for (let i = start; i < end; i++) {
      if (pool[at++] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  #grow(): void {
    const old = this.#table;
    const table = new Uint32Array(2 * old.length);
    const mask = table.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue;
      let place = 2 * old[from] & mask;
      while (table[place + 1] !== 0) place = place + 2 & mask;
      table[place] = old[from];
      table[place + 1] = old[from + 1];
    }
    this.#table = table;
  }
}

function hashOf(text: string, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
