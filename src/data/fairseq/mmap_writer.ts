/**
 * Writes a pair of files of fairseq's mmap format sequentially. Sizes are
 * written to the index as sentences end; start offsets are computed at the end.
 * @module
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  writeSync,
} from "node:fs";
import { UserError } from "../../errors.ts";
import type { IdType } from "./int_types.ts";
import { buildHeader, HEADER_BYTES } from "./mmap_index.ts";
import { readExactly } from "./read_at.ts";

const BUFFER_TOKENS = 1 << 18;
const BUFFER_SIZES = 1 << 16;

/** Sizes of sentences are signed 32-bit numbers. */
const MAX_SENTENCE_TOKENS = 2 ** 31 - 1;

/** Writer of `<prefix>.idx` and `<prefix>.bin`. */
export class MmapWriter {
  readonly #data: { path: string; file: number };
  readonly #index: { path: string; file: number };
  readonly #type: IdType;
  // Typed arrays have native byte order: every platform that Deno supports is
  // little-endian.
  readonly #tokens: Uint16Array | Int32Array;
  readonly #sizes = new Int32Array(BUFFER_SIZES);
  #tokensHeld = 0;
  #sizesHeld = 0;
  #tokensWritten = 0;
  #sizesWritten = 0;
  #sentence = 0;

  /**
   * Opens the files without truncating them: `restore()` may need their
   * content.
   * @param type one of 2 or 4 bytes
   */
  constructor(prefix: string, type: IdType) {
    const { O_RDWR, O_CREAT } = constants;
    const open = (path: string) => ({
      path,
      file: openSync(path, O_RDWR | O_CREAT, 0o666),
    });
    this.#data = open(`${prefix}.bin`);
    this.#index = open(`${prefix}.idx`);
    this.#type = type;
    this.#tokens = type.bytes === 2
      ? new Uint16Array(BUFFER_TOKENS)
      : new Int32Array(BUFFER_TOKENS);
  }

  /** Number of sentences so far. */
  get sentences(): number {
    return this.#sizesWritten + this.#sizesHeld;
  }

  /** Number of tokens of all complete sentences so far. */
  get tokens(): number {
    return this.#tokensWritten + this.#tokensHeld - this.#sentence;
  }

  /** Appends tokens to the current sentence, adding `offset` to each id. */
  push(ids: ArrayLike<number>, offset: number): void {
    for (let from = 0; from < ids.length;) {
      const end = Math.min(
        ids.length,
        from + this.#tokens.length - this.#tokensHeld,
      );
      while (from < end) {
        this.#tokens[this.#tokensHeld++] = ids[from++] + offset;
      }
      if (this.#tokensHeld === this.#tokens.length) this.#flushTokens();
    }
    this.#sentence += ids.length;
  }

  /**
   * Ends the current sentence.
   * @returns the number of its tokens.
   * @throws {UserError} if they exceed what the format can represent.
   */
  endSentence(): number {
    const size = this.#sentence;
    if (size > MAX_SENTENCE_TOKENS) {
      throw new UserError(
        `Cannot write '${this.#index.path}' as a document may have at most ${MAX_SENTENCE_TOKENS} tokens in fairseq's format: got ${size}`,
      );
    }
    this.#sizes[this.#sizesHeld++] = size;
    this.#sentence = 0;
    if (this.#sizesHeld === this.#sizes.length) this.#flushSizes();
    return size;
  }

  /** Writes all buffered data and syncs it to disk. */
  save(): void {
    this.#flushTokens();
    this.#flushSizes();
    fsyncSync(this.#data.file);
    fsyncSync(this.#index.file);
  }

  /**
   * Truncates the files to a number of sentences and tokens and resumes from
   * there.
   * @throws {UserError} if the files hold less.
   */
  restore(sentences: number, tokens: number): void {
    for (
      const [{ path, file }, bytes] of [
        [this.#data, tokens * this.#type.bytes],
        [this.#index, sentences && HEADER_BYTES + 4 * sentences],
      ] as const
    ) {
      const found = fstatSync(file).size;
      if (!(found >= bytes)) {
        throw new UserError(
          `Cannot resume '${path}' as it must have at least ${bytes} bytes, but has ${found}: prepare into a new folder`,
        );
      }
      ftruncateSync(file, bytes);
    }
    // There is no header until the end, so an incomplete index cannot be
    // mistaken for a complete one.
    if (sentences > 0) {
      this.#write(this.#index, new Uint8Array(HEADER_BYTES), 0);
    }
    this.#tokensHeld = this.#sizesHeld = this.#sentence = 0;
    this.#tokensWritten = tokens;
    this.#sizesWritten = sentences;
  }

  /** Visits all written tokens in pieces, in an array that is reused. */
  forEachWritten(visit: (ids: Uint32Array) => void): void {
    const { bytes } = this.#type;
    const buffer = new ArrayBuffer(BUFFER_TOKENS * bytes);
    const ids = new Uint32Array(BUFFER_TOKENS);
    for (let from = 0; from < this.#tokensWritten; from += BUFFER_TOKENS) {
      const count = Math.min(BUFFER_TOKENS, this.#tokensWritten - from);
      const piece = new Uint8Array(buffer, 0, count * bytes);
      readExactly(this.#data.file, this.#data.path, piece, from * bytes);
      const some = ids.subarray(0, count);
      this.#type.decode(buffer, some, Infinity);
      visit(some);
    }
  }

  /**
   * Writes all buffered data, completes the index and syncs both files to disk.
   */
  finish(): void {
    this.#flushTokens();
    this.#flushSizes();
    // Files of an earlier run may be longer.
    ftruncateSync(this.#data.file, this.#tokensWritten * this.#type.bytes);
    this.#writeStarts();
    ftruncateSync(this.#index.file, HEADER_BYTES + 12 * this.#sizesWritten);
    this.#write(this.#index, buildHeader(this.#type, this.#sizesWritten), 0);
    fsyncSync(this.#data.file);
    fsyncSync(this.#index.file);
  }

  /** Closes the files, complete or not. */
  close(): void {
    closeSync(this.#data.file);
    closeSync(this.#index.file);
  }

  #flushTokens(): void {
    const { bytes } = this.#type;
    const held = new Uint8Array(
      this.#tokens.buffer,
      0,
      this.#tokensHeld * bytes,
    );
    this.#write(this.#data, held, this.#tokensWritten * bytes);
    this.#tokensWritten += this.#tokensHeld;
    this.#tokensHeld = 0;
  }

  #flushSizes(): void {
    const held = new Uint8Array(this.#sizes.buffer, 0, 4 * this.#sizesHeld);
    this.#write(this.#index, held, HEADER_BYTES + 4 * this.#sizesWritten);
    this.#sizesWritten += this.#sizesHeld;
    this.#sizesHeld = 0;
  }

  /**
   * Writes the byte offset of each sentence in the data file, after the sizes.
   */
  #writeStarts(): void {
    const total = this.#sizesWritten;
    const starts = new Uint32Array(2 * BUFFER_SIZES);
    let at = 0;
    for (let from = 0; from < total; from += BUFFER_SIZES) {
      const count = Math.min(BUFFER_SIZES, total - from);
      const sizes = new Uint8Array(this.#sizes.buffer, 0, 4 * count);
      const { file, path } = this.#index;
      readExactly(file, path, sizes, HEADER_BYTES + 4 * from);
      for (let i = 0; i < count; i++) {
        starts[2 * i] = at >>> 0;
        starts[2 * i + 1] = Math.floor(at / 2 ** 32);
        at += this.#sizes[i] * this.#type.bytes;
      }
      this.#write(
        this.#index,
        new Uint8Array(starts.buffer, 0, 8 * count),
        HEADER_BYTES + 4 * total + 8 * from,
      );
    }
  }

  #write(
    { file }: { file: number },
    bytes: Uint8Array,
    position: number,
  ): void {
    for (let at = 0; at < bytes.length;) {
      at += writeSync(file, bytes, at, bytes.length - at, position + at);
    }
  }
}
