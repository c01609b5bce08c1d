import { assertEquals, assertThrows } from "@std/assert";
import { parseHubName, parseHubUrl } from "../../../src/data/hub/mod.ts";
import { formatHubName, isSafePath } from "../../../src/data/hub/url.ts";
import { UserError } from "../../../src/errors.ts";

Deno.test("parseHubUrl() parses a dataset, a revision and a path", () => {
  const cases: [string, ...(string | undefined)[]][] = [
    ["o/n", "o/n", "main", undefined],
    ["wikitext", "wikitext", "main", undefined],
    ["wikitext@v1.0/a/b.txt", "wikitext", "v1.0", "a/b.txt"],
    ["o/n/", "o/n", "main", undefined],
    ["o/n/en", "o/n", "main", "en"],
    ["o/n/a@b/c.json", "o/n", "main", "a@b/c.json"],
    ["o/n@v1/data/*.parquet", "o/n", "v1", "data/*.parquet"],
    ["o/n@refs%2Fconvert%2Fparquet", "o/n", "refs/convert/parquet", undefined],
    ["o/n@refs/convert/parquet/x", "o/n", "refs/convert/parquet", "x"],
    ["o/n@refs/pr/7", "o/n", "refs/pr/7", undefined],
    ["o.x/n_1-a@a%2Fb%40c/d", "o.x/n_1-a", "a/b@c", "d"],
  ];
  for (const [text, repo, revision, path] of cases) {
    assertEquals(
      parseHubUrl("hf://datasets/" + text),
      { repo, revision, ...(path === undefined ? {} : { path }) } as never,
      text,
    );
  }
});

Deno.test("parseHubUrl() rejects other texts in one line", () => {
  for (
    const text of [
      "",
      "o/n",
      "hf://o/n",
      "hf://models/o/n",
      "hf://datasets/",
      "hf://datasets/@main",
      "hf://datasets/o/n@",
      "hf://datasets/o/n@%zz",
      "hf://datasets/o/n@a%20b",
      "hf://datasets/o/n@..%2F..%2Fx",
      "hf://datasets/../n",
      "hf://datasets/o/n--m",
      "hf://datasets/o/-n",
      "hf://datasets/o/n/../x",
      "hf://datasets/o/n//x",
      "hf://datasets/o/n/a\\b",
      "hf://datasets/o/n\n",
    ]
  ) {
    const error = assertThrows(() => parseHubUrl(text), UserError);
    assertEquals(error.message.split("\n").length, 1, text);
    assertEquals(
      error.message.endsWith(
        ": write hf://datasets/<owner>/<name>[@<revision>][/<path or glob>]",
      ),
      true,
      error.message,
    );
  }
  assertEquals(
    assertThrows(() => parseHubUrl("hf://datasets/o/n@a b"), UserError).message,
    `Cannot read "hf://datasets/o/n@a b" as "a b" is not a branch, tag or commit: ` +
      "write hf://datasets/<owner>/<name>[@<revision>][/<path or glob>]",
  );
});

Deno.test("formatHubName() and parseHubUrl() round-trip", () => {
  for (const text of ["o/n", "o/n@v1/a b/c", "wikitext@refs%2Fpr%2F1"]) {
    const url = "hf://datasets/" + text;
    assertEquals(formatHubName({ kind: "dataset", ...parseHubUrl(url) }), url);
  }
  assertEquals(formatHubName({ kind: "model", repo: "gpt2" }), "hf://gpt2");
});

Deno.test("parseHubName() accepts only repository names", () => {
  assertEquals(parseHubName("gpt2"), { repo: "gpt2", revision: "main" });
  assertEquals(parseHubName("o/n@a%2Fb"), { repo: "o/n", revision: "a/b" });
  for (
    const text of ["", "./x", "../x", "a/b/c", "/a", "a/", "o/n@", "~/t", "a b"]
  ) {
    assertEquals(parseHubName(text), null, text);
  }
});

Deno.test("isSafePath() accepts only paths inside the repository", () => {
  for (const path of ["a", "a/b.c", "..a/b..", "a b/ü"]) {
    assertEquals(isSafePath(path), true, path);
  }
  for (
    const path of [
      "",
      "/a",
      "a/",
      "../a",
      "a/../b",
      ".",
      "a//b",
      "C:/x",
      "a\0",
      "a\ud800",
    ]
  ) {
    assertEquals(isSafePath(path), false, path);
  }
});
