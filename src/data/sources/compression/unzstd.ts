/**
 * Decompresses zstd: any number of frames, with skippable ones among them.
 * @module
 */
import { createZstdDecompress, zstdDecompressSync } from "node:zlib";
import { UserError } from "../../../errors.ts";
import { UnreadableError } from "../unreadable_error.ts";
import { DECODER, through } from "./decoder_stream.ts";
import { NO_FRAME, ZstdFrame, ZstdFrameError } from "./zstd_frame.ts";

// One stream per small frame costs five times as much as decoding it.
const SMALL_FRAME = 1 << 22;

/**
 * The decompressed bytes of `packed`.
 *
 * @param name the file's name, for errors
 * @param packed blocks that do not share memory
 * @throws {UnreadableError} with the position of the fault
 */
export async function* unzstd(
  name: string,
  packed: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const source = new FrameSource(packed);
  try {
    if (!source.more()) throw new ZstdFrameError(CUT);
    while (source.more()) {
      const whole = source.wholeFrame();
      if (whole) {
        if (whole.size > 0) yield decodeWhole(whole);
      } else {
        yield* decodeBlocks(source);
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UnreadableError(name, ...faultOf(error as Error, source.taken));
  } finally {
    source.close();
  }
}

interface WholeFrame {
  bytes: Uint8Array;
  /** Bytes of its content. */
  size: number;
}

function decodeWhole({ bytes, size }: WholeFrame): Uint8Array {
  const content = zstdDecompressSync(bytes, { maxOutputLength: size + 1 });
  if (content.length !== size) throw new ZstdFrameError(OTHER_SIZE, true);
  return content;
}

async function* decodeBlocks(source: FrameSource): AsyncGenerator<Uint8Array> {
  const decoder = createZstdDecompress(DECODER);
  const frame = new ZstdFrame();
  let given = 0;
  for await (const block of through(decoder, source.blocks(frame))) {
    given += block.length;
    yield block;
  }
  if (given !== (frame.contentSize ?? given)) {
    throw new ZstdFrameError(OTHER_SIZE, true);
  }
}

const OTHER_SIZE = "a frame has another size than its header says";
const CUT = "cut short";

function faultOf(
  error: Error,
  taken: number,
): [string, { suspect: boolean }?] {
  const { message } = error;
  if (!(error instanceof ZstdFrameError)) {
    const reason = message.replace(/^Zstd decompress error: /, "");
    // A checksum comes after the bytes it covers.
    return [`its zstd data are damaged: ${reason}, before byte ${taken}`, {
      suspect: true,
    }];
  }
  if (message === CUT) {
    return [`its zstd data are cut short: they end ${taken} bytes in`];
  }
  if (message === NO_FRAME) {
    return taken === 0
      ? ["it is no zstd file"]
      : [`there is something else behind its zstd data, from byte ${taken} on`];
  }
  return [
    `its zstd data cannot be decompressed: ${message}, near byte ${taken}`,
    {
      suspect: error.suspect,
    },
  ];
}

/** Hands out compressed bytes frame by frame. */
class FrameSource {
  /** Bytes handed out so far. */
  taken = 0;
  readonly #source: Iterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();
  #at = 0;

  constructor(packed: Iterable<Uint8Array>) {
    this.#source = packed[Symbol.iterator]();
  }

  /** Whether there is a byte left. */
  more(): boolean {
    while (this.#at === this.#held.length) {
      const { done, value } = this.#source.next();
      if (done) return false;
      this.#held = value;
      this.#at = 0;
    }
    return true;
  }

  /**
   * The next frame if all of it is in memory and its content is small; null
   * otherwise.
   */
  wholeFrame(): WholeFrame | null {
    const frame = new ZstdFrame();
    let end = this.#at;
    while (end < this.#held.length && !frame.done) {
      end = frame.advance(this.#held, end);
    }
    const size = frame.skippable ? 0 : frame.contentSize ?? Infinity;
    if (!frame.done || size > SMALL_FRAME) return null;
    return { bytes: this.#take(end), size };
  }

  /** The next frame, in pieces that contain at most one end of a block. */
  *blocks(frame: ZstdFrame): Generator<Uint8Array> {
    while (!frame.done) {
      if (!this.more()) throw new ZstdFrameError(CUT);
      yield this.#take(frame.advance(this.#held, this.#at));
    }
  }

  close(): void {
    this.#source.return?.();
  }

  #take(end: number): Uint8Array {
    const taken = this.#held.subarray(this.#at, end);
    this.taken += taken.length;
    this.#at = end;
    return taken;
  }
}
