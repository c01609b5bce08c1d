/**
 * Where can a text be cut so that both sides can be encoded separately?
 *
 * A cut is safe if no word of the pre-tokenizer spans it and the words before
 * it do not depend on what follows. This file proves that for known word
 * patterns; all other tokenizers have no safe cut, and their documents are
 * encoded whole.
 * @module
 */
import { lastWordCut } from "./gpt2/gpt2_words.ts";
import type { AddedToken } from "./json/added_tokens.ts";
import type { JsonNode } from "./json/json_node.ts";

type SafeCut = (text: string) => number;

const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * Alternatives of the word patterns of GPT-3.5 and later models (Llama 3, Qwen,
 * GPT-4o, Mistral, DeepSeek). None matches a line feed followed by a letter,
 * and white space that ends with a line feed is always a word, or the end of
 * one, up to that line feed, regardless of what follows.
 */
const LINE_ALTERNATIVES: ReadonlySet<string> = new Set([
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
/** The tail that every such pattern has. */
const LINE_TAILS = [
  "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
];

/**
 * Patterns that match neither white space nor ASCII letters, so isolating their
 * matches first moves no cut.
 */
const NEUTRAL_PATTERNS: ReadonlySet<string> = new Set([
  "\\p{N}",
  "\\p{N}{1,3}",
  "[0-9]",
  "[0-9][0-9][0-9]",
  "[一-龥぀-ゟ゠-ヿ]+",
  "[一-龥\u0800-\u4e00가-퟿]+",
]);

/**
 * Finds the safe cut of the tokenizer that `json` describes.
 * @param added its added tokens; a token that could span the cut, or that
 * strips the white space there, rules it out
 * @returns null if no cut is known to be safe
 */
export function findSafeCut(
  json: JsonNode,
  added: readonly AddedToken[],
): SafeCut | null {
  const steps = classifySteps(json.at("pre_tokenizer"));
  if (steps.some((step) => step === null)) return null;
  const last = steps.findLast((step) => step !== "neutral");
  const normalizer = json.at("normalizer");
  const inside = /\p{White_Space}/u;
  if (added.some(({ content }) => inside.test(content))) return null;
  switch (last) {
    case "gpt2":
      // White space between two added tokens is stripped by either of them.
      return normalizer.absent &&
          !added.some((token) => token.leftStrip || token.rightStrip)
        ? lastWordCut
        : null;
    case "lines":
      return (normalizer.absent || isLocalNormalizer(normalizer)) &&
          !added.some((token) => token.leftStrip)
        ? lastLineCut
        : null;
    case "spaces":
      return normalizer.absent || isLocalNormalizer(normalizer)
        ? lastSpaceCut
        : null;
    default:
      return null;
  }
}

type StepClass = "neutral" | "gpt2" | "lines" | "spaces" | null;

/** Class of each pre-tokenizer in order; null where nothing is known. */
function classifySteps(node: JsonNode): StepClass[] {
  if (node.absent) return [null];
  switch (node.typeName()) {
    case "Sequence":
      return node.at("pretokenizers").asList().flatMap(classifySteps);
    case "ByteLevel":
      if (node.at("add_prefix_space").asBoolean(true)) return [null];
      return [node.at("use_regex").asBoolean(true) ? "gpt2" : "neutral"];
    case "Digits":
      return ["neutral"];
    case "Punctuation":
      return [
        node.at("behavior").asText("Isolated").startsWith("Merged")
          ? null
          : "neutral",
      ];
    case "BertPreTokenizer":
    case "Whitespace":
    case "WhitespaceSplit":
      return ["spaces"];
    case "Split":
      return [classifySplit(node)];
    default:
      return [null];
  }
}

function classifySplit(node: JsonNode): StepClass {
  const regex = node.at("pattern").at("Regex");
  const behavior = node.at("behavior").asText();
  const invert = node.at("invert").asBoolean(false);
  const isolates = behavior === "Isolated" || behavior === "Removed" && invert;
  if (regex.absent || !isolates) return null;
  const source = regex.asText();
  if (behavior === "Isolated" && NEUTRAL_PATTERNS.has(source)) return "neutral";
  if (source === GPT2_PATTERN) return "gpt2";
  const end = LINE_TAILS.find((tail) => source.endsWith(tail));
  if (!end) return null;
  const alternatives = topLevelAlternatives(source.slice(0, -end.length));
  return alternatives.every((one) => LINE_ALTERNATIVES.has(one))
    ? "lines"
    : null;
}

/** Splits a pattern at each `|` outside brackets. */
function topLevelAlternatives(source: string): string[] {
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

/**
 * Whether normalizing both sides of a cut between white space and an ASCII
 * letter separately equals normalizing the whole text.
 */
function isLocalNormalizer(node: JsonNode): boolean {
  switch (node.typeName()) {
    case "Sequence":
      return node.at("normalizers").asList().every(isLocalNormalizer);
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

/**
 * The last position after a line feed and before an ASCII letter; 0 if there is
 * none.
 */
function lastLineCut(text: string): number {
  for (let at = text.length - 1; at > 0; at--) {
    if (
      text.charCodeAt(at - 1) === 0x0a && isAsciiLetter(text.charCodeAt(at))
    ) {
      return at;
    }
  }
  return 0;
}

/**
 * The last position after a space and before an ASCII letter; 0 if there is
 * none.
 */
function lastSpaceCut(text: string): number {
  for (let at = text.length - 1; at > 0; at--) {
    if (
      text.charCodeAt(at - 1) === 0x20 && isAsciiLetter(text.charCodeAt(at))
    ) {
      return at;
    }
  }
  return 0;
}

function isAsciiLetter(unit: number): boolean {
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
