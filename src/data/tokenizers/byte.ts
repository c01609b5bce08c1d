/**
 * The byte tokenizer: each UTF-8 byte is one token.
 * @module
 */
import { checkIds, type Tokenizer } from "./tokenizer.ts";

const utf8 = new TextEncoder();
// Keeps an encoded U+FEFF: without ignoreBOM the decoder drops a leading one.
const fromUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * UTF-8 bytes as tokens: 256 ids, no end-of-text token.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { byteTokenizer } from "./byte.ts";
 *
 * const ids = byteTokenizer.encode("né");
 * assertEquals([...ids], [110, 195, 169]);
 * assertEquals(byteTokenizer.decode(ids), "né");
 * ```
 */
export const byteTokenizer: Tokenizer = {
  name: "byte",
  vocabSize: 256,
  eosId: null,
  encode: (text) => Uint32Array.from(utf8.encode(text)),
  decode(ids) {
    checkIds("byte", 256, ids);
    return fromUtf8.decode(Uint8Array.from(ids));
  },
  // A surrogate pair encodes to four bytes, but its halves encode separately to
  // U+FFFD, so it must stay whole.
  lastSafeCut: (text) =>
    isHighSurrogate(text.charCodeAt(text.length - 1))
      ? text.length - 1
      : text.length,
};

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
