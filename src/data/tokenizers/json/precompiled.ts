/**
 * SentencePiece's compiled normalization rules: a trie of keys and the texts
 * that replace them.
 * @module
 */
import type { JsonNode } from "./json_node.ts";

// Only graphemes of fewer bytes are looked up as a whole.
const GRAPHEME_BYTES = 6;

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

// Without any of these, each character of a word is a separate grapheme.
const MULTI_CHARACTER_GRAPHEME =
  /\r\n|[\p{M}\p{Cf}\p{Emoji_Modifier}\p{Regional_Indicator}\u0e33\u0eb3\u1100-\u11ff\ua960-\ua97c\uac00-\ud7fb\uff9e\uff9f]/u;

/**
 * Reads a Precompiled normalizer.
 * @throws {UserError} if its rules are truncated or point outside the trie.
 */
export function readPrecompiled(field: JsonNode): (text: string) => string {
  const charsmap = field.at("precompiled_charsmap");
  const bytes = fromBase64(charsmap);
  const trieBytes = bytes.length < 4 ? -1 : new DataView(bytes.buffer)
    .getUint32(0, true);
  if (trieBytes < 4 || trieBytes % 4 !== 0 || trieBytes + 4 > bytes.length) {
    throw charsmap.error("is truncated");
  }
  const trie = new Uint32Array(bytes.slice(4, 4 + trieBytes).buffer);
  const texts = bytes.subarray(4 + trieBytes);

  /**
   * Replacement of a grapheme or character: that of its shortest prefix with a
   * rule.
   */
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

  // Most words consist of ASCII characters without a rule; \r may form a
  // grapheme with \n.
  const plain = Array.from({ length: 128 }, (_, code) => code)
    .filter((code) => code !== 0x0d && rule(String.fromCharCode(code)) === null)
    .map((code) => `\\x${code.toString(16).padStart(2, "0")}`);
  const hasRule = new RegExp(`[^${plain.join("")}]`);

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
      if (!hasRule.test(word)) out += word;
      else {out += MULTI_CHARACTER_GRAPHEME.test(word)
          ? clusters(word)
          : characters(word);}
    }
    return out;
  };
}

/**
 * End of the span from `start` that shares no grapheme with what follows:
 * before a space that follows a character below U+0300.
 */
function wordEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text.charCodeAt(at) === 0x20 && text.charCodeAt(at - 1) < 0x300) {
      return at;
    }
  }
  return text.length;
}

function fromBase64(node: JsonNode): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(node.asText()), (char) => char.charCodeAt(0));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return node.fail("base64");
  }
}

// Fields of a trie unit as the darts-clone library packs it.
function hasLeaf(unit: number): boolean {
  return (unit >>> 8 & 1) === 1;
}

function label(unit: number): number {
  return (unit & 0x800000ff) >>> 0;
}

function offset(unit: number): number {
  return unit >>> 10 << ((unit & 1 << 9) >>> 6);
}
