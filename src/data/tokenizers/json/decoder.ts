/**
 * The decoders of a tokenizer.json: how do tokens become text again?
 * @module
 */
import { fromByteChars } from "../gpt2/byte_chars.ts";
import type { JsonNode } from "./json_node.ts";
import { readPattern } from "./pattern.ts";
import { replaceMatches } from "./split.ts";

/** Maps tokens to strings, which are concatenated. */
export type Decoder = (tokens: string[]) => string[];

const DECODERS: Record<string, (node: JsonNode) => Decoder> = {
  Sequence(node) {
    const all = node.at("decoders").asList().map(readDecoder);
    return (tokens) => all.reduce((so, decode) => decode(so), tokens);
  },
  ByteLevel: () => decodeByteLevel,
  ByteFallback: () => decodeByteFallback,
  Fuse: () => (tokens) => [tokens.join("")],
  BPEDecoder(node) {
    const suffix = node.at("suffix").asText("</w>");
    return (tokens) =>
      tokens.map((token, i) =>
        replaceText(token, suffix, i === tokens.length - 1 ? "" : " ")
      );
  },
  Metaspace(node) {
    const mark = node.at("replacement").asChar("▁");
    const scheme = node.at("prepend_scheme").asText(
      node.at("add_prefix_space").asBoolean(true) ? "always" : "never",
    );
    return (tokens) =>
      tokens.map((token, i) =>
        token.replaceAll(mark, i === 0 && scheme !== "never" ? "" : " ")
      );
  },
  Replace(node) {
    const content = node.at("content").asText();
    const pattern = readPattern(node.at("pattern"));
    return (tokens) =>
      tokens.map((token) => replaceMatches(token, pattern, content));
  },
  Strip(node) {
    const char = node.at("content").asChar();
    const start = node.at("start").asCount(0);
    const stop = node.at("stop").asCount(0);
    return (tokens) => tokens.map((token) => strip(token, char, start, stop));
  },
  WordPiece(node) {
    const prefix = node.at("prefix").asText("##");
    const cleanup = node.at("cleanup").asBoolean(true);
    return (tokens) =>
      tokens.map((token, i) => {
        if (i > 0) {
          token = token.startsWith(prefix)
            ? token.slice(prefix.length)
            : ` ${token}`;
        }
        return cleanup ? cleanUp(token) : token;
      });
  },
  CTC(node) {
    const pad = node.at("pad_token").asText("<pad>");
    const space = node.at("word_delimiter_token").asText("|");
    const cleanup = node.at("cleanup").asBoolean(true);
    return (tokens) =>
      tokens.filter((token, i) => token !== tokens[i - 1])
        .map((token) => {
          token = replaceText(token, pad, "");
          return cleanup ? replaceText(cleanUp(token), space, " ") : token;
        })
        .filter((token) => token !== "");
  },
};

/**
 * Reads the `decoder` of a tokenizer.json; without one, tokens are joined with
 * spaces.
 * @throws {UserError} naming the part that is invalid or not supported.
 */
export function readDecoder(node: JsonNode): Decoder {
  if (node.absent) return (tokens) => [tokens.join(" ")];
  const type = node.typeName();
  if (!Object.hasOwn(DECODERS, type)) node.unsupported(Object.keys(DECODERS));
  return DECODERS[type](node);
}

const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

function decodeByteLevel(tokens: string[]): string[] {
  const parts = tokens.map(fromByteChars);
  const bytes = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return [lossy.decode(bytes)];
}

/**
 * Decodes each run of tokens such as `<0xE2>` as UTF-8 bytes; every token of an
 * invalid run becomes U+FFFD.
 */
function decodeByteFallback(tokens: string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      texts.push(strict.decode(Uint8Array.from(bytes)));
    } catch {
      for (const _ of bytes) texts.push("\ufffd");
    }
    bytes = [];
  };
  for (const token of tokens) {
    const hex = token.match(/^<0x([0-9a-fA-F]{2})>$/);
    if (hex) {
      bytes.push(parseInt(hex[1], 16));
    } else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
}

function strip(
  token: string,
  char: string,
  start: number,
  stop: number,
): string {
  const chars = [...token];
  let from = 0;
  while (from < Math.min(start, chars.length) && chars[from] === char) from++;
  let to = chars.length;
  while (to > chars.length - stop && to > from && chars[to - 1] === char) to--;
  return chars.slice(from, to).join("");
}

/** Replaces every `what` in `text`; an empty `what` replaces nothing. */
function replaceText(text: string, what: string, by: string): string {
  return what === "" ? text : text.replaceAll(what, () => by);
}

const CLEANUP_REPLACEMENTS: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

function cleanUp(token: string): string {
  for (const [from, to] of CLEANUP_REPLACEMENTS) {
    token = token.replaceAll(from, to);
  }
  return token;
}
