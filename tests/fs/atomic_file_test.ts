import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { UserError } from "../../src/errors.ts";
import {
  isDraftOf,
  writeDurably,
  writeFileAtomic,
} from "../../src/fs/atomic_file.ts";
import { exists } from "../../src/fs/file_error.ts";
import { tempDir } from "../helpers/files.ts";

Deno.test("writeFileAtomic() replaces a file and leaves no other file", () => {
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

Deno.test("writeFileAtomic() throws what its caller makes of the system's error", () => {
  using dir = tempDir();
  assertThrows(
    () =>
      writeFileAtomic(join(dir.path, "no", "x"), "x", (error) => {
        assert(error instanceof Deno.errors.NotFound);
        return new UserError("of the caller");
      }),
    UserError,
    "of the caller",
  );
});

Deno.test("writeDurably() writes new files alone", () => {
  using dir = tempDir();
  const path = join(dir.path, "x");
  writeDurably(path, "é");
  assertThrows(() => writeDurably(path, "b"), Deno.errors.AlreadyExists);
  assertEquals(Deno.readTextFileSync(path), "é");
});

Deno.test("isDraftOf() knows the drafts of a file, with and without a random part", () => {
  for (const suffix of ["77", "77-0a1b2c3d"]) {
    assert(isDraftOf("run.json", `.run.json.tmp-${suffix}`));
  }
  for (const other of ["run.json", ".run.json.tmp-", ".run.json.tmp-1.bak"]) {
    assert(!isDraftOf("run.json", other), other);
  }
});
