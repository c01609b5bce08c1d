/**
 * SentencePiece's compiled normalization rules: a trie of what is replaced and a text of what it is replaced by.
 * @module
 */
import type { Part } from "./part.ts";

// Only whole graphemes shorter than this, in bytes, are looked up.
const GRAPHEME_BYTES = 6;

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

// Where none of these is, each character is a grapheme of its own; a word is checked at a time.
const JOINING =
  /\r\n|[\p{M}\p{Cf}\p{Emoji_Modifier}\p{Regional_Indicator}\u0e33\u0eb3\u1100-\u11ff\ua960-\ua97c\uac00-\ud7fb\uff9e\uff9f]/u;

/**
 * Reads a Precompiled normalizer.
 * @throws {UserError} if its rules are cut short or point outside themselves.
 */
export function readPrecompiled(part: Part): (text: string) => string {
  const charsmap = part.at("precompiled_charsmap");
  const bytes = fromBase64(charsmap);
  const trieBytes = bytes.length < 4 ? -1 : new DataView(bytes.buffer)
    .getUint32(0, true);
  if (trieBytes < 4 || trieBytes % 4 !== 0 || trieBytes + 4 > bytes.length) {
    throw charsmap.error("is cut short");
  }
  const trie = new Uint32Array(bytes.slice(4, 4 + trieBytes).buffer);
  const texts = bytes.subarray(4 + trieBytes);

  /** What a grapheme or character is replaced by: the rule of its shortest beginning that has one. */
  function lookUp(piece: string): string | null {
    let node = offset(trie[0]);
    for (const byte of utf8.encode(piece)) {
      if (byte === 0) return null;
      node ^= byte;
      const unit = trie[node];
      if (unit === undefined || label(unit) !== byte) return null;
      node ^= offset(unit);
      if (!hasLeaf(unit)) continue;
      const start = (trie[node] ?? 0) & 0x7fffffff;
      let end = start;
      while (end < texts.length && texts[end] !== 0) end++;
      return fromUtf8.decode(texts.subarray(start, end));
    }
    return null;
  }

  const known = new Map<string, string | null>();
  function rule(piece: string): string | null {
    let found = known.get(piece);
    if (found !== undefined) return found;
    found = lookUp(piece);
    if (known.size > 50_000) known.clear();
    known.set(piece, found);
    return found;
  }

  function characters(text: string): string {
    let out = "";
    for (const char of text) out += rule(char) ?? char;
    return out;
  }

  // Most words are of ASCII characters without a rule; \r may be one with \n.
  const plain = Array.from({ length: 128 }, (_, code) => code)
    .filter((code) => code !== 0x0d && rule(String.fromCharCode(code)) === null)
    .map((code) => `\\x${code.toString(16).padStart(2, "0")}`);
  const ruled = new RegExp(`[^${plain.join("")}]`);

  const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
  function clusters(text: string): string {
    let out = "";
    for (const { segment } of graphemes.segment(text)) {
      const short = segment.length < GRAPHEME_BYTES &&
        utf8.encode(segment).length < GRAPHEME_BYTES;
      out += (short ? rule(segment) : null) ?? characters(segment);
    }
    return out;
  }

  return (text) => {
    let out = "";
    for (let start = 0, end = 0; start < text.length; start = end) {
      end = wordEnd(text, start);
      const word = text.slice(start, end);
      if (!ruled.test(word)) out += word;
      else out += JOINING.test(word) ? clusters(word) : characters(word);
    }
    return out;
  };
}

/** End of the stretch from `start` on that shares no grapheme with what follows: before a space behind a plain character. */
function wordEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text.charCodeAt(at) === 0x20 && text.charCodeAt(at - 1) < 0x300) {
      return at;
    }
  }
  return text.length;
}

function fromBase64(part: Part): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(part.text()), (char) => char.charCodeAt(0));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return part.fail("base64");
  }
}

// A trie's unit as the darts-clone library packs it.
function hasLeaf(unit: number): boolean {
  return (unit >>> 8 & 1) === 1;
}

function label(unit: number): number {
  return (unit & 0x800000ff) >>> 0;
}

function offset(unit: number): number {
  return unit >>> 10 << ((unit & 1 << 9) >>> 6);
}
