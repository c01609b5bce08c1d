/**
 * The local stand-ins of `compat/` behave as `@std`'s documentation says, in
 * the parts that this project uses. The tests see the interface alone, so they
 * can hold the real packages to it as well, with `links` taken out of
 * `deno.json`.
 */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  AssertionError,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { ProgressBar } from "@std/cli/unstable-progress-bar";
import { parse, stringify } from "@std/yaml";

Deno.test("assertEquals() compares deeply, NaN and the two zeros as equal", () => {
  assertEquals({ a: [1, { b: NaN }], z: 0 }, { z: -0, a: [1, { b: NaN }] });
  assertEquals(new Map([["k", [1]]]), new Map([["k", [1]]]));
  assertEquals(new Float32Array([1, NaN]), new Float32Array([1, NaN]));
  assertThrows(() => assertEquals({ a: 1 }, { a: 2 }), AssertionError);
  assertThrows(() => assertEquals([1, 2], [1, 2, 3]), AssertionError);
  assertThrows(
    () => assertEquals<unknown>(new Float32Array([1]), new Float64Array([1])),
    AssertionError,
  );
  assertThrows(
    () => assertEquals<unknown>({ a: undefined }, {}),
    AssertionError,
  );
});

Deno.test("assertNotEquals() throws on what assertEquals() accepts", () => {
  assertNotEquals([1], [2]);
  assertThrows(() => assertNotEquals([1], [1]), AssertionError);
});

Deno.test("assertStrictEquals() asks for the same value, not an equal one", () => {
  const one = { a: 1 };
  assertStrictEquals(one, one);
  assertThrows(() => assertStrictEquals({ a: 1 }, { a: 1 }), AssertionError);
});

Deno.test("assertAlmostEquals() takes a relative 1e-7 unless given a tolerance", () => {
  assertAlmostEquals(1e6, 1e6 + 0.05);
  assertThrows(() => assertAlmostEquals(1e6, 1e6 + 1), AssertionError);
  assertAlmostEquals(1, 1.1, 0.2);
  assertThrows(() => assertAlmostEquals(1, NaN, 1), AssertionError);
});

Deno.test("assertThrows() returns the error and checks class and message", () => {
  const error = assertThrows(
    () => {
      throw new TypeError("a bad thing");
    },
    TypeError,
    "bad",
  );
  assertEquals(error.message, "a bad thing");
  const thrower = () => {
    throw new TypeError("a bad thing");
  };
  assertThrows(() => assertThrows(thrower, RangeError), AssertionError);
  assertThrows(() => assertThrows(thrower, TypeError, "good"), AssertionError);
  assertThrows(() => assertThrows(() => {}), AssertionError);
});

Deno.test("assertRejects() wants a rejected promise, not a throw", async () => {
  const error = await assertRejects(
    () => Promise.reject(new RangeError("far")),
    RangeError,
    "far",
  );
  assertEquals(error.name, "RangeError");
  await assertRejects(
    () => assertRejects(() => Promise.resolve(1)),
    AssertionError,
  );
  await assertRejects(
    () =>
      assertRejects(() => {
        throw new Error("at once");
      }),
    AssertionError,
  );
});

Deno.test("parseArgs() sorts declared flags from the rest", () => {
  const args = parseArgs([
    "train",
    "model=parallel",
    "--resume",
    "runs/x",
    "--lr=3e-4",
    "--debug",
    "-h",
    "--set",
    "a=1",
    "--set=b=2",
    "--",
    "--kept",
  ], {
    string: ["resume", "lr", "set"],
    boolean: ["debug", "help", "quiet"],
    collect: ["set"],
    alias: { help: "h" },
  });
  assertEquals(args._, ["train", "model=parallel", "--kept"]);
  assertEquals(args.resume, "runs/x");
  assertEquals(args.lr, "3e-4");
  assertEquals(args.set, ["a=1", "b=2"]);
  assertEquals([args.debug, args.help, args.h, args.quiet], [
    true,
    true,
    true,
    false,
  ]);
});

Deno.test("parseArgs() guesses numbers only where no type is declared", () => {
  const args = parseArgs(["5", "--steps", "10", "--name=7", "--on=no"], {
    string: ["name"],
  });
  assertEquals(args._, [5]);
  assertEquals(args.steps, 10);
  assertEquals(args.name, "7");
  assertEquals(args.on, "no");
});

Deno.test("parseArgs() gives defaults, negates, and hands unknown flags over", () => {
  const unknown: string[] = [];
  const args = parseArgs(["word", "--no-color", "--bad=1", "-z"], {
    boolean: ["color"],
    negatable: ["color"],
    string: ["out"],
    default: { color: true, out: "runs" },
    unknown: (arg) => {
      unknown.push(arg);
      return false;
    },
  });
  assertEquals([args.color, args.out], [false, "runs"]);
  assertEquals(unknown, ["word", "--bad=1", "-z"]);
  assertEquals(args._, []);
  assert(!("bad" in args));
});

Deno.test("parse() reads scalars as YAML's core schema does", () => {
  assertEquals(
    parse("a: 1e-3\nb: 3.0e-4\nc: yes\nd: 'true'\ne: ~\nf: .inf\ng: [1, x]\n"),
    {
      a: 1e-3,
      b: 3e-4,
      c: "yes",
      d: "true",
      e: null,
      f: Infinity,
      g: [1, "x"],
    },
  );
  assertEquals(parse("base: &b {x: 1}\nd:\n  <<: *b\n  y: 2\n"), {
    base: { x: 1 },
    d: { x: 1, y: 2 },
  });
  assertEquals(parse("# nothing\n"), null);
});

Deno.test("parse() leaves all scalars text under the failsafe schema", () => {
  assertEquals(
    parse("a: 010\nb: [1e-3, ~, '3']\n", { schema: "failsafe" }),
    { a: "010", b: ["1e-3", "~", "3"] },
  );
});

Deno.test("parse() reads numbers as YAML 1.1 does, and stringify() quotes texts that look like them", () => {
  const scalars: [string, string | number][] = [
    ["017", 15],
    ["-017", -15],
    ["0b101", 5],
    ["0x1F", 31],
    ["-0x1f", -31],
    ["1_000", 1000],
    ["1_0.5", 10.5],
    ["+12", 12],
    ["1e3", 1000],
    ["1e400", Infinity],
    ["-.inf", -Infinity],
    [".5", 0.5],
    ["0", 0],
    ["00", 0],
    ["0o17", "0o17"],
    ["08", "08"],
    ["1_", "1_"],
    ["_1", "_1"],
    ["0x", "0x"],
    ["1:30", "1:30"],
    ["1e", "1e"],
    ["v1.2", "v1.2"],
  ];
  for (const [text, value] of scalars) {
    assertEquals(parse(`k: ${text}`), { k: value }, text);
    const written = stringify({ k: text });
    assertEquals(parse(written), { k: text });
    if (typeof value === "number") assertEquals(written, `k: '${text}'\n`);
  }
});

Deno.test("parse() tells the line of a fault", () => {
  const faults: [string, number][] = [
    ["a: 1\na: 2\n", 2],
    ["a: 1\nb: [1, 2\nc: 3\n", 3],
    ["a: 1\nb: 2\n c: 3\n", 3],
    ["a: @x\n", 1],
  ];
  for (const [text, line] of faults) {
    const error = assertThrows(() => parse(text), SyntaxError);
    assertStringIncludes(error.message, ` at line ${line}, column `);
  }
});

Deno.test("stringify() writes what parse() reads back", () => {
  const value = {
    name: "default",
    quoted: ["yes", "1", "", "a: b", "# x", "two\nlines\n"],
    numbers: [0, -1, 1e-8, 3e-4, 1e21, Infinity],
    nested: { empty: {}, list: [], none: null, on: true },
  };
  assertEquals(parse(stringify(value)), value);
  assertEquals(stringify({ b: 1, a: [2] }), "b: 1\na:\n  - 2\n");
  assertEquals(stringify({ b: 1, a: 2 }, { sortKeys: true }), "a: 2\nb: 1\n");
  const long = { text: "word ".repeat(40).trim() };
  assertEquals(stringify(long, { lineWidth: -1 }), `text: ${long.text}\n`);
  assertThrows(() => stringify({ f: () => 1 }), TypeError);
});

/** A bar's options and, once it has stopped, all it wrote. */
function sink() {
  const decoder = new TextDecoder();
  const seen = { text: "", closed: false };
  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      seen.text += decoder.decode(chunk);
    },
    close() {
      seen.closed = true;
    },
  });
  return { seen, writable };
}

Deno.test("ProgressBar draws at once and at the end, and leaves the stream open", async () => {
  const { seen, writable } = sink();
  const bar = new ProgressBar({
    max: 4,
    value: 1,
    barLength: 8,
    writable,
    formatter: (f) =>
      `${f.styledTime} [${f.progressBar}] ${f.value} of ${f.max}`,
  });
  bar.value = 4;
  await bar.stop();
  assertEquals(
    seen.text,
    "\r\x1b[K00:00 [##------] 1 of 4\r\x1b[K00:00 [########] 4 of 4\n",
  );
  assert(!seen.closed);
  assert(!writable.locked);
});

Deno.test("ProgressBar with 'clear' wipes its line when it stops", async () => {
  const { seen, writable } = sink();
  const bar = new ProgressBar({
    max: 2,
    writable,
    clear: true,
    formatter: () => "x",
  });
  await bar.stop();
  assertEquals(seen.text, "\r\x1b[Kx\r\x1b[K");
});
