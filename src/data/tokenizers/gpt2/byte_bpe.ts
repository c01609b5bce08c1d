/**
 * Byte-level BPE with GPT-2's pre-tokenization, a word cache and exact UTF-8.
 * @module
 */
import { checkIds, type Tokenizer } from "../tokenizer.ts";
import { lastWordCut, wordEnd } from "./gpt2_words.ts";
import { IdList } from "./id_list.ts";
import { mergeWord, PairTable } from "./pair_table.ts";
import { WordCache } from "./word_cache.ts";

/** The tables of a byte-level BPE vocabulary. */
export interface ByteBpeTables {
  name: string;
  /** Bytes of each token, indexed by id. */
  tokens: readonly Uint8Array[];
  /** Merges in order of rank, flat: left id, right id, merged id. */
  merges: Uint32Array;
  eosId: number | null;
}

/** A byte-level BPE tokenizer. */
export class ByteBpe implements Tokenizer {
  readonly name: string;
  readonly vocabSize: number;
  readonly eosId: number | null;
  #tokens: readonly Uint8Array[];
  #byteId = new Uint32Array(256);
  #merges: PairTable;
  #cache = new WordCache();
  #out = new IdList();
  #utf8 = new TextEncoder();
  #fromUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(tables: ByteBpeTables) {
    this.name = tables.name;
    this.vocabSize = tables.tokens.length;
    this.eosId = tables.eosId;
    this.#tokens = tables.tokens;
    this.#merges = PairTable.from(tables.merges);
    tables.tokens.forEach((bytes, id) => {
      if (bytes.length === 1) this.#byteId[bytes[0]] = id;
    });
  }

  encode(text: string): Uint32Array {
    const out = this.#out;
    out.clear();
    for (let start = 0, end = 0; start < text.length; start = end) {
      end = wordEnd(text, start);
      if (this.#cache.appendIds(text, out, start, end)) continue;
      const bytes = this.#utf8.encode(text.slice(start, end));
      // A loop, because `Uint32Array.from()` with a function takes longer than
      // the merges.
      const parts = new Uint32Array(bytes.length);
      for (let i = 0; i < parts.length; i++) parts[i] = this.#byteId[bytes[i]];
      const ids = mergeWord(parts, this.#merges);
      out.append(ids);
      this.#cache.add(text, ids, start, end);
    }
    return out.take();
  }

  decode(ids: ArrayLike<number>): string {
    checkIds(this.name, this.vocabSize, ids);
    let length = 0;
    for (let i = 0; i < ids.length; i++) length += this.#tokens[ids[i]].length;
    const bytes = new Uint8Array(length);
    for (let i = 0, at = 0; i < ids.length; i++) {
      bytes.set(this.#tokens[ids[i]], at);
      at += this.#tokens[ids[i]].length;
    }
    return this.#fromUtf8.decode(bytes);
  }

  lastSafeCut(text: string): number {
    return lastWordCut(text);
  }
}
