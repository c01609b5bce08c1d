/**
 * Passes bytes through a transform stream of `node:zlib`: nothing is lost, left
 * waiting or reported twice.
 * @module
 */
import type { Transform } from "node:stream";

/**
 * Options of decoders: blocks of 256 KiB, and no work ahead of the consumer, so
 * that a fault always comes after the same blocks.
 */
export const DECODER = { chunkSize: 1 << 18, readableHighWaterMark: 1 };

/**
 * The output of a decoder for the bytes of `source`.
 *
 * @param decoder made with {@linkcode DECODER}
 * @throws what the decoder or the source throws
 */
export async function* through(
  decoder: Transform,
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  // A decoder may report its fault again for bytes written in the meantime.
  decoder.on("error", () => {});
  const fed = feed(decoder, source);
  try {
    for await (const block of decoder) yield block;
  } finally {
    decoder.destroy();
    await fed;
  }
}

/**
 * Writes all of `source`, unless the decoder stops first. A fault of the source
 * becomes the decoder's.
 */
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
