import { assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import {
  jsonLines,
  type LineBlock,
  parseLines,
  scanFile,
  UnreadableError,
} from "../../../src/data/sources/mod.ts";
import {
  lineRecords,
  shown,
  withFolder,
} from "../../helpers/data/source_files.ts";

const decode = (block: LineBlock) => new TextDecoder().decode(block.bytes);

/**
 * Some megabytes of lines, including blank ones and one longer than a block.
 */
const content = Array.from(
  { length: 60_000 },
  (_, i) =>
    i % 10 === 3
      ? " \r"
      : i === 20_000
      ? `{"text":"${"x".repeat(2_500_000)}"}`
      : `{"text":"line ${i}","n":${i}}`,
).join("\n");

Deno.test("jsonLines() cuts a file into whole lines and numbers them", () =>
  withFolder(async (write) => {
    for (
      const file of [
        write("a.jsonl", content),
        write("a.jsonl.gz", gzipSync(content)),
      ]
    ) {
      const blocks = await Array.fromAsync(jsonLines(file));
      assertEquals(blocks.map(decode).join("") === content, true);
      let [document, line] = [0, 1];
      for (const [i, block] of blocks.entries()) {
        assertEquals([block.first, block.line], [document, line]);
        const lines = decode(block).split("\n");
        const last = lines.pop()!;
        assertEquals(last === "" || i === blocks.length - 1, true);
        if (last) lines.push(last);
        document += block.documents;
        line += lines.length;
        assertEquals(
          block.documents,
          lines.filter((line) => line.trim()).length,
        );
        // A separate buffer, so that it can be transferred.
        structuredClone(block.bytes, { transfer: [block.bytes.buffer] });
      }
      assertEquals(document, 54_000);
      assertEquals(document, (await scanFile(file)).documents);
      assertEquals(blocks.every(({ bytes }) => bytes.length < 3_000_000), true);
    }
  }));

Deno.test("jsonLines() leaves out blocks before `from`", () =>
  withFolder(async (write) => {
    const file = write("a.jsonl", content);
    const all = await Array.fromAsync(jsonLines(file));
    assertEquals(all.length > 3, true);
    const { first } = all[2];
    for (
      const [from, kept] of [
        [0, 0],
        [first - 1, 1],
        [first, 2],
        [first + 1, 2],
        [54_000, all.length],
      ]
    ) {
      const some = await Array.fromAsync(jsonLines(file, { from }));
      assertEquals(
        some.map(({ first }) => first),
        all.slice(kept).map(({ first }) => first),
      );
    }
  }));

Deno.test("jsonLines() gives the whole lines before a fault, then throws it", () =>
  withFolder(async (write) => {
    const packed = Uint8Array.from(gzipSync(content));
    const file = write("a.jsonl.gz", packed.subarray(0, packed.length / 2));
    const { documents } = await scanFile(file);
    let given = 0;
    await assertRejects(
      async () => {
        for await (const block of jsonLines(file)) given += block.documents;
      },
      UnreadableError,
      "cut short",
    );
    assertEquals(given, documents);
    assertEquals(given > 1000, true);
  }));

Deno.test("parseLines() gives texts, and says of each other line what is wrong", () =>
  withFolder(async (write) => {
    const lines: [string, string][] = [
      ['{"text":"a\\u00e9 \\ud83d\\ude42\\n"}', "aé 🙂\n"],
      [' {"n":1,"text":""} \r', ""],
      ['{"text":"naïve 東京"}', "naïve 東京"],
      ["hello", "! line 4: invalid JSON (unexpected token 'h')"],
      [
        '{"text":"a"',
        "! line 5: invalid JSON (expected ',' or '}' after property value at column 12)",
      ],
      [
        '{"text":"a"} x',
        "! line 6: invalid JSON (unexpected non-whitespace character after its end at column 14)",
      ],
      [
        '{"text":"a\tb"}',
        "! line 7: invalid JSON (bad control character in string literal at column 11)",
      ],
      [
        '{"content":"a","id":1}',
        "! line 8: no field 'text' (it has: content, id)",
      ],
      ["{}", "! line 9: no field 'text' (it has: none)"],
      ['{"text":null}', "! line 10: field 'text' must be a string: got null"],
      ['{"text":3}', "! line 11: field 'text' must be a string: got a number"],
      [
        '{"text":["a"]}',
        "! line 12: field 'text' must be a string: got an array",
      ],
      ['"text"', "! line 13: a record must be an object: got a string"],
      [
        '{"__proto__":{"text":"x"}}',
        "! line 14: no field 'text' (it has: __proto__)",
      ],
      [
        "{",
        "! line 15: invalid JSON (expected property name or '}' at column 2)",
      ],
      [
        '{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}',
        "! line 16: no field 'text' (it has: a, b, c, d, e, f, g, h, …)",
      ],
    ];
    const file = write("a.jsonl", lines.map(([line]) => line).join("\n"));
    assertEquals(
      (await lineRecords(file)).map(shown),
      lines.map(([, text]) => text),
    );
  }));

Deno.test("parseLines() reads lines as json.dumps writes them", () =>
  withFolder(async (write) => {
    const lines: [string, string][] = [
      ['{"text": "a", "score": NaN}', "a"],
      ['{"score": -Infinity, "text": "NaN \\"NaN\\" \\\\"}', 'NaN "NaN" \\'],
      ['{"meta": {"a": [NaN, [Infinity]]}, "text": "c"}', "c"],
      [
        '{"text": NaN}',
        "! line 4: field 'text' must be a string: got NaN",
      ],
      [
        '{"text": -Infinity}',
        "! line 5: field 'text' must be a string: got -Infinity",
      ],
      ["NaN", "! line 6: a record must be an object: got NaN"],
      [
        '{"score": NaN, "text": "a"',
        "! line 7: invalid JSON (expected ',' or '}' after property value at column 27)",
      ],
      [
        '{"score": NaN, "text": nan}',
        "! line 8: invalid JSON (unexpected token 'a')",
      ],
      ['{"text": "a\\ud800b", "text": "\\ud83d"}', "\ud83d"],
      ['{"n": 99999999999999999999, "x": 1E400, "text": "d"}', "d"],
    ];
    const file = write("a.jsonl", lines.map(([line]) => line).join("\n"));
    assertEquals(
      (await lineRecords(file)).map(shown),
      lines.map(([, text]) => text),
    );
  }));

Deno.test("parseLines() takes a byte-order mark before the first line alone as none", () =>
  withFolder(async (write) => {
    const file = write("a.jsonl", '\ufeff{"text":"\ufeffa"}\n');
    assertEquals((await lineRecords(file)).map(shown), ["\ufeffa"]);
  }));

Deno.test("parseLines() says what a file is that is not UTF-8 from its start", () =>
  withFolder(async (write) => {
    const line = (mark: number[]) =>
      Uint8Array.from([
        ...mark,
        ...[...'{"text":"a"}'].flatMap((char) => [char.charCodeAt(0), 0]),
      ]);
    for (const [mark, name] of [[[0xff, 0xfe], "UTF-16"], [[], "UTF-16LE"]]) {
      const records = await lineRecords(
        write("a.jsonl", line(mark as number[])),
      );
      assertEquals(records, [{
        document: 0,
        reason:
          `line 1: ${name}, not UTF-8: convert it, as with iconv -f ${name} -t UTF-8`,
      }]);
    }
  }));

Deno.test("parseLines() loses a line that is not UTF-8 alone", () =>
  withFolder(async (write) => {
    const bytes = new TextEncoder().encode(
      '{"text":"é1"}\n{"text":"_2"}\n\n{"text":"é3"}',
    );
    bytes[bytes.indexOf("_".charCodeAt(0))] = 0xff;
    const file = write("a.jsonl", bytes);
    assertEquals((await lineRecords(file)).map(shown), [
      "é1",
      "! line 2: not UTF-8",
      "é3",
    ]);
  }));

Deno.test("parseLines() finds fields in fields, unless one bears the whole name", () =>
  withFolder(async (write) => {
    const file = {
      ...write(
        "a.jsonl",
        '{"a":{"b":{"c":"deep"}}}\n{"a":{"b":{"c":"deep"}},"a.b.c":"flat"}\n{"a":{"b":"c"}}\n{"a":[1]}',
      ),
      field: "a.b.c",
    };
    assertEquals((await lineRecords(file)).map(shown), [
      "deep",
      "flat",
      "! line 3: no field 'a.b.c' (it has: a)",
      "! line 4: no field 'a.b.c' (it has: a)",
    ]);
  }));

Deno.test("parseLines() reads the documents that are asked for only", () =>
  withFolder(async (write) => {
    const file = write("a.jsonl", content);
    const found: number[] = [];
    const keep = (document: number) => document % 5000 === 7;
    for await (const block of jsonLines(file)) {
      for (const record of parseLines(block, "n", keep)) {
        found.push(record.document);
      }
    }
    assertEquals(found, Array.from({ length: 11 }, (_, i) => i * 5000 + 7));
  }));
