/**
 * Decompresses gzip: any number of members, as bgzip and `cat` make them, and
 * zeros after the last one.
 * @module
 */
import { createGunzip } from "node:zlib";
import { UnreadableError } from "../unreadable_error.ts";
import { DECODER, through } from "./decoder_stream.ts";

/**
 * The decompressed bytes of `packed`.
 *
 * @param name the file's name, for errors
 * @param packed blocks that do not share memory
 * @throws {UnreadableError} with the position of the fault
 */
export async function* gunzip(
  name: string,
  packed: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const decoder = createGunzip(DECODER);
  const input = new Watched(packed);
  try {
    yield* through(decoder, input.blocks());
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    if (!code?.startsWith("Z_")) throw error;
    throw new UnreadableError(name, ...faultOf(message, code, input));
  }
  // The decoder stops at zeros after a member, whatever follows them.
  if (input.end > decoder.bytesWritten) {
    throw new UnreadableError(
      name,
      `there is more behind its gzip data, from byte ${decoder.bytesWritten} on`,
    );
  }
}

function faultOf(
  message: string,
  code: string,
  { isGzip, bytes }: Watched,
): [string, { suspect: boolean }?] {
  if (!isGzip) return ["it is no gzip file"];
  if (code === "Z_BUF_ERROR") {
    return [`its gzip data are cut short: they end ${bytes} bytes in`];
  }
  if (message === "incorrect header check") {
    return [
      `there is something else behind its gzip data, before byte ${bytes}`,
    ];
  }
  // A checksum comes after the bytes it covers.
  const fault = `its gzip data are damaged: ${message}, before byte ${bytes}`;
  return [fault, { suspect: true }];
}

/** Counts what a decoder does not report. */
class Watched {
  /** Bytes given. */
  bytes = 0;
  /** Bytes given, up to and including the last that is not zero. */
  end = 0;
  /** Whether they begin like gzip, or are none. */
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
