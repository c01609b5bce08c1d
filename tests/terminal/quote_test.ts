import { assertEquals } from "@std/assert";
import {
  brief,
  listed,
  oneLine,
  quoted,
  shellWord,
  shown,
} from "../../src/terminal/quote.ts";

Deno.test("quoted() keeps to one line", () => {
  assertEquals(quoted("a\n\tb\u2028"), "'a\\u000a\\u0009b\\u2028'");
  assertEquals(quoted("x".repeat(500)).length, 202);
});

Deno.test("oneLine() puts one space for each run of control characters, and cuts", () => {
  assertEquals(oneLine("a\r\n\tb\u2028c", 10), "a b c");
  assertEquals(oneLine("x".repeat(11), 10), "x".repeat(10) + "…");
});

Deno.test("listed() counts what it leaves out", () => {
  assertEquals(listed(["a\n", "b"]), "a , b");
  const names = Array.from({ length: 15 }, (_, i) => `${i}`);
  assertEquals(listed(names), `${names.slice(0, 12).join(", ")} and 3 more`);
});

Deno.test("shown() and brief() show any value as JSON, however long or deep", () => {
  const deep = JSON.parse("[".repeat(200_000) + "]".repeat(200_000));
  const self: unknown[] = [];
  self.push(self);
  for (const show of [shown, brief]) {
    assertEquals(show(undefined), "nothing");
    assertEquals(show({ a: "\u2028" }), '{"a":" "}');
    assertEquals(show(self), "a kind of object");
    assertEquals(show(deep).length <= 101, true);
  }
  assertEquals(shown("x".repeat(200)), `"${"x".repeat(99)}…`);
  assertEquals(brief("x".repeat(58)), `"${"x".repeat(58)}"`);
  assertEquals(brief("x".repeat(59)), `"${"x".repeat(56)}…`);
  assertEquals(brief("x".repeat(59), "..."), `"${"x".repeat(56)}...`);
});

Deno.test("shellWord() gives a word that a shell reads back", async () => {
  assertEquals(shellWord("/tmp/run-1"), "/tmp/run-1");
  const texts = ["a b", "it's", "$HOME", "~/x", "a\\b", "-x", "é,\n;*", ""];
  const line = `printf '%s|' ${texts.map(shellWord).join(" ")}`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", line] })
    .output();
  assertEquals(new TextDecoder().decode(stdout), texts.join("|") + "|");
});
