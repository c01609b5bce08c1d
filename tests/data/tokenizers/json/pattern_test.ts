import { assertEquals, assertThrows } from "@std/assert";
import { JsonNode } from "../../../../src/data/tokenizers/json/json_node.ts";
import { readPattern } from "../../../../src/data/tokenizers/json/pattern.ts";
import { splitAtPattern } from "../../../../src/data/tokenizers/json/split.ts";
import { UserError } from "../../../../src/errors.ts";

const pattern = (Regex: string) => readPattern(new JsonNode({ Regex }, "t"));

function pieces(regex: string, text: string): string[] {
  const found: string[] = [];
  splitAtPattern(pattern(regex), "Isolated")(
    text,
    (piece) => found.push(piece),
  );
  return found;
}

// Pieces into which the reference implementation (tokenizers 0.23.2) splits
// these texts.
const CUTS: [string, string, string[]][] = [
  ["a{1,3}+", "aaaaab a\nba", ["aaaaa", "b ", "a", "\nb", "a"]],
  ["^b", "aaaaab a\nba", ["aaaaab a\n", "b", "a"]],
  ["a{,2}", "aaaaab a\nba", ["aa", "aa", "a", "b", " ", "a", "\n", "b", "a"]],
  ["\\h", "aab a\nx", ["a", "a", "b", " ", "a", "\nx"]],
  ["[[:word:]&&[^a]]", "aab a\nba", ["aa", "b", " a\n", "b", "a"]],
  ["x*", "aab a", ["a", "a", "b", " ", "a"]],
  ["(?i:s)", "as\u017fS", ["a", "s", "\u017f", "S"]],
  [".", "a\r\n\u2028b", ["a", "\r", "\n", "\u2028", "b"]],
  ["\\s+", "a\u0085\ufeff b", ["a", "\u0085", "\ufeff", " ", "b"]],
  ["a+$", "aa\naa b", ["aa", "\naa b"]],
  ["a++ab|b", "aaab", ["aaa", "b"]],
  ["(?>a+)b|c", "aabc", ["aab", "c"]],
  ["[^\\p{^L}x-z]+", "abxyc1", ["ab", "xy", "c", "1"]],
  ["\\p{Han}|\\p{Hiragana}+", "東ひら京a", ["東", "ひら", "京", "a"]],
  ["\\x41|\\u0042|\\x{1F600}", "xAB😀", ["x", "A", "B", "😀"]],
  ["[a\\]\\-]+", "xa]-b", ["x", "a]-", "b"]],
  ["(?<n>a)(b)", "xabab", ["x", "ab", "ab"]],
];

for (const [regex, text, expected] of CUTS) {
  Deno.test(`readPattern() cuts ${JSON.stringify(text)} at ${regex} as the reference`, () =>
    assertEquals(pieces(regex, text), expected));
}

Deno.test("readPattern() matches a String literally", () => {
  const literal = readPattern(new JsonNode({ String: "a.b|[😀" }, "t"));
  assertEquals("xaxb a.b|[😀".search(literal), 5);
});

Deno.test("readPattern() rejects patterns that JavaScript cannot express", () => {
  for (
    const [regex, what] of [
      ["\\Ga", "\\G"],
      ["(a)\\1", "\\1"],
      ["\\p{Foo}", "\\p{Foo}"],
      ["[[:foo:]]", "[:foo:]"],
      ["[a", "[ without ]"],
      ["(a", "( without )"],
      ["a)", ")"],
      ["(?#x)", "(?#"],
      ["*a", "*"],
      ["a{2}?", "{2}?"],
      ["[]", "an empty class"],
      ["\\", "a trailing \\"],
    ]
  ) {
    assertThrows(
      () => pattern(regex),
      UserError,
      `Cannot use the tokenizer 't' as its Regex uses ${what}, which is not supported`,
    );
  }
  for (const regex of ["[z-a]", "a{3,1}"]) {
    assertThrows(
      () => pattern(regex),
      UserError,
      "must be a regular expression",
    );
  }
});
