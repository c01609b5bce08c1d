/**
 * Reads a pair of files of fairseq's mmap format at given positions.
 * @module
 */
import { closeSync, existsSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { checkIndex, type MmapIndex, readHeader } from "./mmap_index.ts";
import { openForReading, readExactly } from "./read_at.ts";

/** Sentences of token ids, concatenated. */
export class MmapDataset {
  readonly #index: MmapIndex;
  readonly #data: { path: string; file: number; bytes: number };
  #buffer = new ArrayBuffer(0);

  private constructor(
    index: MmapIndex,
    data: { path: string; file: number; bytes: number },
  ) {
    this.#index = index;
    this.#data = data;
  }

  /**
   * Opens `<prefix>.idx` and `<prefix>.bin`; {@linkcode MmapDataset.check}
   * verifies them.
   * @throws {UserError} if they are missing, in another format, or of an
   * inconsistent length.
   */
  static open(prefix: string): MmapDataset {
    requireSubset(prefix);
    const path = `${prefix}.idx`;
    const { file, bytes } = openForReading(path);
    try {
      const index = readHeader(path, file, bytes);
      const data = `${prefix}.bin`;
      return new MmapDataset(index, { path: data, ...openForReading(data) });
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** Number of sentences. */
  get sentences(): number {
    return this.#index.sentences;
  }

  /** Number of tokens; valid after {@linkcode MmapDataset.check}. */
  get tokens(): number {
    return this.#data.bytes / this.#index.type.bytes;
  }

  /**
   * Checks the index against the data file.
   * @param visit receives the sizes of the sentences in tokens, in order, in an
   * array that is reused
   * @throws {UserError} at the first error.
   */
  check(visit: (sizes: Int32Array) => void = () => {}): void {
    checkIndex(this.#index, this.#data, visit);
  }

  /**
   * Reads `into.length` tokens from token `from`, across sentences.
   * @throws {RangeError} if there are fewer.
   * @throws {UserError} at an id that is not less than `vocabSize`.
   */
  read(from: number, into: Uint32Array, vocabSize: number): void {
    if (!(from >= 0 && from + into.length <= this.tokens)) {
      throw new RangeError(
        `Cannot read ${into.length} tokens from token ${from} of ${this.tokens}`,
      );
    }
    const { type } = this.#index;
    const { file, path } = this.#data;
    const size = into.length * type.bytes;
    if (this.#buffer.byteLength < size) this.#buffer = new ArrayBuffer(size);
    const bytes = new Uint8Array(this.#buffer, 0, size);
    readExactly(file, path, bytes, from * type.bytes);
    const firstInvalid = type.decode(this.#buffer, into, vocabSize);
    if (firstInvalid >= 0) {
      throw new UserError(
        `Cannot use '${path}' as its token ${from + firstInvalid} is ${
          type.idAt(this.#buffer, firstInvalid)
        }, but the largest id is ${
          vocabSize - 1
        }: the dictionary does not match the data`,
      );
    }
  }

  /** Closes both files. */
  close(): void {
    closeSync(this.#index.file);
    closeSync(this.#data.file);
  }
}

/**
 * Whether at least one of the two files of a subset exists.
 * @param prefix its path without `.idx` and `.bin`
 */
export function subsetExists(prefix: string): boolean {
  return existsSync(`${prefix}.idx`) || existsSync(`${prefix}.bin`);
}

/**
 * Checks that both files exist; the message names text that was not binarised.
 */
function requireSubset(prefix: string): void {
  for (const ending of ["idx", "bin"]) {
    if (existsSync(`${prefix}.${ending}`)) continue;
    const raw = [prefix, `${prefix}.txt`].find((path) => existsSync(path));
    throw new UserError(
      raw !== undefined && !subsetExists(prefix)
        ? `Cannot read '${raw}' as it is not binarised: run fairseq-preprocess with --dataset-impl mmap`
        : `Cannot find '${prefix}.${ending}': a subset has an index (.idx) and a data file (.bin)`,
    );
  }
}
