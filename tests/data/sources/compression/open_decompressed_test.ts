import { assertEquals, assertRejects } from "@std/assert";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import {
  openBytes,
  type SourceFile,
  UnreadableError,
} from "../../../../src/data/sources/mod.ts";
import {
  concatenated,
  FIXTURES,
  source,
  withFolder,
} from "../../../helpers/data/source_files.ts";

const lines = Array.from(
  { length: 40_000 },
  (_, i) => `line ${i * 7919 % 10007}\n`,
).join("");
const text = new TextEncoder().encode(lines);
const gz = Uint8Array.from(gzipSync(text));
const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const zst = Uint8Array.from(zstdCompressSync(text, checksum));
const skippable = Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);

async function read(file: SourceFile): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const block of openBytes(file)) parts.push(block.slice());
  return concatenated(...parts);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] ^= 1;
  return copy;
}

Deno.test("openBytes() gives the bytes of plain, gzip and zstd files", () =>
  withFolder(async (write) => {
    const random = crypto.getRandomValues(new Uint8Array(60_000));
    const big = concatenated(...Array(50).fill(random));
    const tiny = Array.from(
      { length: 300 },
      (_, i) => Uint8Array.from(zstdCompressSync(text.subarray(i, i + 1))),
    );
    // A skippable frame longer than a block of the file.
    const long = new Uint8Array(3_000_000);
    long.set([
      0x50,
      0x2a,
      0x4d,
      0x18,
      ...new Uint8Array(Uint32Array.of(long.length - 8).buffer),
    ]);
    const cases: [string, Uint8Array, Uint8Array][] = [
      ["plain.txt", text, text],
      ["empty.txt", new Uint8Array(), new Uint8Array()],
      ["one.gz", gz, text],
      ["big.gz", gzipSync(big), big],
      [
        "members.gz",
        concatenated(gz, gzipSync(new Uint8Array()), gz),
        concatenated(text, text),
      ],
      ["zeros.gz", concatenated(gz, new Uint8Array(512)), text],
      ["one.zst", zst, text],
      ["big.zst", zstdCompressSync(big), big],
      [
        "frames.zst",
        concatenated(skippable, zst, skippable, zst),
        concatenated(text, text),
      ],
      ["tiny.zst", concatenated(...tiny), text.subarray(0, 300)],
      ["long.zst", concatenated(zst, long, zst), concatenated(text, text)],
      ["nothing.zst", skippable, new Uint8Array()],
    ];
    for (const [name, packed, content] of cases) {
      const got = await read(write(name, packed));
      assertEquals(got.length, content.length, name);
      assertEquals(got.every((byte, i) => byte === content[i]), true, name);
    }
  }));

Deno.test("openBytes() reads what gzip and zstd write", async () => {
  const expected = Array.from(
    { length: 4000 },
    (_, i) => `{"text":"line ${i + 1}"}\n`,
  ).join("");
  for (const name of ["two.jsonl.gz", "long.jsonl.zst"]) {
    const got = new TextDecoder().decode(await read(source(FIXTURES + name)));
    assertEquals(got === expected, true, name);
  }
});

Deno.test("openBytes() says what is wrong with packed data", () =>
  withFolder(async (write) => {
    // A frame that asks for 256 MiB: window descriptor in place of a single
    // segment.
    const wide = concatenated(
      zst.subarray(0, 4),
      Uint8Array.of(0, 18 << 3, 1, 0, 0),
    );
    const dictionary = concatenated(
      zst.subarray(0, 4),
      Uint8Array.of(1, 0, 7, 1, 0, 0),
    );
    const cases: [string, Uint8Array, string][] = [
      [
        "cut.gz",
        gz.subarray(0, 5000),
        "its gzip data are cut short: they end 5000 bytes in",
      ],
      ["trailer.gz", gz.subarray(0, -3), "its gzip data are cut short"],
      [
        "second.gz",
        concatenated(gz, gz.subarray(0, 9)),
        "its gzip data are cut short",
      ],
      [
        "empty.gz",
        new Uint8Array(),
        "its gzip data are cut short: they end 0 bytes in",
      ],
      [
        "sum.gz",
        flipped(gz, gz.length - 7),
        "its gzip data are damaged: incorrect data check",
      ],
      [
        "size.gz",
        flipped(gz, gz.length - 2),
        "its gzip data are damaged: incorrect length check",
      ],
      ["text.gz", text, "it is no gzip file"],
      [
        "more.gz",
        concatenated(gz, text),
        "there is something else behind its gzip data",
      ],
      [
        "hidden.gz",
        concatenated(gz, new Uint8Array(9), gz),
        "behind its gzip data",
      ],
      [
        "cut.zst",
        zst.subarray(0, 5000),
        "its zstd data are cut short: they end 5000 bytes in",
      ],
      ["end.zst", zst.subarray(0, -2), "its zstd data are cut short"],
      [
        "second.zst",
        concatenated(zst, zst.subarray(0, 3)),
        "its zstd data are cut short",
      ],
      ["skip.zst", skippable.subarray(0, 9), "its zstd data are cut short"],
      [
        "empty.zst",
        new Uint8Array(),
        "its zstd data are cut short: they end 0 bytes in",
      ],
      [
        "sum.zst",
        flipped(zst, zst.length - 1),
        "its zstd data are damaged: Restored data",
      ],
      ["text.zst", text, "it is no zstd file"],
      [
        "more.zst",
        concatenated(zst, text),
        "there is something else behind its zstd data",
      ],
      ["wide.zst", wide, "a frame needs a window of 256 MiB, more than 128"],
      ["dictionary.zst", dictionary, "a frame needs a dictionary"],
    ];
    for (const [name, packed, fault] of cases) {
      const error = await assertRejects(
        () => read(write(name, packed)),
        UnreadableError,
        fault,
      );
      assertEquals(error.message.startsWith(`Cannot read '${name}' as `), true);
    }
  }));

Deno.test("openBytes() reports damage far into a file, always after the same bytes", () =>
  withFolder(async (write) => {
    // Not to be compressed away, so that there are many blocks.
    const noise = new Uint8Array(3_000_000);
    for (let i = 0, x = 1; i < noise.length; i++) {
      x = Math.imul(x, 1103515245) + 12345 | 0;
      noise[i] = x >>> 24 & 63;
    }
    for (
      const [name, packed] of [
        ["a.gz", Uint8Array.from(gzipSync(noise))],
        ["a.zst", Uint8Array.from(zstdCompressSync(noise, checksum))],
      ] as const
    ) {
      const file = write(name, flipped(packed, packed.length - 300_000));
      const given: number[] = [];
      for (const pause of [false, true]) {
        let bytes = 0;
        await assertRejects(async () => {
          for await (const block of openBytes(file)) {
            bytes += block.length;
            if (pause) await new Promise((resolve) => setTimeout(resolve, 1));
          }
        }, UnreadableError);
        given.push(bytes);
      }
      assertEquals(given[0], given[1], name);
      assertEquals(given[0] > 1_000_000, true);
    }
  }));

Deno.test("openBytes() may be left before the end", () =>
  withFolder(async (write) => {
    const big = concatenated(...Array(20).fill(text));
    for (
      const file of [
        write("a.txt", big),
        write("a.gz", gzipSync(big)),
        write("a.zst", zstdCompressSync(big)),
      ]
    ) {
      for await (const block of openBytes(file)) {
        assertEquals(block[0], text[0]);
        break;
      }
    }
  }));

Deno.test("openBytes() says when a file cannot be read", () =>
  withFolder(async (write) => {
    const file = write("a.txt", "");
    await assertRejects(
      () => read({ ...file, path: file.path + "x" }),
      Error,
      "Cannot read 'a.txt': no such file",
    );
  }));
