/**
 * From a kernel file to the text that the device compiles: a header of
 * constants, then the file with its directives carried out. A directive is a
 * line that starts with `#`, indented like a statement:
 *
 * ```wgsl
 * #include lib/reduce          // the text of kernels/lib/reduce.wgsl
 * #let LOADS = BM * BK / 4     // a name for an expression, to the block's end
 * #for i in 0..LOADS {         // repeat with the values of ${i}, ${4 * i + 1}
 *   var c${i} = vec4f(0);
 * #}
 * #for x of q k {              // repeat with ${x} standing for each word
 *   #include lib/load          // an included file sees the word as well
 * #}
 * #if ACCUMULATE {             // keep or drop; #} else { is optional
 * #}
 * ```
 *
 * Unrolled named scalars are why this exists: compilers behind WebGPU keep them
 * in registers, while arrays go to memory (15 to 30 % slower matmul on
 * lavapipe). Conditions, bounds and `#let` are integer expressions over the
 * constants, earlier `#let`s and loop variables; an included file sees the
 * constants and words alone. The block of a directive is no scope of WGSL: what
 * it declares stays declared after `#}`.
 * @module
 */
import type { Constant } from "../graph/dispatch.ts";

/** Text of a kernel file by its name. */
export type Sources = (name: string) => string;

/** What the elements of a storage variable are stored as. */
export type Element = "f32" | "f16";

/**
 * Element types by the names of storage variables; what is missing is f32. A
 * kernel that can store variable `x` in either type declares it with one of
 * three aliases that {@linkcode assemble} writes where they occur: `x_elem` is
 * the element, `x_vec4` is `vec4<x_elem>`, `x_vec` the one of them that the
 * constant `VW` asks for, or with `WIDE` the two 64-bit words that four f32
 * take (`kernels/lib/quad.wgsl`). All arithmetic is f32: `vec4f(x[i])` loads,
 * `x_vec4(v)` is what is stored. What is only read may be `array<x_words>`, the
 * 64-bit words of four elements, which `x_floats(x[i])` loads.
 */
export type Elements = Readonly<Record<string, Element>>;

/**
 * The whole WGSL text of a kernel.
 *
 * @param name file name in `kernels/`, without `.wgsl`
 * @param constants what the header declares; integers as `u32`, strings as
 *   written
 * @param elements of the storage variables that are not f32
 * @throws {SyntaxError} on a malformed directive, with file and line
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { assemble } from "./wgsl.ts";
 *
 * const source = [
 *   "#for r in 0..ROWS {",
 *   "var c${r} = x[${4 * r}];",
 *   "#}",
 * ].join("\n");
 * const text = assemble("example", { ROWS: 2 }, () => source);
 * assertEquals(text.split("\n").slice(-2), [
 *   "var c0 = x[0];",
 *   "var c1 = x[4];",
 * ]);
 * ```
 */
export function assemble(
  name: string,
  constants: Record<string, Constant>,
  sources: Sources,
  elements: Elements = {},
): string {
  const header = Object.entries(constants).map(([key, value]) =>
    `const ${key} = ${value}${typeof value === "number" ? "u" : ""};`
  );
  const text = expand(name, constants, sources);
  const aliases = aliasesOf(text, constants, elements);
  if (Object.values(elements).includes("f16")) header.unshift("enable f16;");
  return [...header, ...aliases, text].join("\n");
}

/**
 * The aliases of {@linkcode Elements} that occur in `text`. Other words may end
 * alike: an alias begins with the name of a variable.
 */
function aliasesOf(
  text: string,
  constants: Record<string, Constant>,
  elements: Elements,
): string[] {
  const variables = new Set(
    [...text.matchAll(/\bvar<storage[^>]*>\s*(\w+)/g)].map(([, name]) => name),
  );
  const used = text.matchAll(/\b(\w+)_(elem|vec4|vec|words|floats)\b/g);
  const names = new Map(
    [...used].filter(([, of]) => variables.has(of))
      .map(([name, of, kind]) => [name, { of, kind }]),
  );
  return [...names].map(([name, { of, kind }]) => {
    const element = elements[of] ?? "f32";
    if (kind === "floats") {
      const [type, load] = element === "f16"
        ? ["u64", "halves"]
        : ["vec2<u64>", "floats"];
      return `fn ${name}(q: ${type}) -> vec4f { return ${load}(q); }`;
    }
    if (kind === "words") {
      return `alias ${name} = ${element === "f16" ? "u64" : "vec2<u64>"};`;
    }
    const four = kind === "vec4" || kind === "vec" && constants.VW === 4;
    const words = kind === "vec" && four && constants.WIDE === true;
    const type = four ? `vec4<${element}>` : element;
    return `alias ${name} = ${words ? "vec2<u64>" : type};`;
  });
}

/** Values of names: integers, or words that stand for themselves. */
type Scope = Record<string, number | string>;

function expand(
  name: string,
  constants: Record<string, Constant>,
  sources: Sources,
): string {
  const scope: Scope = {};
  for (const [key, value] of Object.entries(constants)) {
    scope[key] = typeof value === "string" ? value : Number(value);
  }
  const lines = sources(name).split("\n");
  const out: string[] = [];
  const end = block(0, scope, true);
  if (end < lines.length) throw fault(end, "'#}' closes nothing");
  return out.join("\n");

  function fault(at: number, what: string): SyntaxError {
    return new SyntaxError(`kernels/${name}.wgsl:${at + 1}: ${what}`);
  }

  function value(text: string, scope: Scope, at: number): number {
    try {
      return evaluateExpression(text, scope);
    } catch (cause) {
      throw fault(at, (cause as Error).message);
    }
  }

  function included(file: string, scope: Scope, at: number): string {
    try {
      const words = Object.entries(scope).filter(([, value]) =>
        typeof value === "string"
      );
      const seen = { ...constants, ...Object.fromEntries(words) };
      return expand(file, seen, sources);
    } catch (cause) {
      // A fault within the included file names its own line.
      if (cause instanceof SyntaxError) throw cause;
      throw fault(at, (cause as Error).message);
    }
  }

  /**
   * Carries out lines from `at` to the matching `#}` and returns its index.
   *
   * @param scope values of names; extended by `#let`
   * @param live whether the lines are kept
   */
  function block(at: number, scope: Scope, live: boolean): number {
    for (; at < lines.length; at++) {
      const line = lines[at], directive = line.trimStart();
      if (!directive.startsWith("#")) {
        if (live) {
          out.push(
            line.replace(
              /\$\{([^}]*)\}/g,
              (_, e) => `${wordOf(scope, e) ?? value(e, scope, at)}`,
            ),
          );
        }
        continue;
      }
      if (directive.startsWith("#}")) return at;
      const include = directive.match(/^#include ([\w/]+)$/);
      if (include) {
        if (live) out.push(included(include[1], scope, at));
        continue;
      }
      const naming = directive.match(/^#let (\w+) = (.+)$/);
      if (naming) {
        const [, variable, expression] = naming;
        if (live && variable in scope) {
          throw fault(at, `'${variable}' has a value already`);
        }
        if (live) scope[variable] = value(expression, scope, at);
        continue;
      }
      const each = directive.match(/^#for (\w+) of (\w+(?: \w+)*) \{$/);
      if (each) {
        const [, variable, words] = each, start = at + 1;
        at = block(start, { ...scope }, false);
        for (const word of live ? words.split(" ") : []) {
          block(start, { ...scope, [variable]: word }, true);
        }
        if (at >= lines.length) throw fault(start - 1, "'#for' is not closed");
        continue;
      }
      const repeat = directive.match(/^#for (\w+) in (.+)\.\.(.+) \{$/);
      if (repeat) {
        const [, variable, from, to] = repeat, start = at + 1;
        const low = live ? value(from, scope, at) : 0;
        const high = live ? value(to, scope, at) : 0;
        at = block(start, { ...scope }, false);
        for (let i = low; i < high; i++) {
          block(start, { ...scope, [variable]: i }, true);
        }
        if (at >= lines.length) throw fault(start - 1, "'#for' is not closed");
        continue;
      }
      const choice = directive.match(/^#if (.+) \{$/);
      if (!choice) throw fault(at, `unknown line '${directive}'`);
      const opened = at;
      const taken = live && value(choice[1], scope, at) !== 0;
      at = block(at + 1, { ...scope }, taken);
      if (lines[at]?.trim() === "#} else {") {
        at = block(at + 1, { ...scope }, live && !taken);
      }
      if (at >= lines.length) throw fault(opened, "'#if' is not closed");
    }
    return at;
  }
}

const wordOf = (scope: Scope, name: string): string | undefined =>
  typeof scope[name] === "string" ? scope[name] : undefined;

/**
 * Integer arithmetic: `+ - * / % == != < <= > >= && || ! ( )`, division
 * rounding down.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { evaluateExpression } from "./wgsl.ts";
 *
 * assertEquals(evaluateExpression("BM * BK / 4", { BM: 64, BK: 8 }), 128);
 * const scope = { GRADIENT: 1, ACCUMULATE: 0 };
 * assertEquals(evaluateExpression("GRADIENT && !ACCUMULATE", scope), 1);
 * ```
 */
export function evaluateExpression(text: string, scope: Scope): number {
  const tokens = text.match(/\d+|\w+|==|!=|<=|>=|&&|\|\||[-+*/%<>()!]/g) ?? [];
  if (tokens.join("") !== text.replace(/\s+/g, "")) {
    throw new SyntaxError(`cannot read the expression '${text}'`);
  }
  let at = 0;
  const levels: string[][] = [
    ["||"],
    ["&&"],
    ["==", "!="],
    [
      "<",
      "<=",
      ">",
      ">=",
    ],
    ["+", "-"],
    ["*", "/", "%"],
  ];
  const apply: Record<string, (a: number, b: number) => number> = {
    "||": (a, b) => Number(!!a || !!b),
    "&&": (a, b) => Number(!!a && !!b),
    "==": (a, b) => Number(a === b),
    "!=": (a, b) => Number(a !== b),
    "<": (a, b) => Number(a < b),
    "<=": (a, b) => Number(a <= b),
    ">": (a, b) => Number(a > b),
    ">=": (a, b) => Number(a >= b),
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => Math.floor(a / b),
    "%": (a, b) => a % b,
  };
  const binary = (level: number): number => {
    if (level === levels.length) return unary();
    let left = binary(level + 1);
    while (levels[level].includes(tokens[at])) {
      const operator = tokens[at++];
      left = apply[operator](left, binary(level + 1));
    }
    return left;
  };
  const unary = (): number => {
    const token = tokens[at++];
    if (token === "!") return Number(!unary());
    if (token === "-") return -unary();
    if (token === "(") {
      const inner = binary(0);
      if (tokens[at++] !== ")") {
        throw new SyntaxError(`'(' is not closed in '${text}'`);
      }
      return inner;
    }
    if (token === undefined) throw new SyntaxError(`'${text}' ends too early`);
    const number = /^\d/.test(token) ? Number(token) : scope[token];
    if (typeof number !== "number") {
      throw new SyntaxError(`unknown name '${token}'`);
    }
    return number;
  };
  const result = binary(0);
  if (at < tokens.length) throw new SyntaxError(`cannot read '${text}'`);
  return result;
}
