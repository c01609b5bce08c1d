import { assertEquals } from "@std/assert";
import { globFolder, globMatcher, isGlob } from "../../../src/data/hub/glob.ts";

const matches = (glob: string, ...paths: string[]) =>
  paths.filter(globMatcher(glob));

Deno.test("globMatcher() does not match slashes with * and ?, but with **", () => {
  const all = ["a.json", "x/a.json", "x/y/a.json", "x/b.txt"];
  assertEquals(matches("*.json", ...all), ["a.json"]);
  assertEquals(matches("*/?.json", ...all), ["x/a.json"]);
  assertEquals(matches("**/*.json", ...all), all.slice(0, 3));
  assertEquals(matches("**", ...all), all);
  assertEquals(matches("x/**", ...all), all.slice(1));
  assertEquals(matches("x/**/a.json", ...all), ["x/a.json", "x/y/a.json"]);
  assertEquals(matches("**.json", ...all), all.slice(0, 3));
  assertEquals(matches("./x/b.txt", ...all), ["x/b.txt"]);
});

Deno.test("globMatcher() supports character sets and matches other characters literally", () => {
  assertEquals(matches("[0-9]x", "1x", "ax", "-x"), ["1x"]);
  assertEquals(matches("[!0-9]x", "1x", "ax", "/x"), ["ax"]);
  assertEquals(matches("[]a]x", "]x", "ax", "bx"), ["]x", "ax"]);
  assertEquals(matches("[^a]", "^", "a", "b"), ["^", "a"]);
  assertEquals(matches("[a-]?", "a1", "-1", "b1"), ["a1", "-1"]);
  assertEquals(matches("?", "é", "🙂", "ab"), ["é", "🙂"]);
  assertEquals(matches("a.(b|c)+$", "a.(b|c)+$", "axb"), ["a.(b|c)+$"]);
  assertEquals(matches("{a,b}", "a", "{a,b}"), ["{a,b}"]);
  assertEquals(matches("[z-a]", "z", "a", "-"), []);
  assertEquals(matches("[a", "[a", "a"), ["[a"]);
});

Deno.test("globMatcher() excludes hidden names unless the glob names them", () => {
  const all = ["a", ".a", ".d/a", "__c__/a", "__a"];
  assertEquals(matches("**", ...all), ["a", "__a"]);
  assertEquals(matches("**/.*", ...all), [".a"]);
  assertEquals(matches(".d/*", ...all), [".d/a"]);
  assertEquals(matches("__c__/*", ...all), ["__c__/a"]);
});

Deno.test("globMatcher() is fast for hostile globs", () => {
  // Each would take practically forever with exhaustive backtracking.
  assertEquals(matches("*a".repeat(500), "a".repeat(4000) + "b"), []);
  assertEquals(matches("**/".repeat(99) + "x", "a/".repeat(999) + "b"), []);
  assertEquals(matches("*a".repeat(99) + "c", "a".repeat(4000)), []);
});

Deno.test("globFolder() returns the folder before the first wildcard", () => {
  assertEquals(globFolder("a/b/*.json"), "a/b");
  assertEquals(globFolder("a*/b/c"), "");
  assertEquals(globFolder("*"), "");
  assertEquals(globFolder("a/**"), "a");
  assertEquals([isGlob("a/b"), isGlob("a/b?")], [false, true]);
});
