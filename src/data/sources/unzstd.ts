/**
 * zstd, with any number of frames, skippable ones among them.
 * @module
 */
import { createZstdDecompress, zstdDecompressSync } from "node:zlib";
import { UserError } from "../../errors.ts";
import { DECODED_BYTES, through } from "./decoder_stream.ts";
import { Unreadable } from "./unreadable.ts";
import { FrameFault, NO_FRAME, ZstdFrame } from "./zstd_frame.ts";

// A stream for each of many small frames would cost five times as much as their decoding.
const SMALL_FRAME = 1 << 22;

/**
 * The unpacked bytes of `packed`, of which each block must have memory of its own.
 * @throws {Unreadable} naming `name` and how far it went.
 */
export async function* unzstd(
  name: string,
  packed: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const source = new FrameSource(packed);
  try {
    if (!source.more()) throw new FrameFault(CUT);
    while (source.more()) {
      const frame = new ZstdFrame();
      const whole = source.look(frame);
      const size = frame.contentSize;
      let given = 0;
      if (frame.skippable) {
        for (const _ of source.take(frame));
      } else if (whole && size !== null && size <= SMALL_FRAME) {
        const [bytes] = source.take(frame);
        const block = zstdDecompressSync(bytes, { maxOutputLength: size + 1 });
        given = block.length;
        yield block;
      } else {
        const decoder = createZstdDecompress({ chunkSize: DECODED_BYTES });
        for await (const block of through(decoder, source.take(frame))) {
          given += block.length;
          yield block;
        }
      }
      // Known for good only now, as a header may lie across blocks.
      if (!frame.skippable && given !== (frame.contentSize ?? given)) {
        throw new FrameFault("its size is not what its header says");
      }
    }
  } catch (error) {
    throw error instanceof UserError
      ? error
      : new Unreadable(name, clause(error as Error, source.taken));
  } finally {
    source.close();
  }
}

const CUT = "cut short";

function clause(error: Error, taken: number): string {
  const { message } = error;
  if (!(error instanceof FrameFault)) {
    const reason = message.replace(/^Zstd decompress error: /, "");
    return `its zstd data are damaged: ${reason}, before byte ${taken}`;
  }
  if (message === CUT) {
    return `its zstd data are cut short: they end ${taken} bytes in`;
  }
  if (message === NO_FRAME) {
    return taken === 0
      ? "it is no zstd file"
      : `its zstd data are damaged: there is something else behind byte ${taken}`;
  }
  return `its zstd data cannot be unpacked: ${message}, in the frame at byte ${taken}`;
}

/** Hands out packed bytes frame by frame. */
class FrameSource {
  /** Bytes handed out so far. */
  taken = 0;
  readonly #blocks: Iterator<Uint8Array>;
  #block: Uint8Array = new Uint8Array();
  #at = 0;
  /** How far the current frame is known to go in the block. */
  #seen = 0;

  constructor(packed: Iterable<Uint8Array>) {
    this.#blocks = packed[Symbol.iterator]();
  }

  /** Whether there is a byte left. */
  more(): boolean {
    while (this.#at === this.#block.length) {
      const { done, value } = this.#blocks.next();
      if (done) return false;
      this.#block = value;
      this.#at = this.#seen = 0;
    }
    return true;
  }

  /** Follows a new frame to the end of the block, and says whether it ends there or before. */
  look(frame: ZstdFrame): boolean {
    this.#seen = frame.advance(this.#block, this.#at);
    return frame.done;
  }

  /** All bytes of the frame that was looked at, one piece a block. */
  *take(frame: ZstdFrame): Generator<Uint8Array> {
    yield this.#piece();
    while (!frame.done) {
      if (!this.more()) throw new FrameFault(CUT);
      this.#seen = frame.advance(this.#block, 0);
      yield this.#piece();
    }
  }

  close(): void {
    this.#blocks.return?.();
  }

  #piece(): Uint8Array {
    const piece = this.#block.subarray(this.#at, this.#seen);
    this.taken += piece.length;
    this.#at = this.#seen;
    return piece;
  }
}
