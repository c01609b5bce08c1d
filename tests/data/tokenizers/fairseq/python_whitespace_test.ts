import { assertEquals } from "@std/assert";
import {
  afterLastSpace,
  splitWords,
  trimmedLength,
} from "../../../../src/data/tokenizers/fairseq/python_whitespace.ts";

// Python: [c for c in map(chr, range(0x110000)) if c.isspace()], in
// hexadecimal.
const PYTHON_SPACES =
  "9 a b c d 1c 1d 1e 1f 20 85 a0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009 200a 2028 2029 202f 205f 3000"
    .split(" ").map((hex) => parseInt(hex, 16));

Deno.test("splitWords() splits at Python's whitespace and at no other character", () => {
  const borders = [];
  for (let unit = 0; unit < 0x10000; unit++) {
    const words = splitWords(`a${String.fromCharCode(unit)}b`);
    if (words.length === 2) borders.push(unit);
  }
  assertEquals(borders, PYTHON_SPACES);
});

Deno.test("splitWords() collapses runs and trims both ends", () => {
  assertEquals(splitWords(" \t the  cat\r\nsat\u3000 "), ["the", "cat", "sat"]);
  assertEquals(splitWords(" \n "), []);
  assertEquals(splitWords(""), []);
});

Deno.test("trimmedLength() and afterLastSpace() return the right positions", () => {
  assertEquals(trimmedLength("a b \x85\n"), 3);
  assertEquals(trimmedLength("\n\n"), 0);
  assertEquals(afterLastSpace("the cat"), 4);
  assertEquals(afterLastSpace("the cat "), 8);
  assertEquals(afterLastSpace("cat"), 0);
});
