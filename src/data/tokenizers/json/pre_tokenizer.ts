/**
 * The pre-tokenizers of a tokenizer.json: what cuts a text into words.
 * @module
 */
import { toByteChars } from "../gpt2/byte_chars.ts";
import { wordEnd } from "../gpt2/gpt2_words.ts";
import type { Part } from "./part.ts";
import { readPattern } from "./pattern.ts";
import {
  type Behavior,
  BEHAVIORS,
  type Emit,
  type Splitter,
  splitter,
} from "./split.ts";
import { PUNCTUATION, UNICODE_WORD } from "./unicode.ts";

/** Takes the words of a text in order; `first` is true for a word that begins where the document does. */
export type EmitWord = (word: string, first: boolean) => void;

/** Cuts a piece of a document into words; `first` says whether it begins where the document does. */
export type PreTokenizer = (
  text: string,
  first: boolean,
  emit: EmitWord,
) => void;

/** A pre-tokenizer, and whether its words are still to be written as characters that stand for bytes. */
export interface WordRule {
  cut: PreTokenizer;
  bytes: boolean;
}

const PRE_TOKENIZERS: Record<string, (part: Part) => PreTokenizer> = {
  Sequence(part) {
    const all = part.at("pretokenizers").list().map(readPreTokenizer);
    return all.reduceRight<PreTokenizer>(
      (rest, cut) => (text, first, emit) =>
        cut(text, first, (word, isFirst) => rest(word, isFirst, emit)),
      (text, first, emit) => emit(text, first),
    );
  },
  ByteLevel(part) {
    const cut = readByteLevel(part);
    return (text, first, emit) =>
      cut(text, first, (word, isFirst) => emit(toByteChars(word), isFirst));
  },
  Split(part) {
    const behavior = part.at("behavior").text() as Behavior;
    if (!BEHAVIORS.includes(behavior)) {
      part.at("behavior").fail(`one of ${BEHAVIORS.join(", ")}`);
    }
    return ofSplitter(
      splitter(
        readPattern(part.at("pattern")),
        behavior,
        part.at("invert").flag(false),
      ),
    );
  },
  Metaspace: readMetaspace,
  Whitespace: () =>
    ofSplitter(
      splitter(
        new RegExp(
          `[${UNICODE_WORD}]+|[^${UNICODE_WORD}\\p{White_Space}]+`,
          "gv",
        ),
        "Removed",
        true,
      ),
    ),
  WhitespaceSplit: () => ofSplitter(splitter(/\p{White_Space}+/gv, "Removed")),
  BertPreTokenizer: () =>
    ofSplitter(
      splitter(
        new RegExp(
          `[${PUNCTUATION}]|[^\\p{White_Space}${PUNCTUATION}]+`,
          "gv",
        ),
        "Removed",
        true,
      ),
    ),
  Punctuation(part) {
    const behavior = part.at("behavior").text("Isolated") as Behavior;
    if (!BEHAVIORS.includes(behavior)) {
      part.at("behavior").fail(`one of ${BEHAVIORS.join(", ")}`);
    }
    return ofSplitter(
      splitter(new RegExp(`[${PUNCTUATION}]`, "gv"), behavior),
    );
  },
  Digits(part) {
    const single = part.at("individual_digits").flag(false);
    return ofSplitter(splitter(single ? /\p{N}/gv : /\p{N}+/gv, "Isolated"));
  },
  CharDelimiterSplit(part) {
    const delimiter = part.at("delimiter").char();
    const hex = delimiter.codePointAt(0)!.toString(16);
    return ofSplitter(splitter(new RegExp(`\\u{${hex}}`, "gv"), "Removed"));
  },
};

/**
 * Reads the `pre_tokenizer` of a tokenizer.json. A ByteLevel at the end is left to the reader of the words, who
 * remembers most of them: that is what makes byte-level tokenizers fast.
 * @throws {UserError} naming the part that is wrong or not supported.
 */
export function readWordRule(part: Part): WordRule {
  if (part.absent) {
    return { cut: (text, first, emit) => emit(text, first), bytes: false };
  }
  if (part.type() === "ByteLevel") {
    return { cut: readByteLevel(part), bytes: true };
  }
  if (part.type() !== "Sequence") {
    return { cut: readPreTokenizer(part), bytes: false };
  }
  const parts = part.at("pretokenizers").list();
  const rules = parts.map((inner, i) =>
    i === parts.length - 1
      ? readWordRule(inner)
      : { cut: readPreTokenizer(inner), bytes: false }
  );
  if (rules.length === 0) return readWordRule(part.at("nothing"));
  return {
    cut: rules.map((rule) => rule.cut).reduceRight(
      (rest, cut) => (text, first, emit) =>
        cut(text, first, (word, isFirst) => rest(word, isFirst, emit)),
    ),
    bytes: rules[rules.length - 1].bytes,
  };
}

function readPreTokenizer(part: Part): PreTokenizer {
  const type = part.type();
  if (!Object.hasOwn(PRE_TOKENIZERS, type)) {
    part.unsupported(Object.keys(PRE_TOKENIZERS));
  }
  return PRE_TOKENIZERS[type](part);
}

function ofSplitter(split: Splitter): PreTokenizer {
  return (text, first, emit) =>
    split(text, (word, start) => emit(word, first && start === 0));
}

/** ByteLevel's words, before their bytes are written as characters. */
function readByteLevel(part: Part): PreTokenizer {
  const addSpace = part.at("add_prefix_space").flag(true);
  const cut = part.at("use_regex").flag(true)
    ? gpt2Words
    : (text: string, emit: Emit) => emit(text, 0);
  return (text, first, emit) => {
    if (addSpace && text[0] !== " ") text = ` ${text}`;
    cut(text, (word, start) => emit(word, first && start === 0));
  };
}

function gpt2Words(text: string, emit: Emit): void {
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = wordEnd(text, start);
    emit(text.slice(start, end), start);
  }
}

/** Spaces as a visible character, one before the text too, and words that begin with it. */
function readMetaspace(part: Part): PreTokenizer {
  const mark = part.at("replacement").char("▁");
  const schemes = ["always", "first", "never"];
  const scheme = part.at("prepend_scheme").text(
    part.at("add_prefix_space").flag(true) ? "always" : "never",
  );
  if (!schemes.includes(scheme)) {
    part.at("prepend_scheme").fail(`one of ${schemes.join(", ")}`);
  }
  const split = part.at("split").flag(true);
  return (text, first, emit) => {
    text = text.replaceAll(" ", mark);
    const prepends = scheme === "always" || scheme === "first" && first;
    if (prepends && !text.startsWith(mark)) text = mark + text;
    if (!split) return emit(text, first);
    for (let start = 0, end = 0; start < text.length; start = end) {
      end = text.indexOf(mark, start + 1);
      if (end < 0) end = text.length;
      emit(text.slice(start, end), first && start === 0);
    }
  };
}
