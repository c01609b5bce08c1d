import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { UserError } from "../../src/errors.ts";
import { readSmallText, requireBounded } from "../../src/fs/bounded_file.ts";
import { tempDir } from "../helpers/files.ts";

Deno.test("readSmallText() reads a small file, and refuses a large one unread", () => {
  using dir = tempDir();
  const path = join(dir.path, "state.json");
  Deno.writeTextFileSync(path, "{}");
  assertEquals(readSmallText(path), "{}");
  // A file with a hole: 2 TB that take no space.
  Deno.truncateSync(path, 2e12);
  const { message } = assertThrows(() => readSmallText(path), UserError);
  assertEquals(
    message,
    `Cannot read '${path}' as it must have at most 8.0 MB: got 2.0 TB`,
  );
  requireBounded(path, 3e12);
});

Deno.test("readSmallText() refuses what is not UTF-8", () => {
  using dir = tempDir();
  const path = join(dir.path, "config.yaml");
  // In Latin-1.
  Deno.writeFileSync(path, Uint8Array.of(0x63, 0x61, 0x66, 0xe9));
  assertThrows(
    () => readSmallText(path),
    UserError,
    `Cannot read '${path}' as it must be text in UTF-8`,
  );
});

Deno.test("readSmallText() refuses what has no end, and leaves other faults to the system", () => {
  using dir = tempDir();
  assertThrows(
    () => readSmallText("/dev/zero"),
    UserError,
    "Cannot read '/dev/zero' as it is not a file",
  );
  assertThrows(() => readSmallText(dir.path), Deno.errors.IsADirectory);
  assertThrows(
    () => readSmallText(join(dir.path, "none")),
    Deno.errors.NotFound,
  );
});
