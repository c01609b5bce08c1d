/**
 * The decoders of a tokenizer.json: what turns tokens into text again.
 * @module
 */
import { fromByteChars } from "../gpt2/byte_chars.ts";
import type { Part } from "./part.ts";
import { readPattern } from "./pattern.ts";
import { replaceAll } from "./split.ts";

/** Tokens made texts, which are to be written one after another. */
export type Decoder = (tokens: string[]) => string[];

const DECODERS: Record<string, (part: Part) => Decoder> = {
  Sequence(part) {
    const all = part.at("decoders").list().map(readDecoder);
    return (tokens) => all.reduce((so, decode) => decode(so), tokens);
  },
  ByteLevel: () => fromBytes,
  ByteFallback: () => fromByteTokens,
  Fuse: () => (tokens) => [tokens.join("")],
  BPEDecoder(part) {
    const suffix = part.at("suffix").text("</w>");
    return (tokens) =>
      tokens.map((token, i) =>
        replaceText(token, suffix, i === tokens.length - 1 ? "" : " ")
      );
  },
  Metaspace(part) {
    const mark = part.at("replacement").char("▁");
    const scheme = part.at("prepend_scheme").text(
      part.at("add_prefix_space").flag(true) ? "always" : "never",
    );
    return (tokens) =>
      tokens.map((token, i) =>
        token.replaceAll(mark, i === 0 && scheme !== "never" ? "" : " ")
      );
  },
  Replace(part) {
    const content = part.at("content").text();
    const pattern = readPattern(part.at("pattern"));
    return (tokens) =>
      tokens.map((token) => replaceAll(token, pattern, content));
  },
  Strip(part) {
    const char = part.at("content").char();
    const start = part.at("start").count(0);
    const stop = part.at("stop").count(0);
    return (tokens) => tokens.map((token) => strip(token, char, start, stop));
  },
  WordPiece(part) {
    const prefix = part.at("prefix").text("##");
    const tidies = part.at("cleanup").flag(true);
    return (tokens) =>
      tokens.map((token, i) => {
        if (i > 0) {
          token = token.startsWith(prefix)
            ? token.slice(prefix.length)
            : ` ${token}`;
        }
        return tidies ? tidy(token) : token;
      });
  },
  CTC(part) {
    const pad = part.at("pad_token").text("<pad>");
    const space = part.at("word_delimiter_token").text("|");
    const tidies = part.at("cleanup").flag(true);
    return (tokens) =>
      tokens.filter((token, i) => token !== tokens[i - 1])
        .map((token) => {
          token = replaceText(token, pad, "");
          return tidies ? replaceText(tidy(token), space, " ") : token;
        })
        .filter((token) => token !== "");
  },
};

/**
 * Reads the `decoder` of a tokenizer.json; without one tokens are joined by spaces.
 * @throws {UserError} naming the part that is wrong or not supported.
 */
export function readDecoder(part: Part): Decoder {
  if (part.absent) return (tokens) => [tokens.join(" ")];
  const type = part.type();
  if (!Object.hasOwn(DECODERS, type)) part.unsupported(Object.keys(DECODERS));
  return DECODERS[type](part);
}

const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

function fromBytes(tokens: string[]): string[] {
  const parts = tokens.map(fromByteChars);
  const bytes = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return [lossy.decode(bytes)];
}

/** `<0xE2>` and its like in a row are the bytes of a text; each is U+FFFD where they are none. */
function fromByteTokens(tokens: string[]): string[] {
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

/** Every `what` in `text` replaced; nothing where `what` is empty. */
function replaceText(text: string, what: string, by: string): string {
  return what === "" ? text : text.replaceAll(what, () => by);
}

const TIDIES: readonly (readonly [string, string])[] = [
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

function tidy(token: string): string {
  for (const [from, to] of TIDIES) token = token.replaceAll(from, to);
  return token;
}
