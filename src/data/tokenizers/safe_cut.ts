/**
 * Where a text may be cut so that its two sides can be encoded apart.
 *
 * That is provable for kinds of words of which no one spans the place, and whose words before it are the same whatever
 * follows. For all other tokenizers there is no cut, and documents are encoded whole.
 * @module
 */
import { lastWordCut } from "./gpt2/gpt2_words.ts";
import type { AddedToken } from "./json/added_tokens.ts";
import type { Part } from "./json/part.ts";

type Cut = (text: string) => number;

const GPT2_WORDS =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * What the word patterns of GPT-3.5 and its followers are made of (Llama 3, Qwen, GPT-4o, Mistral, DeepSeek). None
 * matches a line feed with a letter behind it, and of white space that ends in a line feed all up to it is a word, or
 * the end of one, whatever follows.
 */
const LINE_WORDS: ReadonlySet<string> = new Set([
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
  "'(?i:[sdmt]|ll|ve|re)",
  "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+",
  "[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+",
  "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+",
  "\\p{N}",
  "\\p{N}{1,3}",
  " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*",
  " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*",
  " ?[\\p{P}\\p{S}]+[\\r\\n]*",
  " ?[\\p{P}\\p{S}]+[\r\n]*",
]);
/** How such a pattern ends. */
const LINE_ENDS = [
  "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
];

/** Patterns that match neither white space nor ASCII letters: their matches are cut out before the words are. */
const NEUTRAL: ReadonlySet<string> = new Set([
  "\\p{N}",
  "\\p{N}{1,3}",
  "[0-9]",
  "[0-9][0-9][0-9]",
  "[一-龥぀-ゟ゠-ヿ]+",
  "[一-龥\u0800-\u4e00가-퟿]+",
]);

/**
 * The cut of the tokenizer that `json` describes, or null where none is known to be safe.
 * @param added its added tokens: one that the cut could part, or that takes it along, forbids it
 */
export function findCut(
  json: Part,
  added: readonly AddedToken[],
): Cut | null {
  const steps = stepsOf(json.at("pre_tokenizer"));
  if (steps.some((step) => step === null)) return null;
  const last = steps.findLast((step) => step !== "neutral");
  const normalizer = json.at("normalizer");
  const inside = /\p{White_Space}/u;
  if (added.some(({ content }) => inside.test(content))) return null;
  switch (last) {
    case "gpt2":
      // The tokens of white space between two added ones go with the left one, or the right.
      return normalizer.absent &&
          !added.some((token) => token.leftStrip || token.rightStrip)
        ? lastWordCut
        : null;
    case "lines":
      return (normalizer.absent || isLocal(normalizer)) &&
          !added.some((token) => token.leftStrip)
        ? lastLineCut
        : null;
    case "spaces":
      return normalizer.absent || isLocal(normalizer) ? lastSpaceCut : null;
    default:
      return null;
  }
}

type Step = "neutral" | "gpt2" | "lines" | "spaces" | null;

/** What is known of each pre-tokenizer in turn; null for nothing. */
function stepsOf(part: Part): Step[] {
  if (part.absent) return [null];
  switch (part.type()) {
    case "Sequence":
      return part.at("pretokenizers").list().flatMap(stepsOf);
    case "ByteLevel":
      if (part.at("add_prefix_space").flag(true)) return [null];
      return [part.at("use_regex").flag(true) ? "gpt2" : "neutral"];
    case "Digits":
      return ["neutral"];
    case "Punctuation":
      return [
        part.at("behavior").text("Isolated").startsWith("Merged")
          ? null
          : "neutral",
      ];
    case "BertPreTokenizer":
    case "Whitespace":
    case "WhitespaceSplit":
      return ["spaces"];
    case "Split":
      return [ofPattern(part)];
    default:
      return [null];
  }
}

function ofPattern(part: Part): Step {
  const regex = part.at("pattern").at("Regex");
  const behavior = part.at("behavior").text();
  const invert = part.at("invert").flag(false);
  const isolates = behavior === "Isolated" || behavior === "Removed" && invert;
  if (regex.absent || !isolates) return null;
  const source = regex.text();
  if (behavior === "Isolated" && NEUTRAL.has(source)) return "neutral";
  if (source === GPT2_WORDS) return "gpt2";
  const end = LINE_ENDS.find((tail) => source.endsWith(tail));
  if (!end) return null;
  const alternatives = topLevel(source.slice(0, -end.length));
  return alternatives.every((one) => LINE_WORDS.has(one)) ? "lines" : null;
}

/** The alternatives of a pattern that stand in no bracket. */
function topLevel(source: string): string[] {
  const found = [""];
  let depth = 0;
  let inClass = false;
  for (let at = 0; at < source.length; at++) {
    let char = source[at];
    if (char === "\\") char += source[++at] ?? "";
    else if (inClass) inClass = char !== "]";
    else if (char === "[") inClass = true;
    else if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === "|" && depth === 0) {
      found.push("");
      continue;
    }
    found[found.length - 1] += char;
  }
  return found;
}

/** Whether a normalizer does the same to both sides of a cut between white space and an ASCII letter as to the whole. */
function isLocal(part: Part): boolean {
  switch (part.type()) {
    case "Sequence":
      return part.at("normalizers").list().every(isLocal);
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
    case "Lowercase":
    case "StripAccents":
    case "BertNormalizer":
      return true;
    default:
      return false;
  }
}

/** The last place behind a line feed and before an ASCII letter; 0 if there is none. */
function lastLineCut(text: string): number {
  for (let at = text.length - 1; at > 0; at--) {
    if (text.charCodeAt(at - 1) === 0x0a && isLetter(text.charCodeAt(at))) {
      return at;
    }
  }
  return 0;
}

/** The last place behind a space and before an ASCII letter; 0 if there is none. */
function lastSpaceCut(text: string): number {
  for (let at = text.length - 1; at > 0; at--) {
    if (text.charCodeAt(at - 1) === 0x20 && isLetter(text.charCodeAt(at))) {
      return at;
    }
  }
  return 0;
}

function isLetter(unit: number): boolean {
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
