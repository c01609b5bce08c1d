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
import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { UserError } from "../errors.ts";

/** The format that this code writes and reads. */
export const STORE_FORMAT = 1;

/** The two splits of a store. */
export type SplitName = "train" | "valid";

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
  /** Documents left out, by reason. */
  skipped: v.strictObject({ binary: count, undecodable: count }),
  splits: v.strictObject({ train: splitSummary, valid: splitSummary }),
});

/** What `store.json` says. */
export type StoreSummary = v.InferOutput<typeof storeSummary>;

/** What `store.json` says of one split. */
export type SplitSummary = v.InferOutput<typeof splitSummary>;

/** The chunks of one split. */
export interface TokenSplit {
  /** Number of chunks. */
  readonly chunks: number;
  /** Positions in each. */
  readonly contextLength: number;
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
    const parsed = v.safeParse(storeSummary, readJson(dir));
    if (!parsed.success) {
      const issue = parsed.issues[0];
      throw damaged(
        dir,
        `store.json has a wrong '${
          v.getDotPath(issue) ?? "form"
        }' (${issue.message})`,
      );
    }
    const summary = parsed.output;
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

class FileSplit implements TokenSplit {
  readonly ownTargets = false;
  readonly contextLength: number;
  #dir: string;
  #file: number;
  #record: Uint16Array | Uint32Array;
  #bytes: Uint8Array;

  constructor(
    path: string,
    { dir, summary }: TokenStore,
    readonly chunks: number,
  ) {
    this.contextLength = summary.contextLength;
    this.#dir = dir;
    this.#file = openSync(path, "r");
    this.#record = summary.bytesPerToken === 2
      ? new Uint16Array(summary.contextLength)
      : new Uint32Array(summary.contextLength);
    this.#bytes = new Uint8Array(this.#record.buffer);
  }

  read(index: number, into: Uint32Array, at: number): void {
    if (!(Number.isInteger(index) && index >= 0 && index < this.chunks)) {
      throw new RangeError(`Cannot read chunk ${index} of ${this.chunks}`);
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
    into.set(this.#record, at);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function readJson(dir: string): unknown {
  let text: string;
  try {
    text = readFileSync(join(dir, "store.json"), "utf8");
  } catch (error) {
    const { message } = error as Error;
    throw new UserError(
      `Cannot open a token store as '${dir}' has no readable store.json: ${message}`,
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    throw damaged(dir, "store.json is not JSON");
  }
}

function damaged(dir: string, what: string): UserError {
  return new UserError(
    `Cannot use the token store '${dir}' as ${what}: delete the folder and prepare the data again`,
  );
}
