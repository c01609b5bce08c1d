import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { systemCode } from "../../src/errors.ts";
import { fileError } from "../../src/fs/file_error.ts";

Deno.test("fileError() reports the free space of a full disk, and passes other errors on", () => {
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

Deno.test("fileError() knows errors to which Deno gives no code", () => {
  const error = new Error("File too large (os error 27): writefile 'x'");
  assertEquals(
    fileError("write", "x", error).message,
    "Cannot write 'x' as it would be larger than the file system or 'ulimit -f' allows",
  );
  assertEquals(systemCode(error), "EFBIG");
  assertEquals(systemCode(new Error("bug")), null);
  assertEquals(systemCode(undefined), null);
});
