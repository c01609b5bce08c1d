/**
 * Writes the sequences of one split: documents come in as runs of tokens, whole
 * sequences go out.
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

/**
 * State of a writer: the file ends with a whole sequence; the tokens of the
 * current document that do not fill one are kept here.
 */
export interface WriterState {
  /** Sequences of the documents that have ended. */
  sequences: number;
  /** Bytes of the file. */
  bytes: number;
  /** Tokens of the current document so far. */
  tokens: number;
  /** The last of them, fewer than a sequence. */
  rest: number[];
}

/** A file of sequences of exactly `sequenceLength` tokens, little-endian. */
export class SequenceWriter {
  readonly sequenceLength: number;
  /** Sequences of the documents that have ended. */
  sequences = 0;
  #file: number;
  // Typed arrays use the machine's byte order: every platform that Deno
  // supports is little-endian.
  #buffer: Uint16Array | Uint32Array;
  #filled = 0;
  #tokens = 0;
  #written = 0;

  /**
   * Opens the file, creating it if there is none. Restore a state first if it
   * has content.
   * @param bytesPerToken 2 or 4
   */
  constructor(path: string, sequenceLength: number, bytesPerToken: number) {
    this.sequenceLength = sequenceLength;
    // A whole number of sequences, so that a full buffer ends with one.
    const size = Math.ceil(BUFFER_TOKENS / sequenceLength) * sequenceLength;
    this.#buffer = bytesPerToken === 2
      ? new Uint16Array(size)
      : new Uint32Array(size);
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT);
  }

  /**
   * Adds the next tokens of the current document.
   * @throws {UserError} if a token does not fit into the file's two bytes per
   *   token.
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
   * Ends the current document and drops the tokens after its last whole
   * sequence.
   * @returns the numbers of its tokens and of its sequences
   */
  endDocument(): { tokens: number; sequences: number } {
    const tokens = this.#tokens;
    const sequences = Math.floor(tokens / this.sequenceLength);
    this.#filled -= tokens % this.sequenceLength;
    this.#tokens = 0;
    this.sequences += sequences;
    return { tokens, sequences };
  }

  /**
   * Writes the whole sequences, waits until they are on disk, and returns the
   * state. May be called within a document.
   */
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
   * Cuts the file back to a saved state, to continue from there.
   * @throws {Error} if the file is shorter.
   */
  restore({ sequences, bytes, tokens, rest }: WriterState): void {
    const { size } = fstatSync(this.#file);
    if (size < bytes) throw new Error(`${size} bytes where ${bytes} were`);
    ftruncateSync(this.#file, bytes);
    this.sequences = sequences;
    this.#written = bytes;
    this.#tokens = tokens;
    this.#buffer.set(rest);
    this.#filled = rest.length;
  }

  /** Writes the rest and waits until it is on disk. */
  finish(): void {
    this.#write(this.#filled);
    fsyncSync(this.#file);
  }

  /** Closes the file, finished or not. */
  close(): void {
    closeSync(this.#file);
  }

  /**
   * Writes the buffer's first `count` tokens, whole sequences, and keeps the
   * others.
   */
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
  // Takes half the time of a search for the largest id: every token of every
  // text passes through here.
  let all = 0;
  for (let i = 0; i < ids.length; i++) all |= ids[i];
  if (all >>> 16 === 0) return;
  throw new UserError(
    `Cannot write token ${ids.find((id) => id > 0xffff)} as a store of ` +
      "two bytes per token holds ids up to 65535: use a tokenizer whose 'vocabSize' is right",
  );
}
