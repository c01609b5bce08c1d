/**
 * Thousands of damaged files of each format: each is read, or there is one
 * line that says why not, soon.
 */
import { assert, assertEquals } from "@std/assert";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import {
  inspectFile,
  jsonLines,
  openBytes,
  type Parsed,
  parseLines,
  readParquet,
  type SourceFile,
  UnreadableError,
} from "../../../src/data/sources/mod.ts";
import {
  concatenated,
  FIXTURES,
  withFolder,
} from "../../helpers/data/source_files.ts";
import { mutated, randomFrom } from "./_mutations.ts";

const FILES = 2000;
const LIMIT_MS = 2000;

const texts = Array.from(
  { length: 40 },
  (_, i) => `document ${i}: ${"naïve 東京 🙂 words ".repeat(i % 5)}`,
);
const content = new TextEncoder().encode(
  texts.map((text) => JSON.stringify({ id: 1, text })).join("\n") + "\n",
);
const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const half = content.indexOf(10, content.length / 2) + 1;
const halves = [content.subarray(0, half), content.subarray(half)];
const gz = concatenated(...halves.map((part) => gzipSync(part)));
const zst = concatenated(
  ...halves.map((part) => zstdCompressSync(part, checksum)),
);

/** What came of a file: its documents, or the fault that was met. */
interface Outcome {
  records: Parsed[];
  fault: string | null;
}

/** Reads damaged files, and holds each against the rules for all. */
async function fuzz(
  name: string,
  original: Uint8Array,
  seed: number,
  judge: (outcome: Outcome, bytes: Uint8Array) => void,
  { damage = mutated, files = FILES } = {},
): Promise<void> {
  const random = randomFrom(seed);
  let read = 0;
  let refused = 0;
  let usual = 0;
  await withFolder(async (write) => {
    // The first is as it was.
    for (let i = 0; i <= files; i++) {
      const bytes = i === 0 ? original : damage(original, random);
      const file = write(name, bytes);
      const start = performance.now();
      const outcome = await inTime(readAll(file), `${name} ${seed} ${i}`);
      const ms = performance.now() - start;
      assert(ms < LIMIT_MS, `${name} ${seed} ${i} took ${ms} ms`);
      const reasons = outcome.records.filter((one) => "reason" in one).length;
      if (i === 0) usual = reasons;
      if (outcome.fault !== null || reasons > usual) refused++;
      else read++;
      judge(outcome, bytes);
    }
  });
  // Otherwise this would test only one side.
  assert(read > 0 && refused > 0, `${read} read, ${refused} refused`);
}

async function readAll(file: SourceFile): Promise<Outcome> {
  const { documents, fault, not } = await inspectFile(file);
  const records: Parsed[] = [];
  if (fault !== null) checkLine(fault);
  if (not || documents === 0) return { records, fault: fault ?? not ?? null };
  assert(documents < 1e6, `${documents} documents`);
  try {
    if (file.format === "text") {
      const parts: Uint8Array[] = [];
      for await (const block of openBytes(file)) parts.push(block.slice());
      const text = new TextDecoder().decode(concatenated(...parts));
      records.push({ document: 0, text });
    } else if (file.format === "jsonl") {
      for await (const block of jsonLines(file)) {
        records.push(...parseLines(block, file.field));
      }
    } else {
      for await (const batch of readParquet(file, 0, documents)) {
        records.push(...batch);
      }
    }
    assertEquals(fault, null);
  } catch (error) {
    // Only what was met at the first reading.
    assert(error instanceof UnreadableError, String(error));
    assertEquals(error.fault, fault);
  }
  assertEquals(records.length, documents);
  for (const [i, record] of records.entries()) {
    assertEquals(record.document, i);
    if ("reason" in record) checkLine(record.reason);
  }
  return { records, fault };
}

/** That a message is one for the user. */
function checkLine(line: string): void {
  assert(line.length < 400 && /^[^\n\r]+$/.test(line), line);
  assert(!/undefined|NaN|TypeError|RangeError|\[object/.test(line), line);
}

async function inTime<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), LIMIT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** That good texts are the original's, in order, from the first on. */
function checkTexts({ records }: Outcome): void {
  for (const [i, record] of records.entries()) {
    assert("text" in record, JSON.stringify(record));
    assertEquals(record.text, texts[i]);
  }
}

Deno.test("damaged JSON Lines give texts or say what is wrong", () =>
  fuzz("a.jsonl", content, 1, ({ fault }) => {
    if (fault !== null) assert(fault.includes("JSON array"), fault);
  }));

Deno.test("damaged text is text or not", () =>
  fuzz("a.txt", content, 2, ({ records, fault }, bytes) => {
    const [record] = records;
    if (fault !== null) assert(fault === "binary" || fault === "undecodable");
    else {assert(
        "text" in record && record.text === new TextDecoder().decode(bytes),
      );}
  }));

for (
  const [name, original] of [
    ["a.jsonl.gz", gz],
    ["a.jsonl.zst", zst],
  ] as const
) {
  Deno.test(`damaged ${name} never gives a wrong text for a right one`, () =>
    fuzz(name, original, 3, (outcome) => {
      // What was cut short could not be checked.
      if (outcome.fault?.includes("cut short")) return;
      checkTexts(outcome);
    }));
}

Deno.test("cut gzip and zstd files give the texts before the cut", async () => {
  const cut = (bytes: Uint8Array, random: (n: number) => number) =>
    bytes.subarray(0, random(bytes.length + 1));
  for (
    const [name, original] of [["a.jsonl.gz", gz], [
      "a.jsonl.zst",
      zst,
    ]] as const
  ) {
    const options = { damage: cut, files: 300 };
    await fuzz(name, original, 4, checkTexts, options);
  }
});

for (
  const [name, files] of [
    ["arrow_snappy", FILES],
    ["arrow_zstd", FILES],
    ["arrow_gzip", FILES],
    ["arrow_lz4", 500],
    ["arrow_v2_crc", 500],
    ["arrow_delta", 500],
  ] as const
) {
  Deno.test(`damaged ${name}.parquet gives rows or says what is wrong`, () => {
    const original = Deno.readFileSync(`${FIXTURES}${name}.parquet`);
    return fuzz("a.parquet", original, 5, () => {}, { files });
  });
}
