import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  CONTENTS,
  fingerprintOf,
  type FingerprintOptions,
} from "../../../src/data/scan/fingerprint.ts";
import type { Entry } from "../../../src/data/scan/scan_inputs.ts";
import { byteTokenizer } from "../../../src/data/tokenizers/byte.ts";

const OPTIONS: FingerprintOptions = {
  format: "store 2",
  contextLength: 16,
  seed: 0,
  validFraction: 0.1,
  maxDocuments: 100_000,
  validMaxDocuments: null,
  dedup: false,
  skipBad: false,
};

const entry = (
  name: string,
  digest: string,
  format: "text" | "jsonl" = "text",
  field = "text",
): Entry => ({
  input: {
    name,
    path: `/${name}`,
    bytes: 1,
    format,
    compression: "none",
    field,
  },
  scan: { digest, documents: 1, unpacked: 1, fault: null },
  stamp: null,
  firstDocument: 0,
});

const of = (entries: Entry[], withNames = false) =>
  fingerprintOf(byteTokenizer, OPTIONS, [entries, []], { withNames });

const X = entry("a/x.txt", "00");
const Y = entry("a/y.jsonl", "11", "jsonl", "body");

Deno.test("fingerprintOf() tells contents, formats, fields and orders apart, not names", () => {
  const one = of([X, Y]);
  assert(one.startsWith(CONTENTS), one);
  const renamed = entry("/else/z.md", "00");
  assertEquals(of([renamed, Y]), one);
  // The field of a text file means nothing.
  assertEquals(of([entry("a", "00", "text", "body"), Y]), one);
  const others = [
    [Y, X],
    [X],
    [entry("a/x.txt", "01"), Y],
    [entry("a/x.txt", "00", "jsonl"), Y],
    [X, entry("a/y.jsonl", "11", "jsonl", "text")],
  ];
  for (const entries of others) assertNotEquals(of(entries), one);
  assertEquals(new Set(others.map((e) => of(e))).size, others.length);
});

Deno.test("fingerprintOf() still gives the fingerprint that version 0.1.0 recorded", () => {
  assertEquals(
    of([X, Y], true),
    "51b5e4dfafdc4779dd9d81c50fab4bd62d968092d360dcfaff02476fa9ee0568",
  );
});
