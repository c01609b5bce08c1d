import { assertEquals, assertThrows } from "@std/assert";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { UserError } from "../../src/errors.ts";
import {
  absolutePath,
  expandHome,
  shortPath,
  splitPaths,
} from "../../src/fs/user_path.ts";
import { tempDir } from "../helpers/files.ts";

const { username, homedir } = userInfo();

/** Runs `work` with HOME as given, undefined for unset. */
function withHome(home: string | undefined, work: () => void): void {
  const before = Deno.env.get("HOME");
  const set = (value: string | undefined) =>
    value === undefined ? Deno.env.delete("HOME") : Deno.env.set("HOME", value);
  set(home);
  try {
    work();
  } finally {
    set(before);
  }
}

Deno.test("expandHome() does what a shell does", () => {
  withHome("/home/me", () => {
    assertEquals(expandHome("~"), "/home/me");
    assertEquals(expandHome("~/"), "/home/me");
    assertEquals(expandHome("~/a b/[c]*"), "/home/me/a b/[c]*");
    assertEquals(expandHome("~//a"), "/home/me/a");
    for (const path of ["a", "/a/~", "./~", "a~/b", "", "-", "../~/x"]) {
      assertEquals(expandHome(path), path);
    }
    assertEquals(expandHome(`~${username}/a`), join(homedir, "a"));
  });
  withHome("/", () => assertEquals(expandHome("~/a"), "/a"));
  withHome(undefined, () => assertEquals(expandHome("~/a"), `${homedir}/a`));
  withHome("", () => assertEquals(expandHome("~"), homedir));
});

Deno.test("expandHome() refuses a user that there is not", () => {
  assertThrows(
    () => expandHome("~nobody-here/x"),
    UserError,
    "there is no user 'nobody-here' on this machine: write the folder out, or './~nobody-here/x' for a file of that name",
  );
});

Deno.test("absolutePath() starts a relative path at its base", () => {
  assertEquals(absolutePath("a/../b", "/c"), "/c/b");
  assertEquals(absolutePath("/a//b/", "/c"), "/a/b");
  assertEquals(absolutePath("a"), resolve("a"));
  withHome("/home/me", () => assertEquals(absolutePath("~", "/c"), "/home/me"));
  // A HOME that is relative starts at the working folder, as for any program.
  withHome("h", () => assertEquals(absolutePath("~/a"), resolve("h/a")));
});

Deno.test("shortPath() is relative below the working folder only", () => {
  const here = Deno.cwd();
  assertEquals(shortPath(join(here, "a", "b")), join("a", "b"));
  assertEquals(shortPath(join(here, "..a")), "..a");
  for (const path of ["a", "../a", here, join(here, ".."), "/", `${here}x`]) {
    assertEquals(shortPath(path), path);
  }
});

Deno.test("splitPaths() takes a name with a colon literally if it is there", () => {
  const there = (path: string) => ["a:b", ":"].includes(path);
  assertEquals(splitPaths("x:a:b:y", there), ["x", "a:b", "y"]);
  assertEquals(splitPaths("a:b", there), ["a:b"]);
  assertEquals(splitPaths("::x:", () => false), ["x"]);
  assertEquals(splitPaths("", there), []);
});

Deno.test("absolutePath() and shortPath() live without a working folder", () => {
  const before = Deno.cwd();
  const folder = tempDir();
  Deno.chdir(folder.path);
  folder[Symbol.dispose]();
  try {
    assertEquals(shortPath("/a/b"), "/a/b");
    assertEquals(absolutePath("/a"), "/a");
    assertThrows(
      () => absolutePath("a"),
      UserError,
      "Cannot work in the current folder as it must exist",
    );
  } finally {
    Deno.chdir(before);
  }
});

Deno.test({
  name: "absolutePath() tells a user without a home what to do",
  ignore: Deno.uid() !== 0,
  async fn() {
    using dir = tempDir();
    Deno.chmodSync(dir.path, 0o777);
    const module = new URL("../../src/fs/user_path.ts", import.meta.url).href;
    const { stdout, stderr } = await new Deno.Command("env", {
      args: [
        ..."-u HOME setpriv --reuid 54321 --clear-groups".split(" "),
        ...[Deno.execPath(), "eval", "--no-config"],
        `import { absolutePath } from "${module}";
        try { absolutePath("~/x"); } catch (e) { console.log(e.name, e.message); }`,
      ],
      env: { DENO_DIR: dir.path },
    }).output();
    assertEquals(
      new TextDecoder().decode(stdout),
      "UserError Cannot find the home folder as HOME is not set and the system does not know this user: set HOME to a folder that you may write to\n",
      new TextDecoder().decode(stderr),
    );
  },
});
