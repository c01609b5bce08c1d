/**
 * Text to the ids of a fairseq dictionary and back. Its symbols are words, or, where the text was encoded before it was
 * binarised, ids of another tokenizer in decimal digits.
 * @module
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { UserError } from "../../../errors.ts";
import { checkIds, type Tokenizer } from "../tokenizer.ts";
import { BOS, Dictionary, EOS, UNK } from "./dictionary.ts";
import { afterLastSpace, splitWords } from "./words.ts";

/** What the name of such a tokenizer starts with; JSON follows. */
const FAIRSEQ_PREFIX = "fairseq:";

const specSchema = v.strictObject({
  /** Path of `dict.txt`. */
  dict: v.string(),
  /** Name of the tokenizer whose ids the symbols are; null for words. */
  bpe: v.nullable(v.string()),
});

/** The three ways that differ between dictionaries of words and of ids. */
type Coding = Pick<Tokenizer, "encode" | "decode" | "cut">;

/** The name by which `loadTokenizer()` makes a dictionary's tokenizer. */
export function fairseqSpec(dict: string, bpe: string | null): string {
  return FAIRSEQ_PREFIX + JSON.stringify({ dict, bpe });
}

/**
 * The tokenizer of a dictionary. In its text, `</s>` and `<s>` are nothing, as in fairseq's own output.
 * @param spec `fairseq:` and JSON of the path of `dict.txt` and the name of the tokenizer beneath, or null
 * @param load makes the tokenizer beneath, by its name
 * @throws {UserError} if a file is missing or faulty, or the dictionary is not one of that tokenizer's ids.
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
  if (bpe) hash.update(`\n${bpe.name} ${bpe.digest ?? ""}`);
  const coding = bpe ? idCoding(dictionary, bpe, dict) : wordCoding(dictionary);
  return {
    name,
    source: spec,
    digest: hash.digest("hex"),
    files: [{ name: "dict.txt", bytes }, ...bpe?.files ?? []],
    vocabSize: dictionary.size,
    eosId: EOS,
    ...coding,
    decode(ids) {
      checkIds(name, dictionary.size, ids);
      return coding.decode(ids);
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
    `Cannot load a tokenizer as a dictionary's must be fairseq:{"dict":"…/dict.txt","bpe":null}: got '${spec}'`,
  );
}

/** Words between whitespace; special symbols that the text spells out are those symbols, as in fairseq. */
function wordCoding(dictionary: Dictionary): Coding {
  return {
    encode: (text) =>
      Uint32Array.from(
        splitWords(text.toWellFormed()),
        (word) => dictionary.index(word),
      ),
    decode: (ids) =>
      Array.from(ids).filter((id) => !isSilent(id))
        .map((id) => dictionary.symbol(id)).join(" "),
    cut: afterLastSpace,
  };
}

/** Text to the ids of `bpe`, and these, as decimal symbols, to the dictionary's. */
function idCoding(
  dictionary: Dictionary,
  bpe: Tokenizer,
  path: string,
): Coding {
  const fromBpe = Uint32Array.from(
    { length: bpe.vocabSize },
    (_, id) => dictionary.index(String(id)),
  );
  const toBpe = bpeIds(dictionary, bpe, path);
  return {
    encode: (text) => bpe.encode(text).map((id) => fromBpe[id]),
    decode(ids) {
      let text = "";
      let run: number[] = [];
      // Ids are decoded together as far as they follow each other: a character may be spread over several.
      const endRun = () => {
        if (run.length > 0) text += bpe.decode(run);
        run = [];
      };
      for (let i = 0; i < ids.length; i++) {
        if (isSilent(ids[i])) continue;
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
    ...bpe.cut && { cut: (text: string) => bpe.cut!(text) },
  };
}

/** For each id of the dictionary the tokenizer's, or -1 for symbols that are none, such as `madeupword0000`. */
function bpeIds(
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

/** Whether an id leaves no trace in text. */
function isSilent(id: number): boolean {
  return id === EOS || id === BOS;
}
