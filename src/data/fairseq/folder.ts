/**
 * Finds the files in folders written by fairseq-preprocess: `dict.txt` and, for
 * each subset, `<subset>.idx` and `<subset>.bin`.
 *
 * As in fairseq, a path may name several folders: the first has the dictionary
 * and the validation subset, and all are trained on. (fairseq uses one folder
 * per epoch; here all form one dataset.) As in fairseq, existing `train1`,
 * `train2`, … are appended to `train`, and with `combine_val` `valid1`, … to
 * `valid`.
 * @module
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../../errors.ts";
import { shortPath, splitPaths } from "../../fs/user_path.ts";
import { Dictionary, EOS, PAD } from "../tokenizers/fairseq/dictionary.ts";
import { fairseqTokenizerSpec } from "../tokenizers/fairseq/dictionary_tokenizer.ts";
import { loadTokenizer } from "../tokenizers/load_tokenizer.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type FairseqLocation, openFairseqSplit } from "./blocks.ts";
import { subsetExists } from "./mmap_dataset.ts";
import { openForReading, readExactly } from "./read_at.ts";

/** Which subset of which folders to read. */
export interface FairseqSubsetOptions {
  /** Folders, separated by the system's list separator (`:`). */
  path: string;
  /** `train`, `valid`, `test`. */
  subset: string;
  /** Whether to append `<subset>1`, `<subset>2`, …. */
  combine: boolean;
  /** Tokens per block. */
  sequenceLength: number;
}

/** Which folders and subsets to train on. */
export interface FairseqOptions {
  /** Folders, separated by the system's list separator (`:`). */
  path: string;
  trainSubset: string;
  validSubset: string;
  /**
   * Whether to append `<validSubset>1`, `<validSubset>2`, … to the validation
   * subset.
   */
  combineVal: boolean;
  /** Tokens per block: fairseq's `tokens_per_sample`. */
  sequenceLength: number;
  /**
   * Tokenizer whose ids the symbols of the dictionary are; null if they are
   * words.
   */
  bpe: string | null;
}

/** The data of such folders. */
export interface FairseqData {
  tokenizer: Tokenizer;
  train: FairseqLocation;
  /** Null if the folder has no `valid`. */
  valid: FairseqLocation | null;
  /** SHA-256, in hexadecimal, of everything that determines the blocks. */
  fingerprint: string;
  tokens: { train: number; valid: number };
  /** Number of blocks. */
  sequences: { train: number; valid: number };
}

/**
 * Size in bytes and maximum number of the pieces of a data file in the
 * fingerprint.
 */
const PIECE_BYTES = 1 << 20;
const MAX_PIECES = 8;

/**
 * Finds and checks everything that training on binarised folders needs.
 * @throws {UserError} if something is missing, damaged, in another format or
 * empty.
 */
export async function loadFairseqData(
  options: FairseqOptions,
): Promise<FairseqData> {
  const {
    path,
    trainSubset,
    validSubset,
    combineVal,
    sequenceLength,
  } = options;
  const folders = splitFolders(path);
  const dict = join(folders[0], "dict.txt");
  const vocabSize = loadCommonDictionary(folders).size;
  const tokenizer = await loadTokenizer(
    fairseqTokenizerSpec(dict, options.bpe),
  );
  const toRef = (paths: string[]): FairseqLocation => ({
    paths,
    sequenceLength,
    vocabSize,
    pad: PAD,
    eos: EOS,
  });
  const train = toRef(
    folders.flatMap((folder) => subsetPrefixes(folder, trainSubset, true)),
  );
  // Only the default subset may be missing: any other name was requested
  // explicitly.
  const missingDefault = validSubset === "valid" &&
    !subsetExists(join(folders[0], "valid"));
  const valid = missingDefault
    ? null
    : toRef(subsetPrefixes(folders[0], validSubset, combineVal));
  const sizes = {
    train: measureSubset(train, trainSubset),
    valid: valid
      ? measureSubset(valid, validSubset)
      : { tokens: 0, sequences: 0 },
  };
  return {
    tokenizer,
    train,
    valid,
    fingerprint: contentFingerprint(dict, sequenceLength, [train, valid]),
    tokens: { train: sizes.train.tokens, valid: sizes.valid.tokens },
    sequences: { train: sizes.train.sequences, valid: sizes.valid.sequences },
  };
}

/**
 * Locates a subset in the first of the folders, for `openFairseqSplit()`.
 * @throws {UserError} if its files or the dictionary are missing.
 */
export function locateFairseqSubset(
  { path, subset, combine, sequenceLength }: FairseqSubsetOptions,
): FairseqLocation {
  const folder = splitFolders(path)[0];
  return {
    paths: subsetPrefixes(folder, subset, combine),
    sequenceLength,
    vocabSize: Dictionary.load(join(folder, "dict.txt")).size,
    pad: PAD,
    eos: EOS,
  };
}

function splitFolders(path: string): string[] {
  const folders = splitPaths(path);
  if (folders.length === 0) {
    throw new UserError(
      "Cannot read 'data.path' as it must be a folder with dict.txt, train.idx and train.bin: got ''",
    );
  }
  return folders.map((folder) => {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      return resolve(folder);
    }
    throw new UserError(
      `Cannot read 'data.path' as '${shortPath(folder)}' is not a folder`,
      { isMissing: true },
    );
  });
}

/**
 * Loads the dictionary of the first folder; dictionaries in other folders must
 * equal it.
 */
function loadCommonDictionary(folders: string[]): Dictionary {
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

/**
 * Paths of the files of a subset without extensions. The first may not exist:
 * opening it reports that.
 */
function subsetPrefixes(
  folder: string,
  subset: string,
  combine: boolean,
): string[] {
  const prefixes = [join(folder, subset)];
  if (!combine) return prefixes;
  for (let k = 1; subsetExists(join(folder, `${subset}${k}`)); k++) {
    prefixes.push(join(folder, `${subset}${k}`));
  }
  return prefixes;
}

function measureSubset(
  location: FairseqLocation,
  subset: string,
): { tokens: number; sequences: number } {
  const split = openFairseqSplit(location);
  split.close();
  if (split.tokens === 0) {
    throw new UserError(
      `Cannot use the subset '${subset}' as '${
        location.paths[0]
      }.bin' holds no tokens: binarise a text that is not empty`,
    );
  }
  return { tokens: split.tokens, sequences: split.sequences };
}

/**
 * SHA-256 of the dictionary, each index and the data. Of a data file larger
 * than 8 MiB it covers the size and eight pieces of 1 MiB, evenly spaced from
 * the first to the last byte: reading hundreds of gigabytes before each run
 * would take longer than many runs, and since the index holds the length of
 * every sentence, different text has a different index. It does not depend on
 * the location of the folders.
 */
function contentFingerprint(
  dict: string,
  sequenceLength: number,
  locations: (FairseqLocation | null)[],
): string {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(PIECE_BYTES);
  const add = (path: string, whole: boolean) => {
    const { file, bytes } = openForReading(path);
    try {
      hash.update(`${bytes} bytes\n`);
      const count = Math.ceil(bytes / PIECE_BYTES);
      const pieces = whole ? count : Math.min(count, MAX_PIECES);
      for (let i = 0; i < pieces; i++) {
        const at = pieces === count
          ? i * PIECE_BYTES
          : Math.floor(i * (bytes - PIECE_BYTES) / (pieces - 1));
        const piece = buffer.subarray(0, Math.min(PIECE_BYTES, bytes - at));
        readExactly(file, path, piece, at);
        hash.update(piece);
      }
    } finally {
      closeSync(file);
    }
  };
  hash.update(`fairseq ${sequenceLength}\n`);
  add(dict, true);
  for (const location of locations) {
    hash.update(`${location?.paths.length ?? 0} files\n`);
    for (const path of location?.paths ?? []) {
      add(`${path}.idx`, true);
      add(`${path}.bin`, false);
    }
  }
  return hash.digest("hex");
}
