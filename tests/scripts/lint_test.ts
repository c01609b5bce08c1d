/**
 * Do the project's own lint rules report what they are for, and nothing else?
 */
/// <reference lib="deno.unstable" />
import { assertEquals } from "@std/assert";
import plugin from "../../scripts/lint/plugin.ts";

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

Deno.test("the console belongs to commands, scripts and tests", () => {
  const source = "console.log(1);";
  assertEquals(report(source), ["console"]);
  for (const path of ["src/cli/x.ts", "scripts/x.ts", "tests/x_test.ts"]) {
    assertEquals(report(source, path), [], path);
  }
});

Deno.test("a comment has at most 80 columns, unless a word is long", () => {
  const words = "word ".repeat(20).trim(),
    address = "https://" + "x".repeat(90);
  assertEquals(report(`// ${words}`), ["comment-width"]);
  assertEquals(report(`/**\n * ${words}\n * short\n */`), ["comment-width"]);
  assertEquals(report(`const x = 1; // ${words}`), ["comment-width"]);
  assertEquals(report(`const x = "${words}"; // short`), ["comment-width"]);
  assertEquals(report(`// ${address}`), []);
  assertEquals(report(`// ${words.slice(0, 77)}`), []);
  assertEquals(report(`const x = "${words}";`), []);
});
