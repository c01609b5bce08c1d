/**
 * A pair of files of fairseq's mmap format, opened for reading by position.
 * @module
 */
import { closeSync, existsSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { openFile, readFully } from "./files.ts";
import { checkIndex, type MmapIndex, readHeader } from "./mmap_index.ts";

/** Sentences of token ids, one after the other. */
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
   * Opens `<prefix>.idx` and `<prefix>.bin`; {@linkcode MmapDataset.check} tells whether they are whole.
   * @throws {UserError} if they are missing, in another format, or of a length that does not fit.
   */
  static open(prefix: string): MmapDataset {
    checkFound(prefix);
    const path = `${prefix}.idx`;
    const { file, bytes } = openFile(path);
    try {
      const index = readHeader(path, file, bytes);
      const data = `${prefix}.bin`;
      return new MmapDataset(index, { path: data, ...openFile(data) });
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** Number of sentences. */
  get sentences(): number {
    return this.#index.sentences;
  }

  /** Number of tokens; right once {@linkcode MmapDataset.check} has passed. */
  get tokens(): number {
    return this.#data.bytes / this.#index.type.bytes;
  }

  /**
   * Checks all that the index says against the data file.
   * @param visit is given the sizes of the sentences, in order and in tokens, in an array that is used again
   * @throws {UserError} at the first fault.
   */
  check(visit: (sizes: Int32Array) => void = () => {}): void {
    checkIndex(this.#index, this.#data, visit);
  }

  /**
   * Reads `into.length` tokens from token `from` on, across sentences.
   * @throws {RangeError} if there are fewer.
   * @throws {UserError} at an id that is not below `vocabSize`.
   */
  read(from: number, into: Uint32Array, vocabSize: number): void {
    if (!(from >= 0 && from + into.length <= this.tokens)) {
      throw new RangeError(
        `Cannot read ${into.length} tokens from token ${from} on of ${this.tokens}`,
      );
    }
    const { type } = this.#index;
    const { file, path } = this.#data;
    const size = into.length * type.bytes;
    if (this.#buffer.byteLength < size) this.#buffer = new ArrayBuffer(size);
    const bytes = new Uint8Array(this.#buffer, 0, size);
    readFully(file, path, bytes, from * type.bytes);
    const bad = type.decode(this.#buffer, into, vocabSize);
    if (bad >= 0) {
      throw new UserError(
        `Cannot use '${path}' as its token ${from + bad} is ${
          type.idAt(this.#buffer, bad)
        }, but ids end at ${
          vocabSize - 1
        }: the dictionary does not match the data`,
      );
    }
  }

  /** Closes both files; reading is over. */
  close(): void {
    closeSync(this.#index.file);
    closeSync(this.#data.file);
  }
}

/**
 * Whether the files of a subset are there; one without the other counts, too.
 * @param prefix its path without `.idx` and `.bin`
 */
export function isFound(prefix: string): boolean {
  return existsSync(`${prefix}.idx`) || existsSync(`${prefix}.bin`);
}

/** Stops where files are missing, and knows what lies there in their place. */
function checkFound(prefix: string): void {
  for (const ending of ["idx", "bin"]) {
    if (existsSync(`${prefix}.${ending}`)) continue;
    const raw = [prefix, `${prefix}.txt`].find((path) => existsSync(path));
    throw new UserError(
      raw !== undefined && !isFound(prefix)
        ? `Cannot read '${raw}' as it is not binarised: run fairseq-preprocess with --dataset-impl mmap`
        : `Cannot find '${prefix}.${ending}': a subset has an index (.idx) and a data file (.bin)`,
    );
  }
}
