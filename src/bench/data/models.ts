/**
 * A tokenizer.json of each kind and of realistic size, for the bench. All of
 * them have GPT-2's 50,257 tokens, which the program carries, in the notation
 * of their kind.
 * @module
 */
import type { ByteBpeTables } from "../../data/tokenizers/gpt2/byte_bpe.ts";
import { BYTE_UNITS } from "../../data/tokenizers/gpt2/byte_chars.ts";
import { tablesFromRanks } from "../../data/tokenizers/gpt2/gpt2.ts";

/** The contents of a tokenizer.json. */
export type TokenizerJson = Record<string, unknown>;

/** Llama 3's pattern of words. */
const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** One tokenizer.json per kind, by the name of the kind in tables. */
export async function benchModels(): Promise<Record<string, TokenizerJson>> {
  const { default: ranks } = await import("js-tiktoken/ranks/gpt2");
  const tables = tablesFromRanks("gpt2", ranks.bpe_ranks, {});
  const byteLevel = { type: "ByteLevel", add_prefix_space: false };
  const trim = { trim_offsets: true };
  const metaspace = {
    type: "Metaspace",
    replacement: "▁",
    prepend_scheme: "always",
    split: true,
  };
  const bytes = byteBpe(tables);
  return {
    "byte-level BPE": json(bytes, {
      pre_tokenizer: { ...byteLevel, ...trim, use_regex: true },
    }),
    "Llama 3's split": json({ ...bytes, ignore_merges: true }, {
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          {
            type: "Split",
            pattern: { Regex: LLAMA3 },
            behavior: "Isolated",
            invert: false,
          },
          { ...byteLevel, ...trim, use_regex: false },
        ],
      },
    }),
    "SentencePiece BPE": json(pieceBpe(tables), {
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "Prepend", prepend: "▁" },
          { type: "Replace", pattern: { String: " " }, content: "▁" },
        ],
      },
    }),
    WordPiece: json(wordPiece(tables), {
      normalizer: {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: "BertPreTokenizer" },
    }),
    Unigram: json(unigram(tables), {
      normalizer: { type: "NFKC" },
      pre_tokenizer: metaspace,
    }),
  };
}

function json(model: TokenizerJson, parts: TokenizerJson): TokenizerJson {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...parts,
    model,
  };
}

const BPE = {
  type: "BPE",
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
};

function byteBpe({ tokens, merges }: ByteBpeTables): TokenizerJson {
  const names = tokens.map((bytes) =>
    String.fromCharCode(...Array.from(bytes, (byte) => BYTE_UNITS[byte]))
  );
  return { ...BPE, vocab: vocabOf(names), merges: pairs(names, merges) };
}

/**
 * The tokens and merges of complete characters; other characters fall back to
 * bytes.
 */
function pieceBpe({ tokens, merges }: ByteBpeTables): TokenizerJson {
  const names = tokens.map(pieceOf);
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  const vocab = vocabOf([
    "<unk>",
    ...bytes,
    ...names.filter((n) => n !== null),
  ]);
  return {
    ...BPE,
    unk_token: "<unk>",
    fuse_unk: true,
    byte_fallback: true,
    vocab,
    merges: pairs(names, merges),
  };
}

/** Tokens with a leading space begin a word, all others continue one. */
function wordPiece({ tokens }: ByteBpeTables): TokenizerJson {
  const names = ["[UNK]"];
  for (const token of tokens) {
    const text = pieceOf(token)?.toLowerCase();
    if (!text || text === "▁") continue;
    if (text.startsWith("▁")) names.push(text.slice(1));
    else names.push(`##${text}`);
    if ([...text].length === 1) names.push(text);
  }
  return {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: vocabOf(names),
  };
}

/**
 * Scores as in a text that follows Zipf's law, in steps of 2^-10, so that sums
 * are exact.
 */
function unigram({ tokens }: ByteBpeTables): TokenizerJson {
  const names = new Set(tokens.map(pieceOf).filter((name) => name !== null));
  const score = (rank: number) =>
    -Math.round(1024 * Math.log(rank + 12)) / 1024 - 2.5;
  const vocab = [...names].map((name, rank) => [name, score(rank)]);
  return {
    type: "Unigram",
    unk_id: 0,
    vocab: [["<unk>", 0], ...vocab],
    byte_fallback: false,
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * A token's text with `▁` for spaces; null if it is not made of complete
 * characters.
 */
function pieceOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes).replaceAll(" ", "▁");
  } catch {
    return null;
  }
}

/** Ids in the order of names; of equal names, the first one counts. */
function vocabOf(names: readonly string[]): Record<string, number> {
  return Object.fromEntries([...new Set(names)].map((name, id) => [name, id]));
}

function pairs(
  names: readonly (string | null)[],
  merges: Uint32Array,
): [string, string][] {
  const found: [string, string][] = [];
  for (let at = 0; at < merges.length; at += 3) {
    const left = names[merges[at]], right = names[merges[at + 1]];
    if (left !== null && right !== null) found.push([left, right]);
  }
  return found;
}
