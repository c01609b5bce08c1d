/**
 * The pre-tokenizers of a tokenizer.json: how is a text split into words?
 * @module
 */
import { toByteChars } from "../gpt2/byte_chars.ts";
import { wordEnd } from "../gpt2/gpt2_words.ts";
import type { JsonNode } from "./json_node.ts";
import { readPattern } from "./pattern.ts";
import {
  SPLIT_BEHAVIORS,
  splitAtPattern,
  type SplitBehavior,
  type SplitText,
  type VisitPiece,
} from "./split.ts";
import { PUNCTUATION, UNICODE_WORD } from "./unicode.ts";

/**
 * Receives the words of a text in order; `first` is true for a word at the
 * start of the document.
 */
export type VisitWord = (word: string, first: boolean) => void;

/**
 * Splits a piece of a document into words; `first` is true if the piece is at
 * the start of the document.
 */
export type SplitWords = (
  text: string,
  first: boolean,
  visit: VisitWord,
) => void;

/**
 * A pre-tokenizer, and whether its words must still be mapped to GPT-2's byte
 * characters (ByteLevel).
 */
export interface PreTokenizer {
  split: SplitWords;
  byteLevel: boolean;
}

const PRE_TOKENIZERS: Record<string, (node: JsonNode) => SplitWords> = {
  Sequence(node) {
    const all = node.at("pretokenizers").asList().map(readSplitWords);
    return all.reduceRight<SplitWords>(
      (rest, cut) => (text, first, visit) =>
        cut(text, first, (word, isFirst) => rest(word, isFirst, visit)),
      (text, first, visit) => visit(text, first),
    );
  },
  ByteLevel(node) {
    const cut = readByteLevel(node);
    return (text, first, visit) =>
      cut(text, first, (word, isFirst) => visit(toByteChars(word), isFirst));
  },
  Split(node) {
    const behavior = node.at("behavior").asText() as SplitBehavior;
    if (!SPLIT_BEHAVIORS.includes(behavior)) {
      node.at("behavior").fail(`one of ${SPLIT_BEHAVIORS.join(", ")}`);
    }
    return fromSplitText(
      splitAtPattern(
        readPattern(node.at("pattern")),
        behavior,
        node.at("invert").asBoolean(false),
      ),
    );
  },
  Metaspace: readMetaspace,
  Whitespace: () =>
    fromSplitText(
      splitAtPattern(
        new RegExp(
          `[${UNICODE_WORD}]+|[^${UNICODE_WORD}\\p{White_Space}]+`,
          "gv",
        ),
        "Removed",
        true,
      ),
    ),
  WhitespaceSplit: () =>
    fromSplitText(splitAtPattern(/\p{White_Space}+/gv, "Removed")),
  BertPreTokenizer: () =>
    fromSplitText(
      splitAtPattern(
        new RegExp(
          `[${PUNCTUATION}]|[^\\p{White_Space}${PUNCTUATION}]+`,
          "gv",
        ),
        "Removed",
        true,
      ),
    ),
  Punctuation(node) {
    const behavior = node.at("behavior").asText("Isolated") as SplitBehavior;
    if (!SPLIT_BEHAVIORS.includes(behavior)) {
      node.at("behavior").fail(`one of ${SPLIT_BEHAVIORS.join(", ")}`);
    }
    return fromSplitText(
      splitAtPattern(new RegExp(`[${PUNCTUATION}]`, "gv"), behavior),
    );
  },
  Digits(node) {
    const single = node.at("individual_digits").asBoolean(false);
    return fromSplitText(
      splitAtPattern(single ? /\p{N}/gv : /\p{N}+/gv, "Isolated"),
    );
  },
  CharDelimiterSplit(node) {
    const delimiter = node.at("delimiter").asChar();
    const hex = delimiter.codePointAt(0)!.toString(16);
    return fromSplitText(
      splitAtPattern(new RegExp(`\\u{${hex}}`, "gv"), "Removed"),
    );
  },
};

/**
 * Reads the `pre_tokenizer` of a tokenizer.json. The byte mapping of a final
 * ByteLevel is left to the caller, which caches most words: that makes
 * byte-level tokenizers fast.
 * @throws {UserError} naming the part that is invalid or not supported.
 */
export function readPreTokenizer(node: JsonNode): PreTokenizer {
  if (node.absent) {
    return {
      split: (text, first, visit) => visit(text, first),
      byteLevel: false,
    };
  }
  if (node.typeName() === "ByteLevel") {
    return { split: readByteLevel(node), byteLevel: true };
  }
  if (node.typeName() !== "Sequence") {
    return { split: readSplitWords(node), byteLevel: false };
  }
  const parts = node.at("pretokenizers").asList();
  const rules = parts.map((inner, i) =>
    i === parts.length - 1
      ? readPreTokenizer(inner)
      : { split: readSplitWords(inner), byteLevel: false }
  );
  if (rules.length === 0) return readPreTokenizer(node.at("nothing"));
  return {
    split: rules.map((rule) => rule.split).reduceRight(
      (rest, cut) => (text, first, visit) =>
        cut(text, first, (word, isFirst) => rest(word, isFirst, visit)),
    ),
    byteLevel: rules[rules.length - 1].byteLevel,
  };
}

function readSplitWords(node: JsonNode): SplitWords {
  const type = node.typeName();
  if (!Object.hasOwn(PRE_TOKENIZERS, type)) {
    node.unsupported(Object.keys(PRE_TOKENIZERS));
  }
  return PRE_TOKENIZERS[type](node);
}

function fromSplitText(split: SplitText): SplitWords {
  return (text, first, visit) =>
    split(text, (word, start) => visit(word, first && start === 0));
}

/** Splits text into the words of ByteLevel, before the byte mapping. */
function readByteLevel(node: JsonNode): SplitWords {
  const addSpace = node.at("add_prefix_space").asBoolean(true);
  const cut = node.at("use_regex").asBoolean(true)
    ? splitGpt2Words
    : (text: string, visit: VisitPiece) => visit(text, 0);
  return (text, first, visit) => {
    if (addSpace && text[0] !== " ") text = ` ${text}`;
    cut(text, (word, start) => visit(word, first && start === 0));
  };
}

function splitGpt2Words(text: string, visit: VisitPiece): void {
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = wordEnd(text, start);
    visit(text.slice(start, end), start);
  }
}

/**
 * Replaces spaces by a visible character, prepends one to the text, and splits
 * it into words that begin with it.
 */
function readMetaspace(node: JsonNode): SplitWords {
  const mark = node.at("replacement").asChar("▁");
  const schemes = ["always", "first", "never"];
  const scheme = node.at("prepend_scheme").asText(
    node.at("add_prefix_space").asBoolean(true) ? "always" : "never",
  );
  if (!schemes.includes(scheme)) {
    node.at("prepend_scheme").fail(`one of ${schemes.join(", ")}`);
  }
  const split = node.at("split").asBoolean(true);
  return (text, first, visit) => {
    text = text.replaceAll(" ", mark);
    const prepends = scheme === "always" || scheme === "first" && first;
    if (prepends && !text.startsWith(mark)) text = mark + text;
    if (!split) return visit(text, first);
    for (let start = 0, end = 0; start < text.length; start = end) {
      end = text.indexOf(mark, start + 1);
      if (end < 0) end = text.length;
      visit(text.slice(start, end), first && start === 0);
    }
  };
}
