/**
 * A bounded memory of the words already turned into ids: in natural text most words come again.
 * @module
 */
import type { IdList } from "./id_list.ts";

/** What a cache may take, in bytes: one a thread. */
export const WORD_CACHE_BYTES = 32 * 2 ** 20;
/** What those of all threads may take together. */
const ALL_CACHES_BYTES = 128 * 2 ** 20;
/** Longer words (in UTF-16 units) seldom come twice. */
export const CACHED_WORD_UNITS = 64;

// A record: the word's length and the number of its ids, the ids (low half, high half), the word.
const HEAD_UNITS = 2;
const MOST_IDS = 2 ** 12;
// The table is between a quarter and a half full, at eight bytes a place; the pool at least half full.
const ENTRY_BYTES = 32;
const UNIT_BYTES = 4;
const FIRST_PLACES = 1 << 10;

let limit = WORD_CACHE_BYTES;

/** Says how many threads there are: of many, each has a smaller cache, as memory does not grow with them. */
export function shareWordCaches(threads: number): void {
  limit = Math.min(WORD_CACHE_BYTES, Math.floor(ALL_CACHES_BYTES / threads));
}

/**
 * Words to ids. When it is full it starts anew, so that it follows a change of language or subject. It looks words up
 * where they stand in the text: a Map would have each cut out first, which takes longer than to find it.
 */
export class WordCache {
  /** For each place a word's hash, and where its record begins + 1; 0 marks a free place. */
  #table = new Uint32Array(2 * FIRST_PLACES);
  #pool = new Uint16Array(1 << 12);
  #used = 0;
  #words = 0;

  /** Appends the ids of a word, `text` from `start` to `end`, to `out` if they are known, and says whether. */
  append(text: string, out: IdList, start = 0, end = text.length): boolean {
    if (end - start > CACHED_WORD_UNITS) return false;
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

  /** Keeps the ids of a word, unless the word is long. */
  add(text: string, ids: Uint32Array, start = 0, end = text.length): void {
    const length = end - start;
    if (length > CACHED_WORD_UNITS || ids.length > MOST_IDS) return;
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

  /** Index of the hash of a word in the table, or of the free place where it would go. */
  #find(text: string, start: number, end: number, hash: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let place = 2 * hash & mask;
    while (table[place + 1] !== 0) {
      if (
        table[place] === hash &&
        this.#is(table[place + 1] - 1, text, start, end)
      ) break;
      place = place + 2 & mask;
    }
    return place;
  }

  #is(record: number, text: string, start: number, end: number): boolean {
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
