import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { findSources, type SourceFile } from "../../../src/data/sources/mod.ts";
import { UserError } from "../../../src/errors.ts";

/** Runs `work` in a folder with some files, then removes it. */
async function withFiles(
  work: (
    root: string,
    find: (...patterns: string[]) => Promise<string[]>,
  ) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (
      const name of [
        "b.txt",
        "a.txt",
        "sub/c.txt",
        "sub/deep/d.md",
        ".hidden/e.txt",
        "[f].txt",
      ]
    ) {
      await Deno.mkdir(join(root, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, name), name);
    }
    await work(
      root,
      async (...patterns) =>
        (await findSources(patterns, { root })).files.map(({ name }) => name),
    );
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("findSources() takes paths, folders and globs, sorted, each file once", () =>
  withFiles(async (root, find) => {
    assertEquals(await find("b.txt", "a.txt", "./b.txt", join(root, "a.txt")), [
      "a.txt",
      "b.txt",
    ]);
    assertEquals(await find("sub"), ["sub/c.txt", "sub/deep/d.md"]);
    assertEquals(await find("."), [
      "[f].txt",
      "a.txt",
      "b.txt",
      "sub/c.txt",
      "sub/deep/d.md",
    ]);
    assertEquals(await find("*.txt"), ["[f].txt", "a.txt", "b.txt"]);
    assertEquals(await find("**/*.{txt,md}", "sub/**"), await find("."));
    assertEquals(await find("[f].txt"), ["[f].txt"]);
    assertEquals(await find(".hidden"), [".hidden/e.txt"]);
  }));

Deno.test({
  name:
    "findSources() takes a linked file once and leaves out links to folders",
  ignore: Deno.build.os === "windows", // links need rights there
  fn: () =>
    withFiles(async (root, find) => {
      await Deno.symlink("b.txt", join(root, "link.txt"));
      await Deno.symlink(".", join(root, "sub", "loop"));
      assertEquals(await find("*.txt", "sub"), [
        "[f].txt",
        "a.txt",
        "b.txt",
        "sub/c.txt",
        "sub/deep/d.md",
      ]);
      assertEquals(await find("link.txt"), ["link.txt"]);
    }),
});

Deno.test("findSources() names a file outside the root by its whole path", () =>
  withFiles(async (root) => {
    const { files: [document] } = await findSources(["../a.txt"], {
      root: join(root, "sub"),
    });
    assertEquals(document.name, join(root, "a.txt").replaceAll("\\", "/"));
    assertEquals(document.bytes, 5);
  }));

Deno.test("findSources() takes folders that exist literally, before a pattern too", () =>
  withFiles(async (root, find) => {
    for (const folder of ["a[1]", "a1", "{x}.json"]) {
      await Deno.mkdir(join(root, folder, "deep"), { recursive: true });
      await Deno.writeTextFile(join(root, folder, "deep", "x.json"), folder);
    }
    assertEquals(await find("a[1]/**/*.json"), ["a[1]/deep/x.json"]);
    assertEquals(await find(`${root}/a[1]/deep/?.json`), ["a[1]/deep/x.json"]);
    assertEquals(await find("a[12]/deep/*"), ["a1/deep/x.json"]);
    // The folder's name does not say that the files hold records.
    const { files: [inside] } = await findSources(["{x}.json/deep/*"], {
      root,
    });
    assertEquals([inside.name, inside.format], [
      "{x}.json/deep/x.json",
      "text",
    ]);
  }));

Deno.test("findSources() sorts by path, so that the root decides nothing", () =>
  withFiles(async (root) => {
    await Deno.writeTextFile(join(root, "z.txt"), "z");
    const patterns = ["z.txt", "b.txt", "sub"].map((name) => join(root, name));
    const from = async (folder: string, byName = false) =>
      (await findSources(patterns, { root: folder, byName })).files
        .map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
    for (const folder of ["/", root, join(root, "sub")]) {
      assertEquals(await from(folder), ["b.txt", "c.txt", "d.md", "z.txt"]);
    }
    // As in version 0.1.0: what lies outside the root comes first.
    assertEquals(await from(join(root, "sub"), true), [
      "b.txt",
      "z.txt",
      "c.txt",
      "d.md",
    ]);
  }));

Deno.test("findSources() names the pattern that finds nothing", () =>
  withFiles(async (root, find) => {
    await Deno.mkdir(join(root, "empty"));
    for (const pattern of ["*.rs", "no.txt", "empty", "nowhere/**"]) {
      await assertRejects(
        () => find("a.txt", pattern),
        UserError,
        `'data.files' finds no file: got '${pattern}'`,
      );
    }
    await assertRejects(() => find(), UserError, "'data.files' is empty");
    for (const slip of ["hf:/datasets/a/b", "datasets/a/b"]) {
      await assertRejects(
        () => find(slip),
        UserError,
        `got '${slip}'; a Hub dataset is written hf://datasets/<owner>/<name>`,
      );
    }
    await assertRejects(
      () => findSources(["x"], { root, key: "data.valid_files" }),
      UserError,
      "'data.valid_files' finds no file",
    );
  }));

Deno.test("findSources() says how each file is to be read", () =>
  withFiles(async (root) => {
    for (const name of ["c.jsonl.gz", "d.parquet"]) {
      await Deno.writeTextFile(join(root, name), name);
    }
    const { files: found } = await findSources([
      "*.jsonl.gz",
      "*.parquet",
      "a.txt",
    ], {
      root,
      fields: ["content", "meta.body", "none"],
    });
    assertEquals(
      found,
      [
        ["a.txt", 5, "text", "none", "none"],
        ["c.jsonl.gz", 10, "jsonl", "gzip", "content"],
        ["d.parquet", 9, "parquet", "none", "meta.body"],
      ].map(([name, bytes, format, compression, field]) => ({
        name,
        path: Deno.realPathSync(join(root, name as string)),
        bytes,
        format,
        compression,
        field,
        ...name === "a.txt" && { named: true },
      })) as SourceFile[],
    );
    const { files: forced } = await findSources(["c.jsonl.gz", "a.txt"], {
      root,
      format: "jsonl",
      fields: "body",
    });
    assertEquals(
      forced.map(({ format, compression, field }) => [
        format,
        compression,
        field,
      ]),
      [["jsonl", "none", "body"], ["jsonl", "gzip", "body"]],
    );
  }));

Deno.test({
  name: "findSources() stops at what it cannot open, or returns it",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFiles(async (root, find) => {
      await Deno.symlink("nowhere", join(root, "sub", "gone.txt"));
      await Deno.symlink("y.txt", join(root, "sub", "x.txt"));
      const leaveOut = "; --skip-bad (data.skip_bad=true) leaves it out and " +
        "counts it";
      for (const pattern of ["sub", "**/*.txt"]) {
        await assertRejects(
          () => find(pattern),
          UserError,
          "Cannot read 'sub/gone.txt': it is a link to nothing (and 1 other " +
            `in '${pattern}')${leaveOut}`,
        );
        const { files, unopened } = await findSources(["a.txt", pattern], {
          root,
          skipBad: true,
        });
        assertEquals(files.some(({ name }) => name === "sub/c.txt"), true);
        assertEquals(unopened, [
          { name: "sub/gone.txt", reason: "it is a link to nothing" },
          { name: "sub/x.txt", reason: "it is a link to nothing" },
        ]);
      }
      // A name that is not there is an error of writing, whatever is skipped.
      const skipBad = () =>
        findSources(["sub/g*", "no.txt"], { root, skipBad: true });
      await assertRejects(
        skipBad,
        UserError,
        "finds no file: got 'sub/g*', which leaves out 1 that cannot be " +
          "opened ('sub/gone.txt': it is a link to nothing)",
      );
      await Deno.mkdir(join(root, "no"));
      await Deno.symlink("../sub", join(root, "no", "link"));
      await Deno.symlink("../sub", join(root, "no", ".link"));
      await assertRejects(
        () => find("no"),
        UserError,
        "got 'no', which leaves out 1 hidden entry, " +
          "1 link to a folder or to nothing",
      );
    }),
});

Deno.test("findSources() marks files that are named by themselves", () =>
  withFiles(async (root) => {
    const named = async (...patterns: string[]) =>
      (await findSources(patterns, { root })).files
        .filter((file) => file.named).map(({ name }) => name);
    assertEquals(await named("sub", "*.txt", "a.{txt,md}"), []);
    assertEquals(await named("[f].txt", "a.txt", "**"), ["[f].txt", "a.txt"]);
    assertEquals(await named(".", "./sub/../b.txt"), ["b.txt"]);
  }));

Deno.test({
  name: "findSources() refuses what is neither file nor folder",
  ignore: Deno.build.os === "windows",
  fn: () =>
    assertRejects(
      () => findSources(["/dev/null"]),
      UserError,
      "not a file or folder",
    ).then(() => {}),
});
