/**
 * The frame format of zstd (RFC 8878): where does a frame end, and how much
 * memory does it ask for?
 *
 * The decoder of node:zlib, as Deno 2.9.6 has it, cannot be given a whole file.
 * It takes the end of its input for the end of a frame, so a file that is cut
 * short passes for whole. It drops whatever follows a frame in the same piece
 * of input, be that another frame or garbage. A fault beyond the first block of
 * a piece is thrown from a callback, where nothing can catch it. So it gets one
 * frame at a time, one block at a time. `zstd_flaw_test.ts` fails when these
 * flaws are gone.
 * @module
 */

/** A frame that cannot be decoded; the message is a clause for the user. */
export class ZstdFrameError extends Error {
  /** @param suspect whether what came before it may be wrong as well */
  constructor(message: string, readonly suspect = false) {
    super(message);
  }
}

/** The message for bytes that do not begin like a frame. */
export const NO_FRAME = "they are no zstd frame";

/**
 * The largest window, in bytes: what `zstd --long` writes. It bounds the
 * decoder's memory.
 */
const MAX_WINDOW = 1 << 27;

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const MAX_BLOCK = 1 << 17;

/** Follows the bytes of one frame to its end. */
export class ZstdFrame {
  /** Whether its last byte was seen. */
  done = false;
  /** Whether it has no content; known after its first four bytes. */
  skippable = false;
  /** Bytes of its content; null where its header does not say. */
  contentSize: number | null = null;
  #next: (bytes: DataView) => void = this.#magic;
  #held = new DataView(new ArrayBuffer(16));
  #have = 0;
  #need = 4;
  /** Bytes left of a block, or of the checksum after the last one. */
  #left = 0;
  #inBlock = false;
  #last = false;
  #checksum = false;

  /**
   * Follows `bytes` from `at` to the end of a block.
   *
   * @returns the position after the block's last byte, or the length of `bytes`
   * if the block goes on
   * @throws {ZstdFrameError} on bytes that are no frame, or none that can be
   * decoded
   */
  advance(bytes: Uint8Array, at: number): number {
    while (at < bytes.length && !this.done) {
      if (this.#inBlock) {
        const n = Math.min(this.#left, bytes.length - at);
        this.#left -= n;
        at += n;
      } else {
        this.#held.setUint8(this.#have++, bytes[at++]);
        if (this.#have < this.#need) continue;
        this.#have = 0;
        this.#next(this.#held);
      }
      if (this.#inBlock && this.#left === 0) {
        this.#endBlock();
        break;
      }
    }
    return at;
  }

  #endBlock(): void {
    if (!this.#last) this.#inBlock = false;
    else if (!this.#checksum) this.done = true;
    else {
      this.#checksum = false;
      this.#left = 4;
    }
  }

  #begin(left: number, last: boolean): void {
    this.#inBlock = true;
    this.#left = left;
    this.#last = last;
  }

  #expect(need: number, next: (bytes: DataView) => void): void {
    this.#need = need;
    this.#next = next;
  }

  #magic(bytes: DataView): void {
    const magic = bytes.getUint32(0, true);
    if (magic === MAGIC) return this.#expect(1, this.#descriptor);
    if ((magic & ~15) >>> 0 !== SKIPPABLE) {
      throw new ZstdFrameError(NO_FRAME);
    }
    this.skippable = true;
    this.#expect(4, (size) => this.#begin(size.getUint32(0, true), true));
  }

  #descriptor(bytes: DataView): void {
    const bits = bytes.getUint8(0);
    const single = (bits & 32) !== 0;
    this.#checksum = (bits & 4) !== 0;
    if (bits & 8) {
      throw new ZstdFrameError("a frame's header is invalid");
    }
    const dictionary = [0, 1, 2, 4][bits & 3];
    const size = [single ? 1 : 0, 2, 4, 8][bits >> 6];
    const windowed = single ? 0 : 1;
    const read = (header: DataView) => {
      for (let i = 0; i < dictionary; i++) {
        if (header.getUint8(windowed + i) !== 0) {
          throw new ZstdFrameError("a frame needs a dictionary");
        }
      }
      this.contentSize = contentSize(header, windowed + dictionary, size);
      const window = single ? this.contentSize! : windowSize(header);
      if (window > MAX_WINDOW) {
        const mib = Math.ceil(window / 2 ** 20);
        throw new ZstdFrameError(
          `a frame needs a window of ${mib} MiB, more than 128: compress it again with --long=27 or less`,
        );
      }
      this.#expect(3, this.#block);
    };
    this.#expect(windowed + dictionary + size, read);
  }

  #block(bytes: DataView): void {
    const header = bytes.getUint16(0, true) | bytes.getUint8(2) << 16;
    const type = header >> 1 & 3;
    const size = header >> 3;
    if (type === 3 || size > MAX_BLOCK) {
      throw new ZstdFrameError("a block's header is invalid", true);
    }
    this.#begin(type === 1 ? 1 : size, (header & 1) !== 0);
  }
}

function contentSize(header: DataView, at: number, bytes: number) {
  if (bytes === 0) return null;
  if (bytes === 1) return header.getUint8(at);
  if (bytes === 2) return header.getUint16(at, true) + 256;
  if (bytes === 4) return header.getUint32(at, true);
  return Number(header.getBigUint64(at, true));
}

function windowSize(header: DataView): number {
  const bits = header.getUint8(0);
  const base = 2 ** (10 + (bits >> 3));
  return base + base / 8 * (bits & 7);
}
