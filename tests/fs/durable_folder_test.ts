import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { writeDurably } from "../../src/fs/atomic_file.ts";
import {
  putInPlace,
  removeUnfinished,
  UNFINISHED,
  writeFolder,
} from "../../src/fs/durable_folder.ts";
import { namesIn } from "../helpers/data/sources.ts";
import { withTempDir } from "../helpers/files.ts";

Deno.test("writeFolder() shows a folder only when it is whole, and replaces an old one", () =>
  withTempDir(async (parent) => {
    const dir = join(parent, "x");
    await writeFolder(dir, async (unfinished) => {
      writeDurably(join(unfinished, "a"), "é1");
      assertEquals(namesIn(parent), ["x" + UNFINISHED]);
      await Promise.resolve();
    });
    assertEquals(namesIn(parent), ["x"]);
    await writeFolder(dir, (unfinished) => {
      assertEquals(Deno.readTextFileSync(join(dir, "a")), "é1");
      return Promise.resolve(writeDurably(join(unfinished, "b"), "2"));
    });
    assertEquals(namesIn(dir), ["b"]);
  }));

Deno.test("writeFolder() leaves the old folder and nothing else after an error", () =>
  withTempDir(async (parent) => {
    const dir = join(parent, "x");
    await writeFolder(
      dir,
      (unfinished) => Promise.resolve(writeDurably(join(unfinished, "a"), "1")),
    );
    await assertRejects(
      () => writeFolder(dir, () => Promise.reject(new Error("no more space"))),
      Error,
      "no more space",
    );
    assertEquals(namesIn(parent), ["x"]);
    assertEquals(namesIn(dir), ["a"]);
  }));

Deno.test("writeFolder() continues what was left, and keeps it after an error if asked to", () =>
  withTempDir(async (parent) => {
    const dir = join(parent, "x");
    const unfinished = dir + UNFINISHED;
    const fail = (name: string) => (folder: string) => {
      writeDurably(join(folder, name), "");
      return Promise.reject(new Error("no more space"));
    };
    const options = { resume: true, keep: () => true };
    for (const name of ["a", "b"]) {
      await assertRejects(() => writeFolder(dir, fail(name), options), Error);
    }
    assertEquals([namesIn(parent), namesIn(unfinished)], [
      ["x" + UNFINISHED],
      ["a", "b"],
    ]);
    await writeFolder(dir, () => Promise.resolve(), { resume: true });
    assertEquals([namesIn(parent), namesIn(dir)], [["x"], ["a", "b"]]);
    await assertRejects(() => writeFolder(dir, fail("c"), options), Error);
    await writeFolder(dir, (folder) => {
      assertEquals(namesIn(folder), []);
      return Promise.resolve();
    });
  }));

Deno.test("removeUnfinished() removes what nobody has continued for long", () =>
  withTempDir(async (parent) => {
    for (const name of ["x", "old", "new", "resumed"]) {
      const dir = join(parent, name === "x" ? name : name + UNFINISHED);
      await Deno.mkdir(dir);
      await Deno.writeTextFile(join(dir, "half"), "");
      const then = new Date(Date.now() - 31 * 86_400_000);
      if (name === "new") continue;
      if (name !== "resumed") await Deno.utime(join(dir, "half"), then, then);
      await Deno.utime(dir, then, then);
    }
    removeUnfinished(parent, 30);
    assertEquals(namesIn(parent), [
      "new" + UNFINISHED,
      "resumed" + UNFINISHED,
      "x",
    ]);
  }));

Deno.test("writeFolder() keeps the old folder when the new one cannot take its name", () =>
  withTempDir(async (parent) => {
    const dir = join(parent, "x");
    const fill = (unfinished: string) =>
      Promise.resolve(writeDurably(join(unfinished, "a"), "1"));
    await writeFolder(dir, fill);
    await assertRejects(() =>
      writeFolder(dir, async (unfinished) => await Deno.remove(unfinished))
    );
    assertEquals([namesIn(parent), namesIn(dir)], [["x"], ["a"]]);
    // A folder that a killed writer had moved aside does not stop the next one.
    await Deno.mkdir(join(parent, "x.old" + UNFINISHED));
    await Deno.writeTextFile(join(parent, "x.old" + UNFINISHED, "b"), "2");
    await writeFolder(dir, fill);
    assertEquals([namesIn(parent), namesIn(dir)], [["x"], ["a"]]);
  }));

Deno.test("putInPlace() puts the old folder back when the new one cannot be renamed", () =>
  withTempDir(async (parent) => {
    const at = (name: string) => join(parent, name);
    await Deno.mkdir(at("x"));
    assertThrows(() => putInPlace(at("none"), at("x"), at("aside")));
    assertEquals(namesIn(parent), ["x"]);
    await Deno.mkdir(at("new"));
    putInPlace(at("new"), at("x"), at("aside"));
    assertEquals(namesIn(parent), ["aside", "x"]);
  }));
