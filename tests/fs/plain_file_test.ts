import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { UserError } from "../../src/errors.ts";
import {
  openPlain,
  readPlainText,
  requirePlain,
} from "../../src/fs/plain_file.ts";
import { tempDir } from "../helpers/files.ts";

Deno.test("requirePlain() tells plain files from what leads elsewhere", () => {
  using dir = tempDir();
  const at = (name: string) => join(dir.path, name);
  Deno.writeTextFileSync(at("file"), "text");
  Deno.symlinkSync(at("file"), at("link"));
  Deno.symlinkSync(at("nowhere"), at("dangling"));
  new Deno.Command("mkfifo", { args: [at("pipe")] }).outputSync();
  const refuses = (name: string, kind: "file" | "folder", got: string) =>
    assertThrows(
      () => requirePlain(at(name), kind),
      UserError,
      `${
        at(name)
      }' as '${name}' must be a plain ${kind}: got ${got}; put a ${kind} in its place`,
    );
  assertEquals(requirePlain(at("file"), "file"), true);
  assertEquals(requirePlain(dir.path, "folder"), true);
  assertEquals(requirePlain(at("none"), "file"), false);
  assertEquals(requirePlain(at("file/none"), "file"), false);
  refuses("link", "file", "a symbolic link");
  refuses("dangling", "file", "a symbolic link");
  refuses("pipe", "file", "a pipe");
  assertThrows(() => requirePlain(dir.path, "file"), UserError, "got a folder");
  refuses("file", "folder", "a file");
  assertEquals(readPlainText(at("file")), "text");
  for (const name of ["link", "pipe", "dangling"]) {
    assertThrows(() => readPlainText(at(name)), UserError, "plain file");
    assertThrows(
      () => openPlain(at(name), { append: true, create: true }),
      UserError,
      "plain file",
    );
  }
  assertEquals(requirePlain(at("nowhere"), "file"), false);
});
