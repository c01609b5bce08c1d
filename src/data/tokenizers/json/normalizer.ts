/**
 * The normalizers of a tokenizer.json: how is a text changed before
 * pre-tokenization?
 * @module
 */
import { toByteChars } from "../gpt2/byte_chars.ts";
import type { JsonNode } from "./json_node.ts";
import { readPattern } from "./pattern.ts";
import { readPrecompiled } from "./precompiled.ts";
import { replaceMatches } from "./split.ts";
import {
  CONTROLS,
  MARKS,
  NONSPACING_MARKS,
  toLowerPerCharacter,
  toNormalForm,
} from "./unicode.ts";

/** A normalizer. */
export interface Normalizer {
  /** Normalizes a well-formed text. */
  apply(text: string): string;
  /**
   * Whether normalization removes the first character of `text`. As in the
   * reference, the rest then does not count as the start of its document,
   * except if a Precompiled normalizer removed the character.
   */
  removesStart(text: string): boolean;
}

const NORMALIZERS: Record<
  string,
  (node: JsonNode) => (text: string) => string
> = {
  NFC: () => (text) => toNormalForm(text, "NFC"),
  NFD: () => (text) => toNormalForm(text, "NFD"),
  NFKC: () => (text) => toNormalForm(text, "NFKC"),
  NFKD: () => (text) => toNormalForm(text, "NFKD"),
  Lowercase: () => toLowerPerCharacter,
  Strip(node) {
    const left = node.at("strip_left").asBoolean(true);
    const right = node.at("strip_right").asBoolean(true);
    return (text) => {
      if (left) text = text.slice(skipSpace(text));
      return right ? text.slice(0, trailingSpaceStart(text)) : text;
    };
  },
  StripAccents: () => (text) => text.replace(MARKS, ""),
  Replace(node) {
    const content = node.at("content").asText();
    const literal = node.at("pattern").at("String");
    if (!literal.absent && literal.asText() !== "") {
      return (text) => text.replaceAll(literal.asText(), () => content);
    }
    const pattern = readPattern(node.at("pattern"));
    return (text) => replaceMatches(text, pattern, content);
  },
  Prepend(node) {
    const prepend = node.at("prepend").asText();
    return (text) => text === "" ? "" : prepend + text;
  },
  ByteLevel: () => toByteChars,
  BertNormalizer: readBertNormalizer,
  Nmt: () => (text) => text.replace(NMT_DROPPED, "").replace(NMT_SPACES, " "),
  Precompiled: readPrecompiled,
};

// deno-lint-ignore no-control-regex
const NMT_DROPPED = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]/g;
const NMT_SPACES =
  /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

/**
 * Reads the `normalizer` of a tokenizer.json.
 * @throws {UserError} naming the part that is invalid or not supported.
 */
export function readNormalizer(node: JsonNode): Normalizer {
  const type = node.typeName();
  if (type === "Sequence") {
    return normalizerSequence(
      node.at("normalizers").asList().map(readNormalizer),
    );
  }
  if (!Object.hasOwn(NORMALIZERS, type)) {
    node.unsupported(["Sequence", ...Object.keys(NORMALIZERS)]);
  }
  const apply = NORMALIZERS[type](node);
  return {
    apply,
    removesStart: (text) =>
      type !== "Precompiled" && text !== "" &&
      apply(String.fromCodePoint(text.codePointAt(0)!)) === "",
  };
}

function normalizerSequence(all: readonly Normalizer[]): Normalizer {
  return {
    apply: (text) => all.reduce((so, { apply }) => apply(so), text),
    removesStart(text) {
      for (const { apply, removesStart } of all) {
        if (removesStart(text)) return true;
        text = apply(text);
      }
      return false;
    },
  };
}

const NOT_PLAIN_ASCII = /[^\t\n\r\x20-\x7e]/;
const SPACES = /\p{White_Space}/gu;
const CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

function readBertNormalizer(node: JsonNode): (text: string) => string {
  const clean = node.at("clean_text").asBoolean(true);
  const chinese = node.at("handle_chinese_chars").asBoolean(true);
  const lower = node.at("lowercase").asBoolean(true);
  const accents = node.at("strip_accents").asBoolean(lower);
  return (text) => {
    if (!NOT_PLAIN_ASCII.test(text)) {
      if (clean) text = text.replace(/[\t\n\r]/g, " ");
      return lower ? text.toLowerCase() : text;
    }
    if (clean) text = text.replace(CONTROLS, "").replace(SPACES, " ");
    if (chinese) text = text.replace(CHINESE, " $& ");
    if (accents) text = toNormalForm(text, "NFD").replace(NONSPACING_MARKS, "");
    return lower ? toLowerPerCharacter(text) : text;
  };
}

const SPACE = /\p{White_Space}/u;

/** Index of the first unit from `from` that is not white space. */
export function skipSpace(text: string, from = 0): number {
  while (from < text.length && SPACE.test(text[from])) from++;
  return from;
}

/** Start of the white space that ends before `to`; `to` if there is none. */
export function trailingSpaceStart(text: string, to = text.length): number {
  while (to > 0 && SPACE.test(text[to - 1])) to--;
  return to;
}
