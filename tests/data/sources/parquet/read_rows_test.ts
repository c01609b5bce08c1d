import { assertEquals, assertRejects } from "@std/assert";
import {
  inspectFile,
  parquetRows,
  type SourceFile,
  UnreadableError,
} from "../../../../src/data/sources/mod.ts";
import {
  FIXTURES,
  rowRecords,
  shown,
  source,
  withFolder,
} from "../../../helpers/data/source_files.ts";

const texts: (string | null)[] = JSON.parse(
  Deno.readTextFileSync(FIXTURES + "texts.json"),
);
const expected = texts.map((text, i) =>
  text ?? `! row ${i + 1}: column 'text' is null`
);
const names = [...Deno.readDirSync(FIXTURES)].map(({ name }) => name)
  .filter((name) => /^(arrow|duckdb|polars).*parquet$/.test(name)).sort();

Deno.test("readParquet() reads what other programs write, in each packing and encoding", async () => {
  assertEquals(names.length, 14);
  for (const name of names) {
    const file = source(FIXTURES + name);
    const { rows, groups } = await parquetRows(file);
    assertEquals(rows, texts.length, name);
    assertEquals(groups.at(-1)!.first + groups.at(-1)!.rows, rows, name);
    const records = await rowRecords(file, 0, rows);
    assertEquals(records.map(({ document }) => document), [...texts.keys()]);
    assertEquals(records.map(shown), expected, name);
  }
});

Deno.test("readParquet() reads a part of the rows, and of these those that are kept", async () => {
  for (const name of names) {
    const file = source(FIXTURES + name);
    for (const [first, rows] of [[0, 1], [24, 2], [19, 30], [59, 1], [10, 0]]) {
      const wanted = expected.slice(first, first + rows);
      const records = await rowRecords(file, first, rows);
      assertEquals(records.map(shown), wanted, name);
    }
    const keep = (row: number) => row % 7 === 3;
    const some = await rowRecords(file, 5, 50, keep);
    const rows = [10, 17, 24, 31, 38, 45, 52];
    assertEquals(some.map(({ document }) => document), rows, name);
    assertEquals(some.map(shown), rows.map((row) => expected[row]), name);
  }
});

/** `columns.parquet`, to be read for one of its columns. */
function column(field: string): SourceFile {
  return source(FIXTURES + "columns.parquet", field);
}

Deno.test("readParquet() takes bytes that are UTF-8, required columns and fields of structs", async () => {
  const read = async (field: string) =>
    (await rowRecords(column(field), 0, 5)).map(shown);
  assertEquals(await read("required"), ["a", "b", "c", "d", "e"]);
  assertEquals(await read("bytes"), [
    "plain",
    "! row 2: column 'bytes' is not UTF-8",
    "é",
    "",
    "! row 5: column 'bytes' is not UTF-8",
  ]);
  assertEquals(await read("meta.inner.text"), [
    "one",
    "! row 2: column 'meta.inner.text' is null",
    "! row 3: column 'meta.inner.text' is null",
    "! row 4: column 'meta.inner.text' is null",
    "five",
  ]);
});

Deno.test("inspectFile() and readParquet() refuse columns without strings", async () => {
  const cases = [
    ["whole", "its column 'whole' must hold strings: it has 64-bit integers"],
    [
      "real",
      "its column 'real' must hold strings: it has 64-bit floating-point numbers",
    ],
    ["yes", "its column 'yes' must hold strings: it has booleans"],
    ["list", "its column 'list' must hold strings: it has lists"],
    [
      "list.list.element",
      "its column 'list.list.element' must hold strings: it has lists",
    ],
    ["map", "its column 'map' must hold strings: it has lists"],
    ["meta", "its column 'meta' must hold strings: it has structs"],
    [
      "fixed",
      "its column 'fixed' must hold strings: it has byte arrays of one length",
    ],
    [
      "text",
      "it has no column 'text' (it has: whole, real, yes, when, fixed, decimal, bytes, required, …)",
    ],
  ];
  for (const [field, fault] of cases) {
    assertEquals((await inspectFile(column(field))).fault, fault);
    await assertRejects(
      () => rowRecords(column(field), 0, 5),
      UnreadableError,
      `Cannot read 'columns.parquet' as ${fault}`,
    );
  }
});

Deno.test("readParquet() loses the rows of a damaged page alone", () =>
  withFolder(async (write) => {
    const bytes = Deno.readFileSync(FIXTURES + "arrow_gzip.parquet");
    // The first page of the first group of texts: gzip's magic, after the ids.
    const pages = [...bytes.keys()].filter((i) =>
      bytes[i] === 0x1f && bytes[i + 1] === 0x8b && bytes[i + 2] === 8
    );
    const good = await rowRecords(write("a.parquet", bytes), 0, 60);
    for (const page of pages.slice(0, 12)) {
      const wrong = Uint8Array.from(bytes);
      wrong[page + 12] ^= 0xff;
      const records = await rowRecords(write("b.parquet", wrong), 0, 60);
      assertEquals(records.length, 60);
      const bad = records.filter((record, i) =>
        shown(record) !== shown(good[i])
      );
      assertEquals(bad.length < 25, true);
      for (const record of bad) {
        const reason = `! row ${
          record.document + 1
        }: its gzip data are damaged, in what begins at byte ${page}`;
        assertEquals(shown(record), reason);
      }
    }
  }));

Deno.test("readParquet() checks pages against their checksums", () =>
  withFolder(async (write) => {
    const bytes = Deno.readFileSync(FIXTURES + "arrow_v2_crc.parquet");
    let found = 0;
    for (let at = 600; at < 1000; at += 7) {
      const wrong = Uint8Array.from(bytes);
      wrong[at] ^= 4;
      const file = write("a.parquet", wrong);
      if ((await inspectFile(file)).fault !== null) continue;
      const records = await rowRecords(file, 0, 60);
      for (const record of records) {
        if (shown(record).includes("its checksum is not right")) found++;
        else if ("text" in record) {
          assertEquals(record.text, texts[record.document]);
        }
      }
    }
    assertEquals(found > 10, true);
  }));
