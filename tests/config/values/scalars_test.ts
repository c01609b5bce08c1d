import { assertEquals } from "@std/assert";
import { pythonText, scalarOf } from "../../../src/config/values/scalars.ts";

Deno.test("scalarOf() tells numbers from text that looks like one", () => {
  const known: [string, unknown][] = [
    ["0", 0],
    ["-17", -17],
    ["-0", 0],
    ["-0.0", -0],
    ["1_000", 1000],
    ["1e-3", 1e-3],
    [".5", 0.5],
    ["-inf", -Infinity],
    ["NaN", NaN],
    ["tRue", true],
    ["FALSE", false],
    ["Null", null],
  ];
  for (const [text, value] of known) assertEquals(scalarOf(text), value, text);
  for (const text of ["017", "1__0", "0x1", "1e", "yes", "none", "", " 1"]) {
    assertEquals(scalarOf(text), undefined, text);
  }
});

Deno.test("pythonText() writes what Python writes", () => {
  const cases: [value: unknown, text: string | undefined, written: string][] = [
    [3, "3", "3"],
    [3, "+3", "3"],
    [3, "3.0", "3.0"],
    [1e-3, "1e-3", "0.001"],
    [1e-4, undefined, "0.0001"],
    [1e-5, undefined, "1e-05"],
    [1.5e-7, undefined, "1.5e-07"],
    [1e15, "1e15", "1000000000000000.0"],
    [1e16, "1e16", "1e+16"],
    [12345678901234567890, "12345678901234567890", "12345678901234567890"],
    [Infinity, "inf", "inf"],
    [-Infinity, "-inf", "-inf"],
    [NaN, "nan", "nan"],
    [true, "true", "True"],
    [null, "null", "None"],
    ["a", "a", "a"],
  ];
  for (const [value, text, written] of cases) {
    assertEquals(pythonText(value, text), written);
  }
});
