/**
 * gzip, with any number of members (as bgzip and `cat` make them) and zeros behind.
 * @module
 */
import { createGunzip } from "node:zlib";
import { DECODED_BYTES, through } from "./decoder_stream.ts";
import { Unreadable } from "./unreadable.ts";

/**
 * The unpacked bytes of `packed`, of which each block must have memory of its own.
 * @throws {Unreadable} naming `name` and how far it went.
 */
export async function* gunzip(
  name: string,
  packed: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const decoder = createGunzip({ chunkSize: DECODED_BYTES });
  const input = new Watched(packed);
  try {
    yield* through(decoder, input.blocks());
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    if (!code?.startsWith("Z_")) throw error;
    if (!input.isGzip) throw new Unreadable(name, "it is no gzip file");
    throw new Unreadable(
      name,
      code === "Z_BUF_ERROR"
        ? `its gzip data are cut short: they end ${input.bytes} bytes in`
        : `its gzip data are damaged: ${
          message === "incorrect header check"
            ? "there is something else behind them"
            : message
        }, before byte ${input.bytes}`,
    );
  }
  // The decoder stops at a member followed by zeros, whatever comes after them.
  if (input.end > decoder.bytesWritten) {
    throw new Unreadable(
      name,
      "its gzip data are damaged: there is more behind zeros, " +
        `from byte ${decoder.bytesWritten} on`,
    );
  }
}

/** Remembers what cannot be asked of a decoder. */
class Watched {
  /** Bytes given. */
  bytes = 0;
  /** Bytes given up to and with the last that is not zero. */
  end = 0;
  /** Whether they begin as gzip does, or not at all. */
  isGzip = true;
  readonly #source: Iterable<Uint8Array>;

  constructor(source: Iterable<Uint8Array>) {
    this.#source = source;
  }

  *blocks(): Generator<Uint8Array> {
    for (const block of this.#source) {
      if (this.bytes === 0) {
        this.isGzip = block[0] === 0x1f && (block[1] ?? 0x8b) === 0x8b;
      }
      const last = block.findLastIndex((byte) => byte !== 0);
      if (last >= 0) this.end = this.bytes + last + 1;
      this.bytes += block.length;
      yield block;
    }
  }
}
