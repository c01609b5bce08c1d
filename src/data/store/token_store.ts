/**
 * The token store: a folder with the sequences of both splits and a
 * description.
 *
 *     store.json   what is inside and where it came from: `StoreSummary`
 *     train.bin    sequences of equal length, one after another, as u16 or u32,
 *                  little-endian
 *     valid.bin    the same, of held-out documents
 *
 * Sequences are read from disk one by one on request, so a store may be larger
 * than memory.
 *
 * In `store.json`, `contextLength` is the sequence length and `chunks` the
 * number of sequences: older stores stay readable.
 * @module
 */
import { hash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { UserError } from "../../errors.ts";
import { writeDurably } from "../../fs/atomic_file.ts";
import type { SplitName } from "./token_sink.ts";

export type { SplitName };

/** Target of a position that has none: the loss and its gradient skip it. */
export const IGNORE = 0xffffffff;

/** Version of the format that this code writes and reads. */
export const STORE_FORMAT = 2;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const splitSummary = v.strictObject({
  /** Documents read as text. */
  documents: count,
  /** Documents shorter than one sequence: they contribute nothing. */
  tooShort: count,
  /** Bytes of their text in UTF-8. */
  bytes: count,
  /** Their tokens, before incomplete sequences are dropped. */
  tokens: count,
  /** Sequences in the store. */
  chunks: count,
});

const storeSummary = v.strictObject({
  format: v.literal(STORE_FORMAT),
  /** SHA-256 over everything that decides the store's content. */
  fingerprint: v.pipe(v.string(), v.regex(/^(contents:)?[0-9a-f]{64}$/)),
  tokenizer: v.string(),
  vocabSize: count,
  contextLength: v.pipe(count, v.minValue(1)),
  bytesPerToken: v.picklist([2, 4]),
  maxTokenId: count,
  seed: count,
  /**
   * Part of the documents that was held out; null if held-out files were named.
   */
  validFraction: v.nullable(v.number()),
  maxDocuments: v.nullable(count),
  /** The same for held-out files. */
  validMaxDocuments: v.nullable(count),
  /** What was skipped, by reason. */
  skipped: v.strictObject({
    /** Text files with a NUL byte. */
    binary: count,
    /** Text files that are not UTF-8. */
    undecodable: count,
    /** Files without a document, and empty text files. */
    empty: v.optional(count),
    /** Records without text. */
    unreadable: count,
    /** Texts that came before. */
    duplicate: count,
    /** Files that cannot be read, or not to their end. */
    files: count,
  }),
  /**
   * Why the first few of the unreadable records were skipped: the index of the
   * file among those with documents, held-out ones first, and the reason.
   */
  reasons: v.optional(
    v.array(v.strictObject({ entry: count, reason: v.string() })),
  ),
  splits: v.strictObject({ train: splitSummary, valid: splitSummary }),
});

/** Content of `store.json`. */
export type StoreSummary = v.InferOutput<typeof storeSummary>;

/** What `store.json` says about one split. */
export type SplitSummary = v.InferOutput<typeof splitSummary>;

/**
 * Writes `store.json`, which makes the folder a store: last, when all else is
 * on disk. It holds a checksum of its own text. The token files have none, as
 * reading gigabytes takes longer than the check is worth: their sizes are
 * checked when a store is opened, and the ids of each sequence when it is read.
 */
export function writeSummary(dir: string, summary: StoreSummary): void {
  const text = JSON.stringify({ ...summary, checksum: "" }, null, 2) + "\n";
  const sum = hash("sha256", text, "hex");
  writeDurably(
    join(dir, STORE_JSON),
    text.replace(/"checksum": ""/, `"checksum": "${sum}"`),
  );
}

/**
 * Reads `store.json` of a finished folder, whatever its output format.
 * @throws {UserError} if it is missing, invalid or changed.
 */
function readSummary(dir: string): StoreSummary {
  const { checksum, ...json } = readJson(dir);
  const parsed = v.safeParse(storeSummary, json);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw noStoreError(
      dir,
      `store.json has a wrong '${
        v.getDotPath(issue) ?? "form"
      }' (${issue.message})`,
    );
  }
  if (!checksum) {
    throw noStoreError(
      dir,
      "store.json was changed: its checksum does not match",
    );
  }
  return parsed.output;
}

const STORE_JSON = "store.json";

/** The sequences of one split. */
export interface TokenSplit {
  /** Number of sequences. */
  readonly sequences: number;
  /** Positions per sequence. */
  readonly sequenceLength: number;
  /**
   * Whether `read()` gives targets too, as fairseq's blocks have them for every
   * position. Otherwise a sequence's targets are its own tokens, shifted by
   * one.
   */
  readonly ownTargets: boolean;
  /**
   * Reads sequence `index` into `into[at … at + sequenceLength - 1]` and, with
   * `ownTargets`, its targets (`IGNORE` for none) into the same indices of
   * `targets`.
   * @throws {RangeError} if there is no such sequence or no room for it.
   * @throws {UserError} if the file was cut short since it was opened.
   */
  read(
    index: number,
    into: Uint32Array,
    at: number,
    targets?: Uint32Array,
  ): void;
  /** Closes the file. */
  close(): void;
}

/** A finished store, opened for reading. */
export class TokenStore {
  private constructor(readonly dir: string, readonly summary: StoreSummary) {}

  /**
   * Opens a store after checking that it is complete.
   * @throws {UserError} if the folder holds no store or a damaged one.
   */
  static open(dir: string): TokenStore {
    const summary = readSummary(dir);
    if (summary.maxTokenId >= Math.max(1, summary.vocabSize)) {
      throw damagedError(
        dir,
        `it has token ${summary.maxTokenId} of a vocabulary of ${summary.vocabSize}`,
      );
    }
    for (const name of ["train", "valid"] as const) {
      const expected = summary.splits[name].chunks * summary.contextLength *
        summary.bytesPerToken;
      const size = statSync(join(dir, `${name}.bin`), { throwIfNoEntry: false })
        ?.size;
      if (size !== expected) {
        const found = size === undefined ? "is missing" : `has ${size} bytes`;
        throw damagedError(
          dir,
          `${name}.bin ${found} where store.json promises ${expected} bytes`,
        );
      }
    }
    return new TokenStore(dir, summary);
  }

  /** Opens one split. Close it when done. */
  split(name: SplitName): TokenSplit {
    return new FileSplit(
      join(this.dir, `${name}.bin`),
      this,
      this.summary.splits[name].chunks,
    );
  }
}

/**
 * The summary of a folder if it is complete and has this fingerprint. A damaged
 * store counts as missing.
 * @param otherFormat whether its tokens are not in sequences
 */
export function summaryIfSame(
  dir: string,
  fingerprint: string,
  otherFormat: boolean,
): StoreSummary | undefined {
  try {
    const summary = otherFormat
      ? readSummary(dir)
      : TokenStore.open(dir).summary;
    return summary.fingerprint === fingerprint ? summary : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

class FileSplit implements TokenSplit {
  readonly ownTargets = false;
  readonly sequenceLength: number;
  #dir: string;
  #vocabSize: number;
  #file: number;
  #sequence: Uint16Array | Uint32Array;
  #bytes: Uint8Array;

  constructor(
    path: string,
    { dir, summary }: TokenStore,
    readonly sequences: number,
  ) {
    this.sequenceLength = summary.contextLength;
    this.#dir = dir;
    this.#vocabSize = summary.vocabSize;
    this.#file = openSync(path, "r");
    this.#sequence = summary.bytesPerToken === 2
      ? new Uint16Array(summary.contextLength)
      : new Uint32Array(summary.contextLength);
    this.#bytes = new Uint8Array(this.#sequence.buffer);
  }

  read(index: number, into: Uint32Array, at: number): void {
    if (!(Number.isInteger(index) && index >= 0 && index < this.sequences)) {
      throw new RangeError(
        `Cannot read sequence ${index} of ${this.sequences}`,
      );
    }
    const size = this.#bytes.length;
    for (let got = 0; got < size;) {
      const n = readSync(
        this.#file,
        this.#bytes,
        got,
        size - got,
        index * size + got,
      );
      if (n === 0) {
        throw damagedError(this.#dir, `a file ends within sequence ${index}`);
      }
      got += n;
    }
    for (const id of this.#sequence) {
      if (id >= this.#vocabSize) {
        throw damagedError(
          this.#dir,
          `sequence ${index} has token ${id} of a vocabulary of ${this.#vocabSize}`,
        );
      }
    }
    into.set(this.#sequence, at);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/**
 * The content of `store.json`; `checksum` says whether its checksum matches.
 */
function readJson(dir: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(join(dir, STORE_JSON), "utf8");
  } catch (error) {
    const { message } = error as Error;
    throw new UserError(
      `Cannot open a token store as '${dir}' has no readable store.json: ${message}`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw noStoreError(dir, "store.json is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw noStoreError(dir, "store.json is not a JSON object");
  }
  const sum = /"checksum": "([0-9a-f]{64})"/.exec(text)?.[1] ?? "";
  const bare = text.replace(`"checksum": "${sum}"`, '"checksum": ""');
  return { ...json, checksum: hash("sha256", bare, "hex") === sum };
}

/**
 * A store that `prepare` wrote, by its checksum, and that has lost bytes since.
 */
function damagedError(dir: string, what: string): UserError {
  return new UserError(
    // deno-lint-ignore blocksmith/removal -- its checksum says that it is ours
    `Cannot use the token store '${dir}' as ${what}: delete the folder and prepare the data again`,
  );
}

/** A folder that may be another program's, or a user's. */
function noStoreError(dir: string, what: string): UserError {
  return new UserError(
    `Cannot use '${dir}' as a token store as ${what}: prepare the data again with another 'data.cache'`,
  );
}
