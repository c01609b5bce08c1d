import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../src/errors.ts";
import {
  parseYaml,
  readYamlText,
  YamlError,
} from "../../src/yaml/parse_yaml.ts";

Deno.test("parseYaml() keeps the text of every scalar", () => {
  const { value, texts } = parseYaml(
    "a: 1e-3\nb: [1.10, '3', yes]\nc: {d: True, e: ~}\n",
  );
  assertEquals(value, {
    a: 1e-3,
    b: [1.1, "3", "yes"],
    c: { d: true, e: null },
  });
  assertEquals(texts, {
    a: "1e-3",
    b: ["1.10", "3", "yes"],
    c: { d: "True", e: "~" },
  });
  assertEquals(parseYaml("").value, null);
});

Deno.test("parseYaml() has one rule for numbers: that of YAML 1.2 and JSON", () => {
  const numbers = ["0", "-3", "+5", ".5", "1.", "1e-3", "-2E+3", "1.0e-8"];
  const { value } = parseYaml(numbers.map((n) => `- ${n}\n`).join(""));
  assertEquals(value, numbers.map(Number));
  // Numbers or dates to one reader, text to another.
  const texts = ["010", "0x1F", "0b1", "1:30", "1_000", "2024-01-01"];
  assertEquals(parseYaml(texts.map((n) => `- ${n}\n`).join("")).value, texts);
});

Deno.test("parseYaml() keeps the text of what a merge key brings in", () => {
  const { value } = parseYaml("x: &x {a: 010, b: 2}\ny: {<<: *x, c: 3}\n");
  assertEquals(value, { x: { a: "010", b: 2 }, y: { a: "010", b: 2, c: 3 } });
});

Deno.test("parseYaml() names the line of a fault", () => {
  const error = assertThrows(() => parseYaml("a: 1\nb: 2\nb: 3\n"), YamlError);
  assertEquals(error.line, 3);
});

const many = (count: number, item: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i)).join("");

/** Documents that are small and would cost hours or gigabytes. */
const BOMBS: Record<string, string> = {
  "a billion laughs": "a0: &a0 [lol, lol]\n" +
    many(40, (i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`),
  "a billion laughs of mappings": "a0: &a0 {x: lol}\n" +
    many(40, (i) => `a${i + 1}: &a${i + 1} {x: *a${i}, y: *a${i}}\n`),
  "a long text, many times": `a: &a ${"x".repeat(1e6)}\nb: [${
    many(60, () => "*a, ")
  }]`,
  "merged keys": `a: &a {${many(3000, (i) => `k${i}: 1, `)}}\nb: {<<: [${
    many(1000, () => "*a, ")
  }]}`,
  "aliases as keys": `a: &a [${"x".repeat(1e5)}]\nb: [${
    many(1e5, () => "{*a : 1}, ")
  }]`,
  "a cycle": "a: &a [*a]",
  "a cycle of mappings": "a: &a {b: {c: *a}}",
  "100,000 brackets": "a: " + "[".repeat(1e5),
  "100,000 closed brackets": "a: " + "[".repeat(1e5) + "]".repeat(1e5),
  "100,000 braces": "a: " + "{a: ".repeat(1e5),
  "100,000 dashes": "- ".repeat(1e5),
  "a large file": "#".repeat(5e6),
  "a tag with a quadratic reader": `a: !!omap [${many(1e5, (i) => `k${i}, `)}]`,
};

for (const [name, text] of Object.entries(BOMBS)) {
  Deno.test(`parseYaml() refuses ${name} in one line`, () => {
    const { message } = assertThrows(() => parseYaml(text), YamlError);
    assert(message.length < 200 && !message.includes("\n"), message);
    assert(!message.includes("call stack"), message);
  });
}

Deno.test("readYamlText() reads small regular files alone", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const path = `${folder}/c.yaml`;
    Deno.writeTextFileSync(path, "a: 1");
    assertEquals(readYamlText(path), "a: 1");
    Deno.truncateSync(path, 2 ** 40);
    const { message } = assertThrows(() => readYamlText(path), UserError);
    assertEquals(
      message,
      `Cannot read ${path} as YAML must be at most 4 MiB: got 1048576.0 MiB`,
    );
    // In Latin-1, not UTF-8.
    Deno.writeFileSync(path, new TextEncoder().encode("a: caf").with(5, 0xe9));
    assertEquals(
      assertThrows(() => readYamlText(path), UserError).message,
      `Cannot read ${path} as YAML must be UTF-8 text`,
    );
    assertThrows(() => readYamlText("/dev/zero"), UserError, "a regular file");
    assertThrows(() => readYamlText(`${folder}/x`), Deno.errors.NotFound);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
