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

// What a Map spends on an entry, with the string's header; measured as 70 to 90 bytes.
const ENTRY_BYTES = 80;
// A place packs where a word's ids begin in the pool and how many there are.
const COUNT_BITS = 8;
const MOST_IDS = 2 ** COUNT_BITS - 1;
const POOL_LIMIT = 2 ** (31 - COUNT_BITS - 1);
// From this length on V8 makes a slice refer to the text it was cut from, and a cached word would keep its document.
const SLICE_UNITS = 13;

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

let limit = WORD_CACHE_BYTES;

/** Says how many threads there are: of many, each has a smaller cache, as memory does not grow with them. */
export function shareWordCaches(threads: number): void {
  limit = Math.min(WORD_CACHE_BYTES, Math.floor(ALL_CACHES_BYTES / threads));
}

/** Words to ids. When it is full it starts anew, so that it follows a change of language or subject. */
export class WordCache {
  /** A word's one id, or ~place for any other number of ids: most words are one token. */
  #known = new Map<string, number>();
  #pool = new Uint32Array(1 << 12);
  #used = 0;
  #bytes = 0;

  /** Appends the ids of `word` to `out` if they are known, and says whether. */
  append(word: string, out: IdList): boolean {
    const known = this.#known.get(word);
    if (known === undefined) return false;
    if (known >= 0) {
      out.push(known);
    } else {
      const place = ~known;
      const from = place >>> COUNT_BITS;
      out.append(this.#pool, from, from + (place & MOST_IDS));
    }
    return true;
  }

  /** Keeps the ids of a word, unless the word is long. */
  add(word: string, ids: Uint32Array): void {
    if (word.length > CACHED_WORD_UNITS || ids.length > MOST_IDS) return;
    const bytes = ENTRY_BYTES + word.length * 2 + ids.length * 4;
    if (
      this.#bytes + bytes > limit ||
      this.#used + ids.length > POOL_LIMIT
    ) {
      this.#known.clear();
      this.#used = this.#bytes = 0;
    }
    this.#bytes += bytes;
    const own = word.length < SLICE_UNITS
      ? word
      : fromUtf8.decode(utf8.encode(word));
    if (ids.length === 1 && ids[0] < 2 ** 31) {
      this.#known.set(own, ids[0]);
      return;
    }
    if (this.#used + ids.length > this.#pool.length) {
      const bigger = new Uint32Array(this.#pool.length * 2);
      bigger.set(this.#pool.subarray(0, this.#used));
      this.#pool = bigger;
    }
    this.#pool.set(ids, this.#used);
    this.#known.set(own, ~(this.#used << COUNT_BITS | ids.length));
    this.#used += ids.length;
  }
}
