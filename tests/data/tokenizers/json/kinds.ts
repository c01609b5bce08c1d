/**
 * Tokenizers of every common kind, with small models: the parts of their
 * tokenizer.json other than the model.
 * @module
 */

/** A tokenizer.json without its model, which is given by name. */
export interface Kind {
  model: string;
  normalizer?: unknown;
  pre_tokenizer?: unknown;
  decoder?: unknown;
  added_tokens?: AddedJson[];
  /** Overrides fields of the model. */
  options?: Record<string, unknown>;
}

/** An added token without its id, which follows from its position. */
export interface AddedJson {
  content: string;
  special?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  single_word?: boolean;
  normalized?: boolean;
}

const split = (
  Regex: string,
  behavior = "Isolated",
  invert = false,
) => ({ type: "Split", pattern: { Regex }, behavior, invert });
const sequence = (...pretokenizers: unknown[]) => ({
  type: "Sequence",
  pretokenizers,
});
const byteLevel = (add_prefix_space: boolean, use_regex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space,
  trim_offsets: true,
  use_regex,
});
const metaspace = (prepend_scheme: string, split = true) => ({
  type: "Metaspace",
  replacement: "▁",
  prepend_scheme,
  split,
});
const normalizers = (...normalizers: unknown[]) => ({
  type: "Sequence",
  normalizers,
});
const replaceSpaces = {
  type: "Replace",
  pattern: { String: " " },
  content: "▁",
};
const spacesBack = { type: "Replace", pattern: { String: "▁" }, content: " " };
const special = (...contents: string[]): AddedJson[] =>
  contents.map((content) => ({ content, special: true }));

/** Placeholder for the rules of a Precompiled normalizer. */
export const CHARSMAP = "charsmap";
const precompiled = { type: "Precompiled", precompiled_charsmap: CHARSMAP };

/** GPT-4o's pattern. */
const CASED =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** All kinds by name. */
export const KINDS: Record<string, Kind> = {
  gpt2: {
    model: "bytes",
    pre_tokenizer: byteLevel(false, true),
    decoder: byteLevel(true, true),
    added_tokens: special("<|endoftext|>"),
  },
  roberta: {
    model: "bytes",
    pre_tokenizer: byteLevel(true, true),
    decoder: byteLevel(true, true),
    added_tokens: [
      ...special("<s>", "</s>"),
      { content: "<mask>", special: true, lstrip: true },
      { content: "<end>", special: true, rstrip: true },
    ],
  },
  starcoder: {
    model: "bytes",
    pre_tokenizer: sequence(
      { type: "Digits", individual_digits: true },
      byteLevel(false, true),
    ),
    decoder: byteLevel(true, true),
    added_tokens: [
      ...special("<|endoftext|>"),
      { content: "    ", special: false, normalized: true },
      { content: "          ", special: false, normalized: false },
    ],
  },
  llama3: {
    model: "lines",
    options: { ignore_merges: true },
    pre_tokenizer: sequence(
      split(
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      ),
      byteLevel(false, false),
    ),
    decoder: byteLevel(true, true),
    added_tokens: special("<|begin_of_text|>", "<|end_of_text|>"),
  },
  qwen: {
    model: "lines",
    normalizer: { type: "NFC" },
    pre_tokenizer: sequence(
      split(
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
      ),
      byteLevel(false, false),
    ),
    decoder: byteLevel(false, false),
    added_tokens: [
      ...special("<|endoftext|>", "<|im_end|>"),
      { content: "<tool_call>" },
      { content: "cafe\u0301", normalized: true },
    ],
  },
  gpt4o: {
    model: "lines",
    pre_tokenizer: sequence(
      split(CASED, "Removed", true),
      byteLevel(false, false),
    ),
    decoder: byteLevel(true, true),
    added_tokens: special("<|endoftext|>"),
  },
  deepseek: {
    model: "lines",
    pre_tokenizer: sequence(
      split("\\p{N}{1,3}"),
      split("[一-龥぀-ゟ゠-ヿ]+"),
      split(
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
      ),
      byteLevel(false, false),
    ),
    decoder: byteLevel(true, true),
  },
  possessive: {
    model: "lines",
    pre_tokenizer: sequence(
      split(
        "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
      ),
      byteLevel(false, false),
    ),
    decoder: byteLevel(true, true),
  },
  clip: {
    model: "suffix",
    normalizer: normalizers(
      { type: "NFC" },
      { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
      { type: "Lowercase" },
    ),
    pre_tokenizer: sequence(
      split(
        "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
        "Removed",
        true,
      ),
      byteLevel(false, true),
    ),
    decoder: {
      type: "Sequence",
      decoders: [byteLevel(true, true), { type: "BPEDecoder", suffix: "</w>" }],
    },
    added_tokens: special("<|endoftext|>"),
  },
  llama2: {
    model: "chars",
    normalizer: normalizers({ type: "Prepend", prepend: "▁" }, replaceSpaces),
    decoder: {
      type: "Sequence",
      decoders: [
        spacesBack,
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    added_tokens: [
      ...special("<unk>", "<s>", "</s>"),
      { content: "<extra>", normalized: true },
    ],
  },
  llama: {
    model: "chars",
    pre_tokenizer: metaspace("first", false),
    decoder: {
      type: "Sequence",
      decoders: [
        spacesBack,
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    added_tokens: special("<unk>", "<s>", "</s>"),
  },
  gemma: {
    model: "chars",
    options: { byte_fallback: false },
    normalizer: replaceSpaces,
    decoder: {
      type: "Sequence",
      decoders: [spacesBack, { type: "ByteFallback" }, { type: "Fuse" }],
    },
    added_tokens: special("<unk>", "<s>", "</s>"),
  },
  bert: {
    model: "pieces",
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    added_tokens: special("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
  },
  bert_cased: {
    model: "pieces",
    options: { max_input_chars_per_word: 5 },
    normalizer: {
      type: "BertNormalizer",
      clean_text: false,
      handle_chinese_chars: false,
      strip_accents: true,
      lowercase: false,
    },
    pre_tokenizer: sequence(
      { type: "WhitespaceSplit" },
      { type: "Punctuation", behavior: "Contiguous" },
      { type: "Digits", individual_digits: false },
    ),
    decoder: { type: "WordPiece", prefix: "##", cleanup: false },
    added_tokens: [
      ...special("[PAD]", "[UNK]", "[CLS]", "[SEP]"),
      { content: "[MASK]", special: true, lstrip: true, rstrip: true },
      { content: "and", single_word: true, normalized: false },
    ],
  },
  words: {
    model: "words",
    normalizer: normalizers(
      { type: "NFKC" },
      { type: "Nmt" },
      { type: "StripAccents" },
      { type: "Lowercase" },
      { type: "Strip", strip_left: true, strip_right: true },
    ),
    pre_tokenizer: { type: "Whitespace" },
    added_tokens: [{ content: "[UNK]", special: true }],
  },
  characters: {
    model: "words",
    normalizer: { type: "NFKD" },
    pre_tokenizer: split(""),
    decoder: {
      type: "CTC",
      pad_token: "a",
      word_delimiter_token: "e",
      cleanup: true,
    },
  },
  merged: {
    model: "prefix",
    normalizer: { type: "NFD" },
    pre_tokenizer: sequence(
      split(" ", "MergedWithPrevious"),
      split("[aeiou]", "MergedWithNext"),
      { type: "Punctuation", behavior: "MergedWithNext" },
      { type: "CharDelimiterSplit", delimiter: "x" },
      split("[\\w&&[^b-d]]+", "Contiguous", true),
    ),
    decoder: { type: "BPEDecoder", suffix: "e" },
    added_tokens: special("[UNK]"),
  },
  t5: {
    model: "unigram",
    normalizer: normalizers(precompiled, {
      type: "Replace",
      pattern: { Regex: " {2,}" },
      content: " ",
    }),
    pre_tokenizer: metaspace("always"),
    decoder: metaspace("always"),
    added_tokens: [
      ...special("<pad>", "</s>", "<unk>"),
      { content: "<extra_id_0>", special: true, rstrip: true },
    ],
  },
  xlmr: {
    model: "unigram",
    normalizer: precompiled,
    pre_tokenizer: sequence({ type: "WhitespaceSplit" }, metaspace("always")),
    decoder: metaspace("never"),
    added_tokens: [
      ...special("<pad>", "</s>", "<unk>"),
      { content: "<mask>", special: true, lstrip: true },
    ],
  },
  albert: {
    model: "unigram_bytes",
    normalizer: normalizers(
      { type: "Replace", pattern: { String: "``" }, content: '"' },
      { type: "NFKD" },
      { type: "StripAccents" },
      { type: "Lowercase" },
      precompiled,
      { type: "Strip", strip_left: true, strip_right: false },
    ),
    pre_tokenizer: metaspace("first"),
    decoder: {
      type: "Sequence",
      decoders: [{ type: "ByteFallback" }, metaspace("first")],
    },
    added_tokens: special("<pad>", "</s>", "<unk>"),
  },
};
