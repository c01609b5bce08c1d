import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { scanFile } from "../../../src/data/sources/mod.ts";
import {
  concatenated,
  FIXTURES,
  source,
  withFolder,
} from "../../helpers/data/source_files.ts";

const utf8 = new TextEncoder();
const sha256 = (bytes: Uint8Array) =>
  createHash("sha256").update(bytes).digest("hex");

Deno.test("scanFile() takes a text file as one document", () =>
  withFolder(async (write) => {
    const content = utf8.encode("naïve 東京 🙂\n".repeat(150_000));
    for (const name of ["a.txt", "a.txt.gz", "a.txt.zst"]) {
      const packed = Uint8Array.from(
        name.endsWith("gz")
          ? gzipSync(content)
          : name.endsWith("zst")
          ? zstdCompressSync(content)
          : content,
      );
      let told = 0;
      const onBytes = (bytes: number) => told += bytes;
      assertEquals(await scanFile(write(name, packed), { onBytes }), {
        digest: sha256(packed),
        documents: 1,
        unpacked: content.length,
        fault: null,
      }, name);
      assertEquals(told, packed.length, name);
    }
    assertEquals((await scanFile(write("empty.txt", ""))).documents, 1);
  }));

Deno.test("scanFile() reports what is not text, wherever it is", () =>
  withFolder(async (write) => {
    const long = utf8.encode("é".repeat(1_500_000));
    const cases: [string, Uint8Array, string | undefined][] = [
      ["even.txt", long, undefined],
      // The same, with characters that cross the ends of blocks.
      ["odd.txt", concatenated(utf8.encode("x"), long), undefined],
      ["three.txt", utf8.encode("x" + "東".repeat(1_000_000)), undefined],
      ["four.txt", utf8.encode("xyz" + "🙂".repeat(700_000)), undefined],
      ["cut.txt", long.subarray(0, -1), "undecodable"],
      [
        "latin1.txt",
        concatenated(long, Uint8Array.of(0xe9, 0x20)),
        "undecodable",
      ],
      [
        "lead.txt",
        concatenated(
          utf8.encode("x".repeat((1 << 20) - 1)),
          Uint8Array.of(0xc3, 0x28),
        ),
        "undecodable",
      ],
      ["surrogate.txt", Uint8Array.of(0xed, 0xa0, 0x80), "undecodable"],
      ["nul.txt", concatenated(long, Uint8Array.of(0)), "binary"],
      ["both.txt", Uint8Array.of(0xff, 0), "binary"],
    ];
    for (const [name, content, not] of cases) {
      const scan = await scanFile(write(name, content));
      assertEquals(scan.not, not, name);
      assertEquals(scan.digest, sha256(content), name);
    }
    const packed = await scanFile(
      write("a.txt.gz", gzipSync(new Uint8Array(5_000_000))),
    );
    assertEquals(packed.not, "binary");
  }));

Deno.test("scanFile() counts lines that are not blank", () =>
  withFolder(async (write) => {
    const cases: [string, number][] = [
      ["", 0],
      ["\n\n \t\r\n", 0],
      ['{"text":"a"}', 1],
      ['{"text":"a"}\n', 1],
      ['\n{"text":"a"}\r\n\r\n  {"text":"b"}', 2],
      ["not json\n\u00a0\n", 2],
      ['{"text":"a"}\n'.repeat(200_000), 200_000],
    ];
    for (const [content, documents] of cases) {
      const file = write("a.jsonl", content);
      const scan = await scanFile(file);
      assertEquals(
        [scan.documents, scan.fault],
        [documents, null],
        content.slice(0, 40),
      );
      assertEquals(
        scan.unpacked,
        documents > 0 ? utf8.encode(content).length : 0,
      );
    }
    const scan = await scanFile(source(FIXTURES + "two.jsonl.gz"));
    assertEquals([scan.documents, scan.fault], [4000, null]);
  }));

Deno.test("scanFile() knows a JSON array from JSON Lines", () =>
  withFolder(async (write) => {
    for (
      const content of [
        '[{"text":"a"}]',
        ' \n\ufeff[\n{"text":"a"}\n]'.slice(2),
        "\ufeff [1]",
      ]
    ) {
      const scan = await scanFile(write("a.json", content));
      assertEquals(scan.documents, 0);
      assertEquals(
        scan.fault?.startsWith(
          "it is a JSON array, not JSON Lines: convert it",
        ),
        true,
        content,
      );
    }
  }));

Deno.test("scanFile() keeps whole lines before a cut, and none of damaged data", () =>
  withFolder(async (write) => {
    const lines = Array.from(
      { length: 50_000 },
      (_, i) => `{"text":"${i * 7919 % 10007}"}\n`,
    ).join("");
    const gz = Uint8Array.from(gzipSync(lines));
    const cut = await scanFile(
      write("a.jsonl.gz", gz.subarray(0, -gz.length / 4)),
    );
    assertEquals(cut.fault?.startsWith("its gzip data are cut short"), true);
    assertEquals(cut.documents > 10_000 && cut.documents < 45_000, true);
    const wrong = Uint8Array.from(gz);
    wrong[gz.length - 6] ^= 1;
    const damaged = await scanFile(write("b.jsonl.gz", wrong));
    assertEquals(damaged.fault?.startsWith("its gzip data are damaged"), true);
    assertEquals(damaged.documents, 0);
    assertEquals(damaged.digest, sha256(wrong));
    const more = concatenated(
      zstdCompressSync(utf8.encode(lines)),
      utf8.encode("more"),
    );
    const behind = await scanFile(write("c.jsonl.zst", more));
    assertEquals(
      behind.fault?.startsWith("there is something else behind its zstd data"),
      true,
    );
    assertEquals(behind.documents, 50_000);
  }));

Deno.test("scanFile() finds rows and faults of Parquet", () =>
  withFolder(async (write) => {
    const good = await scanFile(source(FIXTURES + "arrow_zstd.parquet"));
    assertEquals([good.documents, good.fault], [60, null]);
    assertEquals(good.unpacked > 5000, true);
    assertEquals(
      (await scanFile(source(FIXTURES + "empty.parquet"))).documents,
      0,
    );
    const bytes = Deno.readFileSync(FIXTURES + "arrow_snappy.parquet");
    const footer = bytes.length - 8;
    const long = Uint8Array.from(bytes);
    new DataView(long.buffer).setUint32(footer, 0x7fffffff, true);
    const secret = Uint8Array.from(bytes);
    secret[bytes.length - 1] = "E".charCodeAt(0);
    const cases: [string, Uint8Array, string][] = [
      [
        "cut.parquet",
        bytes.subarray(0, -100),
        "its Parquet data are cut short: there is no footer at its end",
      ],
      [
        "text.parquet",
        utf8.encode("id,text\n1,a long enough line\n"),
        "it is no Parquet file",
      ],
      ["tiny.parquet", utf8.encode("PAR1"), "it is too short to be Parquet"],
      [
        "long.parquet",
        long,
        "its footer cannot be 2147483647 bytes long: it is damaged",
      ],
      ["secret.parquet", secret, "it is encrypted Parquet"],
      [
        "a.parquet.gz",
        gzipSync(bytes),
        "Parquet compresses its columns itself: decompress the file",
      ],
    ];
    for (const [name, content, fault] of cases) {
      const scan = await scanFile(write(name, content));
      assertEquals([scan.documents, scan.fault], [0, fault]);
      assertEquals(scan.digest, sha256(content));
    }
  }));

Deno.test("scanFile() tells where there is no file to read", () =>
  withFolder(async (write) => {
    for (const name of ["a.txt", "a.jsonl.gz", "a.parquet"]) {
      const file = write(name, "");
      Deno.removeSync(file.path);
      const { documents, unopened } = await scanFile(file);
      assertEquals([documents, unopened], [0, "no such file"], name);
    }
  }));
