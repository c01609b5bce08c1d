/**
 * The token store: a folder with the chunks of both splits and a description of them.
 *
 *     store.json   what is inside and where it came from: `StoreSummary`
 *     train.bin    chunks of contextLength tokens one after the other, u16 or u32 little-endian
 *     valid.bin    the same, of held-out documents
 *
 * Chunks are read from disk one by one as they are asked for, so a store may be larger than memory.
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

/** The target of a position that has none: the loss and its gradient skip it. */
export const IGNORE = 0xffffffff;

/** The format that this code writes and reads. */
export const STORE_FORMAT = 2;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const splitSummary = v.strictObject({
  /** Documents read as text. */
  documents: count,
  /** Of these, the ones shorter than one chunk: they contribute nothing. */
  tooShort: count,
  /** Their text, in bytes of UTF-8. */
  bytes: count,
  /** Their tokens, before incomplete chunks are dropped. */
  tokens: count,
  /** Chunks in the store. */
  chunks: count,
});

const storeSummary = v.strictObject({
  format: v.literal(STORE_FORMAT),
  /** SHA-256 over everything that decides the store's content. */
  fingerprint: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  tokenizer: v.string(),
  vocabSize: count,
  contextLength: v.pipe(count, v.minValue(1)),
  bytesPerToken: v.picklist([2, 4]),
  maxTokenId: count,
  seed: count,
  /** Part of the documents that was held out; null where held-out files were named. */
  validFraction: v.nullable(v.number()),
  maxDocuments: v.nullable(count),
  /** The same for held-out files. */
  validMaxDocuments: v.nullable(count),
  /** What was left out, by reason. */
  skipped: v.strictObject({
    /** Text files with a NUL byte. */
    binary: count,
    /** Text files that are not UTF-8. */
    undecodable: count,
    /** Records without text. */
    unreadable: count,
    /** Texts that came before. */
    duplicate: count,
    /** Files that cannot be read, or not to their end. */
    files: count,
  }),
  splits: v.strictObject({ train: splitSummary, valid: splitSummary }),
});

/** What `store.json` says. */
export type StoreSummary = v.InferOutput<typeof storeSummary>;

/** What `store.json` says of one split. */
export type SplitSummary = v.InferOutput<typeof splitSummary>;

/**
 * Writes `store.json`, which makes a folder a store: the last thing, once all else is on disk. Its checksum is over its
 * own text; the token files have none, as reading gigabytes to know them whole would take longer than to trust the disk:
 * their sizes are checked when a store is opened, and each chunk's ids when it is read.
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
 * What a finished folder says of itself, whatever the form of its tokens.
 * @throws {UserError} if it says nothing, or something that was changed.
 */
function readSummary(dir: string): StoreSummary {
  const { checksum, ...json } = readJson(dir);
  const parsed = v.safeParse(storeSummary, json);
  if (!parsed.success) {
    const issue = parsed.issues[0];
    throw damaged(
      dir,
      `store.json has a wrong '${
        v.getDotPath(issue) ?? "form"
      }' (${issue.message})`,
    );
  }
  if (!checksum) {
    throw damaged(dir, "store.json has been changed: its checksum is another");
  }
  return parsed.output;
}

const STORE_JSON = "store.json";

/** The chunks of one split. */
export interface TokenSplit {
  /** Number of chunks. */
  readonly sequences: number;
  /** Positions in each. */
  readonly sequenceLength: number;
  /**
   * Whether `read()` gives targets too, as fairseq's blocks have them for every position; where not, a chunk's targets
   * are its own tokens, shifted by one.
   */
  readonly ownTargets: boolean;
  /**
   * Reads chunk `index` into `into[at … at + contextLength - 1]`, and, where `ownTargets`, its targets (`IGNORE` for
   * none) into the same places of `targets`.
   * @throws {RangeError} if there is no such chunk or no room for it.
   * @throws {UserError} if the file has been cut short since it was opened.
   */
  read(
    index: number,
    into: Uint32Array,
    at: number,
    targets?: Uint32Array,
  ): void;
  /** Closes the file; reading is over. */
  close(): void;
}

/** A finished store, opened for reading. */
export class TokenStore {
  private constructor(readonly dir: string, readonly summary: StoreSummary) {}

  /**
   * Opens a store after checking that it is whole.
   * @throws {UserError} if the folder holds none or a damaged one.
   */
  static open(dir: string): TokenStore {
    const summary = readSummary(dir);
    if (summary.maxTokenId >= Math.max(1, summary.vocabSize)) {
      throw damaged(
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
        throw damaged(
          dir,
          `${name}.bin ${found} where store.json promises ${expected} bytes`,
        );
      }
    }
    return new TokenStore(dir, summary);
  }

  /** Opens one split; close it when done. */
  split(name: SplitName): TokenSplit {
    return new FileSplit(
      join(this.dir, `${name}.bin`),
      this,
      this.summary.splits[name].chunks,
    );
  }
}

/**
 * What a folder says, if it is whole and has this fingerprint; a damaged store is to be made anew.
 * @param otherForm whether its tokens are not in chunks
 */
export function summaryIfSame(
  dir: string,
  fingerprint: string,
  otherForm: boolean,
): StoreSummary | undefined {
  try {
    const summary = otherForm ? readSummary(dir) : TokenStore.open(dir).summary;
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
  #record: Uint16Array | Uint32Array;
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
    this.#record = summary.bytesPerToken === 2
      ? new Uint16Array(summary.contextLength)
      : new Uint32Array(summary.contextLength);
    this.#bytes = new Uint8Array(this.#record.buffer);
  }

  read(index: number, into: Uint32Array, at: number): void {
    if (!(Number.isInteger(index) && index >= 0 && index < this.sequences)) {
      throw new RangeError(`Cannot read chunk ${index} of ${this.sequences}`);
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
        throw damaged(this.#dir, `a file ends within chunk ${index}`);
      }
      got += n;
    }
    for (const id of this.#record) {
      if (id >= this.#vocabSize) {
        throw damaged(
          this.#dir,
          `chunk ${index} has token ${id} of a vocabulary of ${this.#vocabSize}`,
        );
      }
    }
    into.set(this.#record, at);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The content of `store.json`, with `checksum` telling whether that is right. */
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
    throw damaged(dir, "store.json is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw damaged(dir, "store.json is no JSON object");
  }
  const sum = /"checksum": "([0-9a-f]{64})"/.exec(text)?.[1] ?? "";
  const bare = text.replace(`"checksum": "${sum}"`, '"checksum": ""');
  return { ...json, checksum: hash("sha256", bare, "hex") === sum };
}

function damaged(dir: string, what: string): UserError {
  return new UserError(
    `Cannot use the token store '${dir}' as ${what}: delete the folder and prepare the data again`,
  );
}
