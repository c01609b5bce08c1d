/**
 * Folders that fairseq-preprocess wrote: `dict.txt` and, for each subset, `<subset>.idx` and `<subset>.bin`.
 *
 * As in fairseq, a path may name several folders: the first one has the dictionary and the subset to validate on, and
 * all are trained on. (fairseq takes one an epoch; here all are one set.) As in fairseq too, `train1`, `train2`, … are
 * joined to `train` as far as they are there, and with `combine_val` `valid1`, … to `valid`.
 * @module
 */
import { loadTokenizer } from "../tokenizers/load_tokenizer.ts";
import { createHash } from "node:crypto";
import { closeSync, existsSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { UserError } from "../../errors.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type FairseqRef, openFairseqSplit } from "./blocks.ts";
import { Dictionary, EOS, PAD } from "../tokenizers/fairseq/dictionary.ts";
import { openFile, readFully } from "./files.ts";
import { isFound } from "./mmap_dataset.ts";
import { fairseqSpec } from "../tokenizers/fairseq/dictionary_tokenizer.ts";

/** Which part of which folders to read. */
export interface SubsetOptions {
  /** Folders, with the system's list separator (`:`) between them. */
  path: string;
  /** `train`, `valid`, `test`. */
  subset: string;
  /** Whether `<subset>1`, `<subset>2`, … belong to it. */
  combine: boolean;
  /** Tokens of a block. */
  contextLength: number;
}

/** Folders to train on. */
export interface FairseqOptions {
  /** Folders, with the system's list separator (`:`) between them. */
  path: string;
  trainSubset: string;
  validSubset: string;
  /** Whether `<validSubset>1`, `<validSubset>2`, … are validated on as well. */
  combineVal: boolean;
  /** Tokens of a block: fairseq's `tokens_per_sample`. */
  contextLength: number;
  /** The tokenizer that the dictionary's symbols are ids of; null for words. */
  bpe: string | null;
}

/** What such folders hold. */
export interface FairseqData {
  tokenizer: Tokenizer;
  train: FairseqRef;
  /** Null where the folder has no `valid`. */
  valid: FairseqRef | null;
  /** SHA-256, in hexadecimal, over what decides the blocks. */
  fingerprint: string;
  tokens: { train: number; valid: number };
  /** Blocks. */
  chunks: { train: number; valid: number };
}

/** Bytes of each piece of a data file that goes into the fingerprint, and how many pieces at most. */
const PIECE = 1 << 20;
const PIECES = 8;

/**
 * Finds and checks all that training on binarised folders needs.
 * @throws {UserError} if something is missing, damaged, in another format or empty.
 */
export async function fairseqData(
  options: FairseqOptions,
): Promise<FairseqData> {
  const {
    path,
    trainSubset,
    validSubset,
    combineVal,
    contextLength: sequenceLength,
  } = options;
  const folders = foldersOf(path);
  const dict = join(folders[0], "dict.txt");
  const vocabSize = commonDictionary(folders).size;
  const tokenizer = await loadTokenizer(fairseqSpec(dict, options.bpe));
  const refOf = (paths: string[]): FairseqRef => ({
    paths,
    contextLength: sequenceLength,
    vocabSize,
    pad: PAD,
    eos: EOS,
  });
  const train = refOf(
    folders.flatMap((folder) => prefixesOf(folder, trainSubset, true)),
  );
  // Only the usual name may be missing: another one was asked for.
  const none = validSubset === "valid" && !isFound(join(folders[0], "valid"));
  const valid = none
    ? null
    : refOf(prefixesOf(folders[0], validSubset, combineVal));
  const sizes = {
    train: measure(train, trainSubset),
    valid: valid ? measure(valid, validSubset) : { tokens: 0, chunks: 0 },
  };
  return {
    tokenizer,
    train,
    valid,
    fingerprint: fingerprintOf(dict, sequenceLength, [train, valid]),
    tokens: { train: sizes.train.tokens, valid: sizes.valid.tokens },
    chunks: { train: sizes.train.chunks, valid: sizes.valid.chunks },
  };
}

/**
 * A subset of the first of the folders, to be opened by `openFairseqSplit()`.
 * @throws {UserError} if its files or the dictionary are missing.
 */
export function fairseqSubset(
  { path, subset, combine, contextLength: sequenceLength }: SubsetOptions,
): FairseqRef {
  const folder = foldersOf(path)[0];
  return {
    paths: prefixesOf(folder, subset, combine),
    contextLength: sequenceLength,
    vocabSize: Dictionary.load(join(folder, "dict.txt")).size,
    pad: PAD,
    eos: EOS,
  };
}

function foldersOf(path: string): string[] {
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  if (folders.length === 0) {
    throw new UserError(
      "Cannot read 'data.path' as it must be a folder with dict.txt, train.idx and train.bin: got ''",
    );
  }
  for (const folder of folders) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UserError(
        `Cannot read 'data.path' as '${folder}' is not a folder`,
      );
    }
  }
  return folders.map((folder) => resolve(folder));
}

/** The first folder's dictionary, which those of the others, where they have one, must be equal to. */
function commonDictionary(folders: string[]): Dictionary {
  const dict = join(folders[0], "dict.txt");
  const dictionary = Dictionary.load(dict);
  for (const folder of folders.slice(1)) {
    const path = join(folder, "dict.txt");
    if (!existsSync(path)) continue;
    const other = Dictionary.load(path);
    for (let id = 0; id < Math.max(dictionary.size, other.size); id++) {
      if (dictionary.symbol(id) === other.symbol(id)) continue;
      throw new UserError(
        `Cannot train on '${folder}' as symbol ${id} of its dict.txt is ${
          JSON.stringify(other.symbol(id) ?? null)
        }, but '${dict}' has ${
          JSON.stringify(dictionary.symbol(id) ?? null)
        }: binarise all folders with one dictionary (--srcdict)`,
      );
    }
  }
  return dictionary;
}

/** Paths of a subset's files without their endings: the first is there or opening it says what is wrong. */
function prefixesOf(
  folder: string,
  subset: string,
  combine: boolean,
): string[] {
  const prefixes = [join(folder, subset)];
  if (!combine) return prefixes;
  for (let k = 1; isFound(join(folder, `${subset}${k}`)); k++) {
    prefixes.push(join(folder, `${subset}${k}`));
  }
  return prefixes;
}

function measure(
  ref: FairseqRef,
  subset: string,
): { tokens: number; chunks: number } {
  const split = openFairseqSplit(ref);
  split.close();
  if (split.tokens === 0) {
    throw new UserError(
      `Cannot use the subset '${subset}' as '${
        ref.paths[0]
      }.bin' holds no tokens: binarise a text that is not empty`,
    );
  }
  return { tokens: split.tokens, chunks: split.sequences };
}

/**
 * SHA-256 over the dictionary, each index and the data. Of a data file larger than 8 MiB the size and eight pieces of
 * 1 MiB are read, evenly spaced from its first to its last byte: to read hundreds of gigabytes before each run would
 * take longer than many runs, and as the index holds the length of every sentence, other text has another index.
 * Where the folders lie does not matter.
 */
function fingerprintOf(
  dict: string,
  sequenceLength: number,
  refs: (FairseqRef | null)[],
): string {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(PIECE);
  const add = (path: string, whole: boolean) => {
    const { file, bytes } = openFile(path);
    try {
      hash.update(`${bytes} bytes\n`);
      const count = Math.ceil(bytes / PIECE);
      const pieces = whole ? count : Math.min(count, PIECES);
      for (let i = 0; i < pieces; i++) {
        const at = pieces === count
          ? i * PIECE
          : Math.floor(i * (bytes - PIECE) / (pieces - 1));
        const piece = buffer.subarray(0, Math.min(PIECE, bytes - at));
        readFully(file, path, piece, at);
        hash.update(piece);
      }
    } finally {
      closeSync(file);
    }
  };
  hash.update(`fairseq ${sequenceLength}\n`);
  add(dict, true);
  for (const ref of refs) {
    hash.update(`${ref?.paths.length ?? 0} files\n`);
    for (const path of ref?.paths ?? []) {
      add(`${path}.idx`, true);
      add(`${path}.bin`, false);
    }
  }
  return hash.digest("hex");
}
