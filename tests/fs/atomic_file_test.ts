import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { UserError } from "../../src/errors.ts";
import {
  exists,
  fileError,
  quoted,
  stableJson,
  writeFileAtomic,
} from "../../src/fs/atomic_file.ts";
import { tempDir } from "../helpers/files.ts";

Deno.test("stableJson() depends on the value alone", () => {
  const one = stableJson({ b: [1, { y: null, x: "é" }], a: -1.5e-7 });
  const two = stableJson({ a: -1.5e-7, b: [1, { x: "é", y: null }] });
  assertEquals(one, two);
  assertEquals(
    one,
    '{\n  "a": -1.5e-7,\n  "b": [\n    1,\n    {\n      "x": "é",\n      "y": null\n    }\n  ]\n}\n',
  );
});

Deno.test("stableJson() refuses what JSON would lose, with its place", () => {
  const at = (value: unknown, place: string) =>
    assertThrows(() => stableJson(value), TypeError, place);
  at({ a: { b: NaN } }, "'$.a.b' as JSON: got NaN");
  at([1, undefined], "'$[1]' as JSON: got undefined");
  at({ w: new Float32Array(2) }, "'$.w' as JSON: got Float32Array");
  at({ w: new Map() }, "got Map");
  at(5n, "'$' as JSON");
});

Deno.test("writeFileAtomic() replaces a file and leaves nothing beside it", () => {
  using dir = tempDir();
  const path = join(dir.path, "config.yaml");
  writeFileAtomic(path, "old");
  writeFileAtomic(path, new TextEncoder().encode("new"));
  assertEquals(Deno.readTextFileSync(path), "new");
  assertEquals([...Deno.readDirSync(dir.path)].length, 1);
});

Deno.test("writeFileAtomic() keeps the old file where the new cannot be put", () => {
  using dir = tempDir();
  const path = join(dir.path, "taken");
  Deno.mkdirSync(join(path, "inner"), { recursive: true });
  assertThrows(() => writeFileAtomic(path, "x"), UserError, `${path}`);
  assert(exists(join(path, "inner")));
  assertEquals([...Deno.readDirSync(dir.path)].length, 1);
  assertThrows(
    () => writeFileAtomic(join(dir.path, "no", "x"), "x"),
    UserError,
    "it does not exist",
  );
});

Deno.test("fileError() tells a full disk with the free space, and passes our own faults on", () => {
  let full: unknown;
  try {
    Deno.writeTextFileSync("/dev/full", "x");
  } catch (error) {
    full = error;
  }
  const { message } = fileError("write", "/dev/full", full);
  assertStringIncludes(message, "Cannot write '/dev/full' as the disk is full");
  assert(/\(\d[\d.]* k?M?G?T?B free\)/.test(message), message);
  const bug = new RangeError("bug");
  assertEquals(fileError("write", "x", bug), bug);
});

Deno.test("quoted() keeps to one line", () => {
  assertEquals(quoted("a\n\tb\u2028"), "'a\\u000a\\u0009b\\u2028'");
  assertEquals(quoted("x".repeat(500)).length, 202);
});
