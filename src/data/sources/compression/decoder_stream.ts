/**
 * Bytes through a transform stream of `node:zlib`, with nothing lost, left
 * waiting or reported twice.
 * @module
 */
import type { Transform } from "node:stream";

/**
 * How decoders are made: blocks of 256 KiB, and no work ahead of what is
 * taken, so that a fault always comes after the same blocks.
 */
export const DECODER = { chunkSize: 1 << 18, readableHighWaterMark: 1 };

/**
 * What a decoder, made with {@linkcode DECODER}, makes of `source`.
 * @throws what the decoder or the source throw.
 */
export async function* through(
  decoder: Transform,
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  // A decoder may report its fault again for what was written meanwhile.
  decoder.on("error", () => {});
  const fed = feed(decoder, source);
  try {
    for await (const block of decoder) yield block;
  } finally {
    decoder.destroy();
    await fed;
  }
}

/** Writes all of `source`, unless the decoder stops first; a fault of the source becomes the decoder's. */
async function feed(
  decoder: Transform,
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    for await (const block of source) {
      if (decoder.destroyed) return;
      if (!decoder.write(block)) await drained(decoder);
    }
    if (!decoder.destroyed) decoder.end();
  } catch (error) {
    decoder.destroy(error as Error);
  }
}

function drained(decoder: Transform): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      decoder.off("drain", done).off("close", done);
      resolve();
    };
    decoder.on("drain", done).on("close", done);
    if (decoder.destroyed) done();
  });
}
