/**
 * The flaws of node:zlib's zstd decoder that make `zstd_frame.ts` necessary,
 * as Deno 2.9.6 has them. A failure here is good news: the decoder has changed.
 * When no test of this file passes any more, `unzstd.ts` can give whole files
 * to `createZstdDecompress()` as `gunzip.ts` does to `createGunzip()`, with
 * `ZSTD_d_windowLogMax: 27` as the limit of memory, and `zstd_frame.ts` can go.
 */
import { assertEquals } from "@std/assert";
import {
  constants,
  createZstdDecompress,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { concatenated } from "../../../helpers/data/source_files.ts";

const GONE = "this flaw of node:zlib's zstd decoder is gone: " +
  "see whether src/data/sources/compression/zstd_frame.ts can go, too";

/** Noise of six bits per byte, so that a frame has many blocks. */
const content = new Uint8Array(1_000_000);
for (let i = 0, x = 1; i < content.length; i++) {
  x = Math.imul(x, 1103515245) + 12345 | 0;
  content[i] = x >>> 24 & 63;
}
const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const frame = Uint8Array.from(zstdCompressSync(content, checksum));

/** What a plain stream makes of one piece of input. */
async function decode(piece: Uint8Array) {
  const decoder = createZstdDecompress();
  let bytes = 0;
  const events: string[] = [];
  const uncaught = (event: ErrorEvent) => {
    event.preventDefault();
    events.push("uncaught");
    decoder.destroy();
  };
  globalThis.addEventListener("error", uncaught);
  try {
    await new Promise<void>((resolve) => {
      decoder.on("data", (block) => bytes += block.length);
      decoder.on("end", () => events.push("end"));
      decoder.on("error", () => events.push("error"));
      decoder.on("close", resolve);
      decoder.end(piece);
    });
  } finally {
    globalThis.removeEventListener("error", uncaught);
  }
  return { bytes, events };
}

Deno.test("flaw: the end of the input counts as the end of a frame", async () => {
  const cut = frame.subarray(0, frame.length / 2);
  const { bytes, events } = await decode(cut);
  assertEquals(events, ["end"], GONE);
  assertEquals(bytes > 0 && bytes < content.length, true, GONE);
  assertEquals(zstdDecompressSync(cut).length, bytes, GONE);
});

Deno.test("flaw: what follows a frame in the same piece of input is dropped", async () => {
  for (const more of [frame, Uint8Array.of(1, 2, 3, 4)]) {
    const piece = concatenated(frame, more);
    assertEquals(
      await decode(piece),
      { bytes: content.length, events: ["end"] },
      GONE,
    );
    assertEquals(zstdDecompressSync(piece).length, content.length, GONE);
  }
});

Deno.test("flaw: a fault beyond the first block of a piece is thrown where nothing catches it", async () => {
  const damaged = Uint8Array.from(frame);
  damaged[frame.length / 2 | 0] ^= 1;
  const { events } = await decode(damaged);
  assertEquals(events, ["uncaught"], GONE);
});
