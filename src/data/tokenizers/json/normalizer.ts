/**
 * The normalizers of a tokenizer.json: what is done to a text before it is cut into words.
 * @module
 */
import type { Part } from "./part.ts";
import { readPattern } from "./pattern.ts";
import { readPrecompiled } from "./precompiled.ts";
import { toByteChars } from "../gpt2/byte_chars.ts";
import { replaceAll } from "./split.ts";
import {
  CONTROLS,
  MARKS,
  NONSPACING_MARKS,
  toForm,
  toLower,
} from "./unicode.ts";

/** What is done to a text. */
export interface Normalizer {
  /** A well-formed text made another. */
  apply(text: string): string;
  /**
   * Whether the beginning of `text` goes. What is left then no longer begins where its document does, says the
   * reference, except where rules that are compiled let it go.
   */
  dropsStart(text: string): boolean;
}

const NORMALIZERS: Record<string, (part: Part) => (text: string) => string> = {
  NFC: () => (text) => toForm(text, "NFC"),
  NFD: () => (text) => toForm(text, "NFD"),
  NFKC: () => (text) => toForm(text, "NFKC"),
  NFKD: () => (text) => toForm(text, "NFKD"),
  Lowercase: () => toLower,
  Strip(part) {
    const left = part.at("strip_left").flag(true);
    const right = part.at("strip_right").flag(true);
    return (text) => {
      if (left) text = text.slice(spaceEnd(text));
      return right ? text.slice(0, lastSpaceStart(text)) : text;
    };
  },
  StripAccents: () => (text) => text.replace(MARKS, ""),
  Replace(part) {
    const content = part.at("content").text();
    const literal = part.at("pattern").at("String");
    if (!literal.absent && literal.text() !== "") {
      return (text) => text.replaceAll(literal.text(), () => content);
    }
    const pattern = readPattern(part.at("pattern"));
    return (text) => replaceAll(text, pattern, content);
  },
  Prepend(part) {
    const prepend = part.at("prepend").text();
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
 * @throws {UserError} naming the part that is wrong or not supported.
 */
export function readNormalizer(part: Part): Normalizer {
  const type = part.type();
  if (type === "Sequence") {
    return inTurn(part.at("normalizers").list().map(readNormalizer));
  }
  if (!Object.hasOwn(NORMALIZERS, type)) {
    part.unsupported(["Sequence", ...Object.keys(NORMALIZERS)]);
  }
  const apply = NORMALIZERS[type](part);
  return {
    apply,
    dropsStart: (text) =>
      type !== "Precompiled" && text !== "" &&
      apply(String.fromCodePoint(text.codePointAt(0)!)) === "",
  };
}

function inTurn(all: readonly Normalizer[]): Normalizer {
  return {
    apply: (text) => all.reduce((so, { apply }) => apply(so), text),
    dropsStart(text) {
      for (const { apply, dropsStart } of all) {
        if (dropsStart(text)) return true;
        text = apply(text);
      }
      return false;
    },
  };
}

const UNCOMMON = /[^\t\n\r\x20-\x7e]/;
const SPACES = /\p{White_Space}/gu;
const CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

function readBertNormalizer(part: Part): (text: string) => string {
  const clean = part.at("clean_text").flag(true);
  const chinese = part.at("handle_chinese_chars").flag(true);
  const lower = part.at("lowercase").flag(true);
  const accents = part.at("strip_accents").flag(lower);
  return (text) => {
    if (!UNCOMMON.test(text)) {
      if (clean) text = text.replace(/[\t\n\r]/g, " ");
      return lower ? text.toLowerCase() : text;
    }
    if (clean) text = text.replace(CONTROLS, "").replace(SPACES, " ");
    if (chinese) text = text.replace(CHINESE, " $& ");
    if (accents) text = toForm(text, "NFD").replace(NONSPACING_MARKS, "");
    return lower ? toLower(text) : text;
  };
}

const SPACE = /\p{White_Space}/u;

/** Index of the first unit from `from` on that is no white space. */
export function spaceEnd(text: string, from = 0): number {
  while (from < text.length && SPACE.test(text[from])) from++;
  return from;
}

/** Index of the white space that `text` ends in before `to`, `to` where there is none. */
export function lastSpaceStart(text: string, to = text.length): number {
  while (to > 0 && SPACE.test(text[to - 1])) to--;
  return to;
}
