import { assertEquals } from "@std/assert";
import { glob } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import {
  newWalk,
  type Walk,
  walkFolder,
  walkGlob,
} from "../../../../src/data/sources/walk/walk.ts";
import { tempDir } from "../../../helpers/files.ts";

/** Writes empty files, and links (`name -> target`), below a folder. */
function plant(root: string, ...entries: string[]): void {
  for (const entry of entries) {
    const [name, target] = entry.split(" -> ");
    const path = join(root, name);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    if (target) Deno.symlinkSync(target, path);
    else Deno.writeTextFileSync(path, name);
  }
}

/** What a search found, with paths from the root. */
function foundBelow(root: string, { files, unopened }: Walk) {
  return {
    files: [...files.keys()].map((path) => relative(root, path)).sort(),
    unopened: Object.fromEntries(
      [...unopened.values()].map(({ path, reason }) => [
        relative(root, path),
        reason,
      ]).sort(),
    ),
  };
}

async function globbed(root: string, pattern: string) {
  const walk = newWalk();
  await walkGlob(pattern, root, walk);
  return foundBelow(root, walk);
}

Deno.test("walkGlob() finds the files that node:fs finds", async () => {
  using root = tempDir();
  plant(
    root.path,
    ...["a.txt", "b.md", "c[1].txt", "d{x,y}.txt", "é.txt", ".hidden.txt"],
    ...["one/a.txt", "one/two/b.txt", "one/two/three/c.md", "one/.h/d.txt"],
    ...["two/one/a.txt", "two/one/two/d.txt", "three/a1.txt", "three/a2.txt"],
    ...["file.txt -> a.txt", "folder -> one", "one/back -> .."],
    ...["two/three -> ../three", "deep/a/a/a/a.txt", "deep/a/b/a/b.txt"],
  );
  const patterns = `* ** **/* *.txt **/*.txt */*.txt */*/*.txt one/** one/**/b*
    folder/* folder/**/*.txt fol*/* **/folder/* **/one/*.txt **/one/**
    **/two/** two/three/* two/*/* **/three/*.txt **/**/c.md one/*/three/*
    {one,two}/*.txt {one,folder}/*.txt {one,two/one}/*.txt o{ne,}/a.txt
    three/a{1,2}.txt three/a{1..2}.txt three/a[!2].txt three/a?.txt {a,b}.*
    .* .*/* **/.*/* one/.h/* one/**/.h/* ./one/* one//* one/./*.txt one/*/
    one/../*.txt one/two/../*.txt two/../one/** one/*/../*.txt nowhere/**
    a.txt/* deep/**/a/** deep/**/a/**/a.txt deep/**/a/*.txt **/a/**/b.txt
    d\\{x,y\\}.txt *{t,d} +(a|b).* !(a).txt é.* **.txt one\\*.txt
    **/{a,b}.txt {**/two,three}/*.txt one/back/*.md **/back/*.md`;
  for (const pattern of patterns.split(/\s+/)) {
    for (const whole of [pattern, join(root.path, "/") + pattern]) {
      const expected = new Set<string>();
      for await (const entry of glob(whole, { cwd: root.path })) {
        const path = isAbsolute(entry) ? entry : join(root.path, entry);
        if (Deno.statSync(path).isFile) {
          expected.add(relative(root.path, path));
        }
      }
      assertEquals(await globbed(root.path, whole), {
        files: [...expected].sort(),
        unopened: {},
      }, whole);
    }
  }
});

Deno.test({
  name: "a walk tells what it cannot open, alike for a folder and for globs",
  ignore: Deno.build.os === "windows", // links need rights there
  fn: async () => {
    using root = tempDir();
    plant(
      root.path,
      ...["a.txt", "in/b.txt", "in/gone.txt -> ../../blobs/7"],
      ...["in/loop.txt -> loop.txt", "in/.gone.txt -> nothing"],
      "folder -> in",
    );
    using _socket = Deno.listen({
      transport: "unix",
      path: join(root.path, "in/s.txt"),
    });
    const files = ["a.txt", "in/b.txt"];
    const unopened = {
      "in/gone.txt": "it is a link to nothing",
      "in/loop.txt": "it is a loop of links",
      "in/s.txt": "it is a socket",
    };
    const walk = newWalk();
    await walkFolder(root.path, walk);
    assertEquals(foundBelow(root.path, walk), { files, unopened });
    assertEquals([walk.hidden, walk.folderLinks], [1, 1]);
    for (const glob of ["**", "**/*.txt", "{*,in/*}.txt", "**/**/*t"]) {
      const found = await globbed(root.path, glob);
      assertEquals(found.unopened, unopened, glob);
    }
    // What a glob does not ask for is not told.
    assertEquals(await globbed(root.path, "**/?.txt"), {
      files,
      unopened: { "in/s.txt": "it is a socket" },
    });
    assertEquals((await globbed(root.path, "*/b*")).unopened, {});
    // A folder of the glob's own words that is a link to nothing.
    plant(root.path, "disk -> /nowhere/mounted");
    assertEquals((await globbed(root.path, "disk/**/*.txt")).unopened, {
      disk: "it is a link to nothing",
    });
  },
});

Deno.test({
  name: "a glob tells of links that it would enter if they were folders",
  ignore: Deno.build.os === "windows", // links need rights there
  fn: async () => {
    using root = tempDir();
    plant(
      root.path,
      ...["in/a.txt", "shard -> /etc", "gone -> nothing", "note -> in/a.txt"],
    );
    const count = async (glob: string) => {
      const walk = newWalk();
      await walkGlob(glob, root.path, walk);
      return walk.folderLinks;
    };
    for (const glob of ["*/*.txt", "**/*.txt", "*/**/*.txt"]) {
      assertEquals(await count(glob), 2, glob);
    }
    assertEquals(await count("i*/*.txt"), 0);
    assertEquals(await count("s*/*.txt"), 1);
  },
});

Deno.test({
  name: "a glob reports a folder whose name is not UTF-8 on its way",
  ignore: Deno.build.os !== "linux", // names are UTF-8 there, or UTF-16
  fn: async () => {
    using root = tempDir();
    plant(root.path, "a/z/1.txt");
    const script = `mkdir -p "$(printf 'b\\351')/z"`;
    const { success } = await new Deno.Command("sh", {
      args: ["-c", script],
      cwd: root.path,
    }).output();
    assertEquals(success, true);
    for (const glob of ["*/z/*.txt", "*/z/1.txt", "**/z/*.txt"]) {
      assertEquals(await globbed(root.path, glob), {
        files: ["a/z/1.txt"],
        unopened: { "b\ufffd": "its name is not UTF-8: rename it" },
      }, glob);
    }
    // Names that a glob does not lead to are not looked at.
    assertEquals((await globbed(root.path, "a/z/*.txt")).unopened, {});
  },
});
