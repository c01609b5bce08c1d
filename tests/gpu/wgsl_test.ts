import { assertEquals, assertThrows } from "@std/assert";
import {
  assemble,
  type Elements,
  evaluateExpression,
} from "../../src/gpu/wgsl.ts";

/** Files by name; an unknown one is an error, as in `kernels/`. */
const files = (texts: Record<string, string>) => (name: string) => {
  if (!(name in texts)) throw new RangeError(`No kernel named '${name}'`);
  return texts[name];
};

/** The lines of `text` after expansion, without the header. */
function expand(
  text: string,
  constants: Record<string, number | boolean | string> = {},
  others: Record<string, string> = {},
): string[] {
  const whole = assemble("main", constants, files({ main: text, ...others }));
  return whole.split("\n").slice(Object.keys(constants).length);
}

Deno.test("assemble() declares the constants above the kernel", () => {
  const constants = { WG: 64, ACCUMULATE: true, EPS: "1e-5f" };
  const main = files({ main: "fn main() {}" });
  assertEquals(
    assemble("main", constants, main),
    "const WG = 64u;\nconst ACCUMULATE = true;\nconst EPS = 1e-5f;\nfn main() {}",
  );
});

Deno.test("assemble() declares the element types that a kernel asks for", () => {
  const text = "var<storage, read> x: array<x_vec>; " +
    "var<storage, read_write> y: array<y_vec4>; y_elem(1); fn mask_words() {}";
  const main = files({ main: text });
  const header = (
    constants: Record<string, number | boolean>,
    elements: Elements,
  ): string[] =>
    assemble("main", constants, main, elements).split("\n").slice(0, -1);
  assertEquals(header({ VW: 4 }, { x: "f16" }), [
    "enable f16;",
    "const VW = 4u;",
    "alias x_vec = vec4<f16>;",
    "alias y_vec4 = vec4<f32>;",
    "alias y_elem = f32;",
  ]);
  assertEquals(header({ VW: 4, WIDE: true }, {}), [
    "const VW = 4u;",
    "const WIDE = true;",
    "alias x_vec = vec2<u64>;",
    "alias y_vec4 = vec4<f32>;",
    "alias y_elem = f32;",
  ]);
  assertEquals(header({ VW: 1 }, {}), [
    "const VW = 1u;",
    "alias x_vec = f32;",
    "alias y_vec4 = vec4<f32>;",
    "alias y_elem = f32;",
  ]);
});

Deno.test("assemble() writes how words of four elements are loaded", () => {
  const text = "var<storage> x: array<x_words>; x_floats(x[0]); " +
    "var<storage> y: array<y_words>;";
  assertEquals(
    assemble("main", {}, () => text, { x: "f16" }).split("\n").slice(1, -1),
    [
      "alias x_words = u64;",
      "fn x_floats(q: u64) -> vec4f { return halves(q); }",
      "alias y_words = vec2<u64>;",
    ],
  );
});

Deno.test("assemble() repeats the lines of a #for of words, also in included files", () => {
  const text = "#for x of q k {\n#include load\nfn ${x}(i: u32) {}\n#}";
  const load = "#for i in 0..2 {\nlet ${x}${i} = ${x}[${i}];\n#}";
  assertEquals(expand(text, {}, { load }), [
    ...["let q0 = q[0];", "let q1 = q[1];", "fn q(i: u32) {}"],
    ...["let k0 = k[0];", "let k1 = k[1];", "fn k(i: u32) {}"],
  ]);
  assertThrows(
    () => expand("#for x of a {\n#let y = x + 1\n#}"),
    SyntaxError,
    "unknown name 'x'",
  );
});

Deno.test("assemble() repeats the lines of a #for and fills in its variable", () => {
  const text = "#for r in 0..ROWS {\nvar c${r} = a[${4 * r + 1}];\n#}\nend";
  assertEquals(expand(text, { ROWS: 2 }), [
    "var c0 = a[1];",
    "var c1 = a[5];",
    "end",
  ]);
  assertEquals(expand(text, { ROWS: 0 }), ["end"]);
});

Deno.test("assemble() keeps one side of an #if", () => {
  const text = "#if N == 4 && !ACCUMULATE {\nyes\n#} else {\nno\n#}";
  assertEquals(expand(text, { N: 4, ACCUMULATE: false }), ["yes"]);
  assertEquals(expand(text, { N: 4, ACCUMULATE: true }), ["no"]);
  assertEquals(expand("#if N {\nyes\n#}\nend", { N: 0 }), ["end"]);
});

Deno.test("assemble() nests loops, conditions and includes", () => {
  const text = `#for i in 0..3 {
#if i % 2 == 0 {
#for j in i..3 {
  at \${i} \${j}
#}
#include part
#} else {
  odd \${i}
#}
#}`;
  const part = "#if DEEP {\n#for k in 7..8 {\npart ${k}\n#}\n#}";
  assertEquals(expand(text, { DEEP: true }, { part }), [
    "  at 0 0",
    "  at 0 1",
    "  at 0 2",
    "part 7",
    "  odd 1",
    "  at 2 2",
    "part 7",
  ]);
});

Deno.test("assemble() gives names to expressions with #let", () => {
  const text = `#let HALF = N / 2
#for i in 0..HALF {
#let AT = HALF * i
#if i == 0 {
#let ONLY = 7
first \${ONLY}
#}
at \${AT}
#}
end \${HALF}`;
  assertEquals(expand(text, { N: 4 }), ["first 7", "at 0", "at 2", "end 2"]);
});

Deno.test("assemble() ends a #let with its block, and takes no name twice", () => {
  const inBlock = (block: string) => `#${block} {\n#let A = 1\n#}\n\${A}`;
  const wrong: [string, string][] = [
    [inBlock("if 1"), "kernels/main.wgsl:4: unknown name 'A'"],
    [inBlock("for i in 0..1"), "kernels/main.wgsl:4: unknown name 'A'"],
    ["#let N = 1", "kernels/main.wgsl:1: 'N' has a value already"],
    ["#let A = 1\n#let A = 2", "kernels/main.wgsl:2: 'A' has a value already"],
    ["#let A = B", "kernels/main.wgsl:1: unknown name 'B'"],
    ["#let A", "kernels/main.wgsl:1: unknown line '#let A'"],
  ];
  for (const [text, message] of wrong) {
    assertThrows(() => expand(text, { N: 4 }), SyntaxError, message);
  }
  assertEquals(expand("#if N {\n#let A = B\n#}\nend", { N: 0 }), ["end"]);
});

Deno.test("assemble() leaves what is dropped unevaluated", () => {
  const text =
    "#if OFF {\n#for i in 0..MISSING {\n${MISSING}\n#}\n#include nowhere\n#} else {\n#if OFF {\n#} else {\nkept\n#}\n#}";
  assertEquals(expand(text, { OFF: false }), ["kept"]);
});

Deno.test("assemble() names file and line of what is wrong", () => {
  const wrong: [string, string][] = [
    ["a\n#for i in 0..2 {\nb", "kernels/main.wgsl:2: '#for' is not closed"],
    ["a\n#if 1 {\nb", "kernels/main.wgsl:2: '#if' is not closed"],
    ["#if 1 {\n#} else {\nb", "kernels/main.wgsl:1: '#if' is not closed"],
    ["a\nb\n#}", "kernels/main.wgsl:3: '#}' closes nothing"],
    ["a\n#elif 1 {", "kernels/main.wgsl:2: unknown line '#elif 1 {'"],
    ["a\n#if N {\n#}", "kernels/main.wgsl:2: unknown name 'N'"],
    ["a ${r}", "kernels/main.wgsl:1: unknown name 'r'"],
    ["#for i in 0..2 + {\n#}", "kernels/main.wgsl:1: '2 +' ends too early"],
    ["#include part", "kernels/part.wgsl:2: unknown name 'N'"],
    ["a\n#include gone", "kernels/main.wgsl:2: No kernel named 'gone'"],
  ];
  for (const [text, message] of wrong) {
    const others = { part: "x\n${N}" };
    assertThrows(() => expand(text, {}, others), SyntaxError, message);
  }
});

Deno.test("assemble() does not let an included file see names that are not constants", () => {
  const text = "#let A = 1\n#for i in 0..1 {\n#include part\n#}";
  assertThrows(
    () => expand(text, {}, { part: "${A}" }),
    SyntaxError,
    "kernels/part.wgsl:1: unknown name 'A'",
  );
  assertThrows(
    () => expand(text, {}, { part: "${i}" }),
    SyntaxError,
    "kernels/part.wgsl:1: unknown name 'i'",
  );
});

Deno.test("evaluateExpression() keeps to the precedence of arithmetic", () => {
  const scope = { a: 7, b: 2, off: 0 };
  const wanted: Record<string, number> = {
    "1 + 2 * 3": 7,
    "(1 + 2) * 3": 9,
    "a - b - 1": 4,
    "a / b * b": 6,
    "a % 4 == 3": 1,
    "-a + b": -5,
    "!off && a > b || off": 1,
    "a < b || b <= 2 && a >= 7": 1,
    "a != 7": 0,
    "!(a > b)": 0,
    "1 + (b > 1) * 10": 11,
  };
  for (const [text, value] of Object.entries(wanted)) {
    assertEquals(evaluateExpression(text, scope), value, text);
  }
});

Deno.test("evaluateExpression() refuses what it cannot read", () => {
  for (
    const [text, message] of [
      ["1 & 2", "cannot read the expression '1 & 2'"],
      ["(1 + 2", "'(' is not closed in '(1 + 2'"],
      ["1 2", "cannot read '1 2'"],
      ["", "'' ends too early"],
      ["1.5", "cannot read the expression '1.5'"],
    ]
  ) assertThrows(() => evaluateExpression(text, {}), SyntaxError, message);
});
