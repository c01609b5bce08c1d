/**
 * Writes a pair of files of fairseq's mmap format, front to back; sizes go to their place in the index at once, where
 * the sentences start is worked out at the end.
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
import { readFully } from "./files.ts";
import type { IntType } from "./int_types.ts";
import { HEADER_BYTES, headerOf } from "./mmap_index.ts";

const BUFFER_TOKENS = 1 << 18;
const BUFFER_SIZES = 1 << 16;

/** Sizes of sentences are 32-bit numbers with a sign. */
const LONGEST_SENTENCE = 2 ** 31 - 1;

/** `<prefix>.idx` and `<prefix>.bin`, being written. */
export class MmapWriter {
  readonly #data: { path: string; file: number };
  readonly #index: { path: string; file: number };
  readonly #type: IntType;
  // Typed arrays have the machine's byte order: every platform that Deno runs on is little-endian.
  readonly #tokens: Uint16Array | Int32Array;
  readonly #sizes = new Int32Array(BUFFER_SIZES);
  #tokensHeld = 0;
  #sizesHeld = 0;
  #tokensWritten = 0;
  #sizesWritten = 0;
  #sentence = 0;

  /**
   * Opens the files, and keeps what they hold until it is written over: `restore()` may want it.
   * @param type one of 2 or 4 bytes
   */
  constructor(prefix: string, type: IntType) {
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

  /** Sentences so far. */
  get sentences(): number {
    return this.#sizesWritten + this.#sizesHeld;
  }

  /** Tokens of all sentences so far. */
  get tokens(): number {
    return this.#tokensWritten + this.#tokensHeld - this.#sentence;
  }

  /** Adds the next tokens of the current sentence, `offset` to each id. */
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
   * @throws {UserError} if they are more than the format can count.
   */
  endSentence(): number {
    const size = this.#sentence;
    if (size > LONGEST_SENTENCE) {
      throw new UserError(
        `Cannot write '${this.#index.path}' as a document may have at most ${LONGEST_SENTENCE} tokens in fairseq's format: got ${size}`,
      );
    }
    this.#sizes[this.#sizesHeld++] = size;
    this.#sentence = 0;
    if (this.#sizesHeld === this.#sizes.length) this.#flushSizes();
    return size;
  }

  /** Writes what is held back and waits until the disk has it. */
  save(): void {
    this.#flushTokens();
    this.#flushSizes();
    fsyncSync(this.#data.file);
    fsyncSync(this.#index.file);
  }

  /**
   * Cuts the files back to so many sentences and tokens, and goes on from there.
   * @throws {UserError} if they hold less.
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
          `Cannot go on with '${path}' as it must have at least ${bytes} bytes, but has ${found}: delete the folder and prepare the data again`,
        );
      }
      ftruncateSync(file, bytes);
    }
    // Until the end there is no header, so that no one takes these files for whole.
    if (sentences > 0) {
      this.#write(this.#index, new Uint8Array(HEADER_BYTES), 0);
    }
    this.#tokensHeld = this.#sizesHeld = this.#sentence = 0;
    this.#tokensWritten = tokens;
    this.#sizesWritten = sentences;
  }

  /** Goes through all written tokens, some at a time, in an array that is used again. */
  readBack(visit: (ids: Uint32Array) => void): void {
    const { bytes } = this.#type;
    const buffer = new ArrayBuffer(BUFFER_TOKENS * bytes);
    const ids = new Uint32Array(BUFFER_TOKENS);
    for (let from = 0; from < this.#tokensWritten; from += BUFFER_TOKENS) {
      const count = Math.min(BUFFER_TOKENS, this.#tokensWritten - from);
      const piece = new Uint8Array(buffer, 0, count * bytes);
      readFully(this.#data.file, this.#data.path, piece, from * bytes);
      const some = ids.subarray(0, count);
      this.#type.decode(buffer, some, Infinity);
      visit(some);
    }
  }

  /** Writes what is left, completes the index and waits until the disk has both files. */
  finish(): void {
    this.#flushTokens();
    this.#flushSizes();
    // Files that an earlier run left may have been longer.
    ftruncateSync(this.#data.file, this.#tokensWritten * this.#type.bytes);
    this.#writeStarts();
    ftruncateSync(this.#index.file, HEADER_BYTES + 12 * this.#sizesWritten);
    this.#write(this.#index, headerOf(this.#type, this.#sizesWritten), 0);
    fsyncSync(this.#data.file);
    fsyncSync(this.#index.file);
  }

  /** Closes the files, finished or not. */
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

  /** Writes, after the sizes, at which byte of the data each sentence starts. */
  #writeStarts(): void {
    const total = this.#sizesWritten;
    const starts = new Uint32Array(2 * BUFFER_SIZES);
    let at = 0;
    for (let from = 0; from < total; from += BUFFER_SIZES) {
      const count = Math.min(BUFFER_SIZES, total - from);
      const sizes = new Uint8Array(this.#sizes.buffer, 0, 4 * count);
      const { file, path } = this.#index;
      readFully(file, path, sizes, HEADER_BYTES + 4 * from);
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
