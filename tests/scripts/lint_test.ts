/**
 * Do the project's own lint rules report what they are for, and nothing else?
 */
/// <reference lib="deno.unstable" />
import { assertEquals } from "@std/assert";
import plugin from "../../scripts/lint/plugin.ts";
import { rewrapBlock, rewrapLines } from "../../scripts/lint/rewrap.ts";

/** What the rules report about a source, without the plugin's name. */
const report = (source: string, path = "src/data/x.ts") =>
  Deno.lint.runPlugin(plugin, path, source)
    .map(({ id }) => id.replace("blocksmith/", ""));

Deno.test("a UserError says what cannot be done, or what is missing", () => {
  const thrown = (message: string) => `throw new UserError(${message});`;
  for (
    const message of [
      '"Cannot read it as it is a folder"',
      "`Cannot ${action} as 'data.seed' must be an integer`",
      '"Cannot read " + path',
      "`Unknown flag '${flag}'`",
      "message",
      "`${where}: ${what}`",
    ]
  ) {
    assertEquals(report(thrown(message)), [], message);
  }
  for (const message of ['"Invalid value"', "`bad ${x}`", '"cannot read"']) {
    assertEquals(report(thrown(message)), ["user-error"], message);
    assertEquals(report(thrown(message), "tests/x_test.ts"), []);
  }
});

Deno.test("the console belongs to scripts and tests", () => {
  const source = "console.log(1);";
  for (const path of ["src/data/x.ts", "src/cli/x.ts"]) {
    assertEquals(report(source, path), ["console"], path);
  }
  for (const path of ["scripts/x.ts", "tests/x_test.ts"]) {
    assertEquals(report(source, path), [], path);
  }
});

Deno.test("no message advises to remove what may not be the program's", () => {
  for (
    const message of [
      '"Cannot write it as it is not empty: name another or delete it"',
      "`Cannot use ${path} as it lacks ${file}: remove the folder`",
      '"the disk is full: rm -rf ~/.cache"',
    ]
  ) {
    assertEquals(report(`say(${message});`), ["removal"], message);
    assertEquals(report(`say(${message});`, "tests/x_test.ts"), []);
  }
  for (const call of ['fileError("remove", path)', "// delete the folder"]) {
    assertEquals(report(call), [], call);
  }
});

Deno.test("a URL is turned into a path, and a path into a URL, by node:url", () => {
  for (
    const source of [
      'const root = new URL("..", import.meta.url).pathname;',
      "const { x } = url.pathname.split(1);",
      "new Worker(`file://${path}`);",
    ]
  ) {
    assertEquals(report(source), ["url-as-path"], source);
  }
  for (
    const source of [
      'const root = fileURLToPath(new URL("..", import.meta.url));',
      "const x = `file:///tmp/${name}`;",
    ]
  ) {
    assertEquals(report(source), [], source);
  }
  assertEquals(report("url.pathname", "tests/helpers/data/hub_server.ts"), []);
});

Deno.test("a comment has at most 80 columns, unless a word is long", () => {
  const words = "word ".repeat(20).trim(),
    address = "https://" + "x".repeat(90);
  assertEquals(report(`// ${words}`), ["comment-width"]);
  assertEquals(report(`/**\n * ${words}\n * short\n */`), ["comment-width"]);
  assertEquals(report(`const x = 1; // ${words}`), ["comment-width"]);
  assertEquals(report(`const x = "${words}"; // short`), ["comment-width"]);
  assertEquals(report(`// ${address}`), []);
  assertEquals(report(`// deno-lint-ignore x -- ${words}`), []);
  assertEquals(report(`// ${words.slice(0, 77)}`), []);
  assertEquals(report(`const x = "${words}";`), []);
});

Deno.test("rewrapBlock() wraps what is too wide and nothing else", () => {
  const wrapped = rewrapBlock(
    `/**
   * One two three four five six seven eight.
   *
   * Short lines
   * stay as they are.
   *
   *     drawn   by hand and wide enough to be wrapped otherwise
   *
   * @param x a tag that is too wide is wrapped with a margin
   * - a list entry that is too wide too, \`code that stays whole\`
   *
   * \`\`\`ts
   * const code = "that is wider than the comment may be";
   * \`\`\`
   */`,
    2,
    32,
  );
  assertEquals(
    wrapped,
    `/**
   * One two three four five six
   * seven eight.
   *
   * Short lines
   * stay as they are.
   *
   *     drawn   by hand and wide enough to be wrapped otherwise
   *
   * @param x a tag that is too
   *   wide is wrapped with a
   *   margin
   * - a list entry that is too
   *   wide too,
   *   \`code that stays whole\`
   *
   * \`\`\`ts
   * const code = "that is wider than the comment may be";
   * \`\`\`
   */`,
  );
  assertEquals(
    rewrapBlock("/** What this file answers. @module */", 0, 30),
    "/**\n * What this file answers.\n * @module\n */",
  );
});

Deno.test("rewrapLines() wraps lines that follow each other as one", () => {
  const lines = ["// One two three four", "// five six."];
  assertEquals(
    rewrapLines(lines, 2, 16),
    "// One two\n  // three four\n  // five six.",
  );
});
