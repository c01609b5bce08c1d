/**
 * Writes the chunks of one split: documents come in token by token, whole chunks go out.
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

const BUFFER_TOKENS = 1 << 18;

/** How far a writer is: between two chunks of its file, with the tokens of the current document that wait for a whole one. */
export interface WriterState {
  /** Chunks so far, all in the file but those of the current document. */
  sequences: number;
  /** Bytes of the file. */
  bytes: number;
  /** Tokens of the current document so far. */
  tokens: number;
  /** The last of these, fewer than a chunk. */
  rest: number[];
}

/** A file of chunks of exactly `contextLength` tokens each, little-endian. */
export class SequenceWriter {
  readonly sequenceLength: number;
  /** Chunks of the documents that have ended. */
  sequences = 0;
  #file: number;
  // Typed arrays have the machine's byte order: every platform that Deno runs on is little-endian.
  #buffer: Uint16Array | Uint32Array;
  #filled = 0;
  #tokens = 0;
  #written = 0;

  /**
   * Opens the file, which is made if there is none; one that has something is to be restored first.
   * @param bytesPerToken 2 or 4
   */
  constructor(path: string, sequenceLength: number, bytesPerToken: number) {
    this.sequenceLength = sequenceLength;
    // A whole number of chunks, so that a full buffer ends where a chunk ends.
    const size = Math.ceil(BUFFER_TOKENS / sequenceLength) * sequenceLength;
    this.#buffer = bytesPerToken === 2
      ? new Uint16Array(size)
      : new Uint32Array(size);
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT);
  }

  /**
   * Adds the next tokens of the current document.
   * @throws {UserError} if one does not fit into the file's two bytes a token.
   */
  push(ids: Uint32Array): void {
    if (this.#buffer.BYTES_PER_ELEMENT === 2) checkTwoBytes(ids);
    for (let from = 0; from < ids.length;) {
      const count = Math.min(
        ids.length - from,
        this.#buffer.length - this.#filled,
      );
      this.#buffer.set(ids.subarray(from, from + count), this.#filled);
      this.#filled += count;
      from += count;
      if (this.#filled === this.#buffer.length) this.#write(this.#filled);
    }
    this.#tokens += ids.length;
  }

  /**
   * Ends the current document: the tokens after its last whole chunk are dropped.
   * @returns the number of its tokens and of its chunks.
   */
  endDocument(): { tokens: number; sequences: number } {
    const tokens = this.#tokens;
    const sequences = Math.floor(tokens / this.sequenceLength);
    this.#filled -= tokens % this.sequenceLength;
    this.#tokens = 0;
    this.sequences += sequences;
    return { tokens, sequences };
  }

  /** Writes the whole chunks, waits until the disk has them, and says where that is; also within a document. */
  save(): WriterState {
    const rest = this.#tokens % this.sequenceLength;
    this.#write(this.#filled - rest);
    fsyncSync(this.#file);
    return {
      sequences: this.sequences,
      bytes: this.#written,
      tokens: this.#tokens,
      rest: [...this.#buffer.subarray(0, this.#filled)],
    };
  }

  /**
   * Cuts the file back to a saved state, to go on from there.
   * @throws {Error} if the file has less.
   */
  restore({ sequences: sequences, bytes, tokens, rest }: WriterState): void {
    const { size } = fstatSync(this.#file);
    if (size < bytes) throw new Error(`${size} bytes where ${bytes} were`);
    ftruncateSync(this.#file, bytes);
    this.sequences = sequences;
    this.#written = bytes;
    this.#tokens = tokens;
    this.#buffer.set(rest);
    this.#filled = rest.length;
  }

  /** Writes what is left and waits until the disk has it. */
  finish(): void {
    this.#write(this.#filled);
    fsyncSync(this.#file);
  }

  /** Closes the file, finished or not. */
  close(): void {
    closeSync(this.#file);
  }

  /** Writes the buffer's first `count` tokens, whole chunks, and keeps those after. */
  #write(count: number): void {
    const size = this.#buffer.BYTES_PER_ELEMENT;
    const bytes = new Uint8Array(this.#buffer.buffer, 0, count * size);
    for (let at = 0; at < bytes.length;) {
      const written = writeSync(
        this.#file,
        bytes,
        at,
        bytes.length - at,
        this.#written,
      );
      at += written;
      this.#written += written;
    }
    this.#buffer.copyWithin(0, count, this.#filled);
    this.#filled -= count;
  }
}

function checkTwoBytes(ids: Uint32Array): void {
  // Half the time of a search for the largest: every token of every text comes through here.
  let all = 0;
  for (let i = 0; i < ids.length; i++) all |= ids[i];
  if (all >>> 16 === 0) return;
  throw new UserError(
    `Cannot write token ${ids.find((id) => id > 0xffff)} as a store of ` +
      "two bytes a token has ids up to 65535: use a tokenizer that gives its 'vocabSize' rightly",
  );
}
