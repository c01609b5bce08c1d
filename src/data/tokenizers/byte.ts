/**
 * The simplest tokenizer: each UTF-8 byte is a token.
 * @module
 */
import { checkIds, type Tokenizer } from "./tokenizer.ts";

const utf8 = new TextEncoder();
// A U+FEFF that was encoded comes back: without ignoreBOM a leading one would be swallowed.
const fromUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * UTF-8 bytes as tokens: vocabulary 256, no end-of-text.
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
  // A surrogate pair is four bytes together and other bytes apart, so it stays whole.
  cut: (text) =>
    isHighSurrogate(text.charCodeAt(text.length - 1))
      ? text.length - 1
      : text.length,
};

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
