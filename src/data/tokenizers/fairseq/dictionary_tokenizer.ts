/**
 * The tokenizer of a fairseq dictionary. Its symbols are words, or, if the text
 * was encoded before it was binarised, ids of another tokenizer in decimal
 * digits.
 * @module
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { UserError } from "../../../errors.ts";
import { checkIds, type Tokenizer } from "../tokenizer.ts";
import { BOS, Dictionary, EOS, UNK } from "./dictionary.ts";
import { afterLastSpace, splitWords } from "./python_whitespace.ts";

/** Prefix of the spec of such a tokenizer; JSON follows. */
const FAIRSEQ_PREFIX = "fairseq:";

const specSchema = v.strictObject({
  /** Path of `dict.txt`. */
  dict: v.string(),
  /** Name of the tokenizer whose ids the symbols are; null for words. */
  bpe: v.nullable(v.string()),
});

/** The methods that differ between dictionaries of words and of ids. */
type DictionaryCodec = Pick<Tokenizer, "encode" | "decode" | "lastSafeCut">;

/**
 * The spec from which `loadTokenizer()` loads the tokenizer of a dictionary.
 */
export function fairseqTokenizerSpec(dict: string, bpe: string | null): string {
  return FAIRSEQ_PREFIX + JSON.stringify({ dict, bpe });
}

/**
 * Loads the tokenizer of a dictionary. Decoding omits `</s>` and `<s>`, as
 * fairseq does.
 * @param spec `fairseq:` and JSON of the path of `dict.txt` and the name of the
 * underlying tokenizer, or null
 * @param load loads the underlying tokenizer by its name
 * @throws {UserError} if a file is missing or invalid, or the dictionary does
 * not hold ids of that tokenizer.
 */
export async function loadFairseqTokenizer(
  spec: string,
  load: (name: string) => Promise<Tokenizer>,
): Promise<Tokenizer> {
  const { dict, bpe: bpeName } = parseSpec(spec);
  const dictionary = Dictionary.load(dict);
  const bytes = new Uint8Array(readFileSync(dict));
  const bpe = bpeName === null ? null : await load(bpeName);
  const name = bpe ? `fairseq dictionary (${bpe.name})` : "fairseq dictionary";
  const hash = createHash("sha256").update(bytes);
  if (bpe) hash.update(`\n${bpe.digest ?? bpe.name}`);
  const codec = bpe ? bpeCodec(dictionary, bpe, dict) : wordCodec(dictionary);
  return {
    name,
    source: spec,
    digest: hash.digest("hex"),
    files: [{ name: "dict.txt", bytes }, ...bpe?.files ?? []],
    vocabSize: dictionary.size,
    eosId: EOS,
    ...codec,
    decode(ids) {
      checkIds(name, dictionary.size, ids);
      return codec.decode(ids);
    },
  };
}

function parseSpec(spec: string): v.InferOutput<typeof specSchema> {
  let value: unknown;
  try {
    value = JSON.parse(spec.slice(FAIRSEQ_PREFIX.length));
  } catch {
    value = null;
  }
  const parsed = v.safeParse(specSchema, value);
  if (spec.startsWith(FAIRSEQ_PREFIX) && parsed.success) return parsed.output;
  throw new UserError(
    `Cannot load a tokenizer as that of a dictionary must be fairseq:{"dict":"…/dict.txt","bpe":null}: got '${spec}'`,
  );
}

/**
 * Codec of words between whitespace; special symbols spelled out in the text
 * become those symbols, as in fairseq.
 */
function wordCodec(dictionary: Dictionary): DictionaryCodec {
  return {
    encode: (text) =>
      Uint32Array.from(
        splitWords(text.toWellFormed()),
        (word) => dictionary.index(word),
      ),
    decode: (ids) =>
      Array.from(ids).filter((id) => !isSentenceMark(id))
        .map((id) => dictionary.symbol(id)).join(" "),
    lastSafeCut: afterLastSpace,
  };
}

/**
 * Codec that encodes text to ids of `bpe`, and these, as decimal symbols, to
 * ids of the dictionary.
 */
function bpeCodec(
  dictionary: Dictionary,
  bpe: Tokenizer,
  path: string,
): DictionaryCodec {
  const fromBpe = Uint32Array.from(
    { length: bpe.vocabSize },
    (_, id) => dictionary.index(String(id)),
  );
  const toBpe = bpeIdsBySymbol(dictionary, bpe, path);
  return {
    encode: (text) => bpe.encode(text).map((id) => fromBpe[id]),
    decode(ids) {
      let text = "";
      let run: number[] = [];
      // Consecutive ids are decoded together: a character may span several ids.
      const endRun = () => {
        if (run.length > 0) text += bpe.decode(run);
        run = [];
      };
      for (let i = 0; i < ids.length; i++) {
        if (isSentenceMark(ids[i])) continue;
        if (toBpe[ids[i]] >= 0) {
          run.push(toBpe[ids[i]]);
        } else {
          endRun();
          text += dictionary.symbol(ids[i]);
        }
      }
      endRun();
      return text;
    },
    ...bpe.lastSafeCut &&
      { lastSafeCut: (text: string) => bpe.lastSafeCut!(text) },
  };
}

/**
 * Maps each id of the dictionary to the tokenizer's, or to -1 if its symbol is
 * not an id, such as `madeupword0000`.
 */
function bpeIdsBySymbol(
  dictionary: Dictionary,
  bpe: Tokenizer,
  path: string,
): Int32Array {
  const ids = new Int32Array(dictionary.size).fill(-1);
  let found = 0;
  for (let id = UNK + 1; id < dictionary.size; id++) {
    const symbol = dictionary.symbol(id);
    if (!/^(0|[1-9]\d*)$/.test(symbol)) continue;
    if (Number(symbol) >= bpe.vocabSize) {
      throw new UserError(
        `Cannot use '${path}' with 'data.bpe' '${bpe.name}' as its symbol ${symbol} is not one of that tokenizer's ids 0 to ${
          bpe.vocabSize - 1
        }: name the tokenizer that encoded the text`,
      );
    }
    ids[id] = Number(symbol);
    found++;
  }
  if (found === 0) {
    throw new UserError(
      `Cannot use '${path}' with 'data.bpe' '${bpe.name}' as none of its symbols is an id of a tokenizer: leave out 'data.bpe' for a dictionary of words`,
    );
  }
  return ids;
}

/** Whether an id is `</s>` or `<s>`, which decoding omits. */
function isSentenceMark(id: number): boolean {
  return id === EOS || id === BOS;
}
