import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  isOwnCache,
  markCache,
  resolveCacheDir,
} from "../../src/fs/cache_dir.ts";
import { tempDir } from "../helpers/files.ts";

const TAG = "CACHEDIR.TAG";

Deno.test("markCache() marks a folder that it makes, and one with nothing else in it", () => {
  using dir = tempDir();
  const made = join(dir.path, "a", "b"), used = join(dir.path, "used");
  Deno.mkdirSync(join(used, "stores"), { recursive: true });
  for (const cache of [made, used]) {
    assertEquals(isOwnCache(cache), false);
    markCache(cache);
    markCache(cache);
    assertEquals(isOwnCache(cache), true);
    // The first 43 bytes are those of the specification.
    assertMatch(
      Deno.readTextFileSync(join(cache, TAG)),
      /^Signature: 8a477f597d28d172789f06886806bc55\n/,
    );
  }
  // Backups leave out a folder with the mark: never one with a user's files.
  Deno.writeTextFileSync(join(dir.path, "thesis.tex"), "");
  markCache(dir.path);
  assertEquals(isOwnCache(dir.path), false);
});

Deno.test("isOwnCache() takes no mark of others, no link and no pipe", () => {
  using dir = tempDir();
  const other = join(dir.path, "other"), own = join(dir.path, "own");
  markCache(own);
  Deno.mkdirSync(other);
  Deno.writeTextFileSync(
    join(other, TAG),
    "Signature: 8a477f597d28d172789f06886806bc55\n# Made by cargo.\n",
  );
  assertEquals(isOwnCache(other), false);
  markCache(other);
  assertEquals(isOwnCache(other), false);
  Deno.removeSync(join(other, TAG));
  Deno.symlinkSync(join(own, TAG), join(other, TAG));
  assertEquals(isOwnCache(other), false);
  Deno.removeSync(join(other, TAG));
  new Deno.Command("mkfifo", { args: [join(other, TAG)] }).outputSync();
  assertEquals(isOwnCache(other), false);
  Deno.removeSync(join(other, TAG));
  // As in an archive of a run and a folder that its config names.
  Deno.copyFileSync(join(own, TAG), join(other, TAG));
  assertEquals(isOwnCache(other), false);
  markCache(other);
  assertEquals(isOwnCache(other), true);
  assertEquals(isOwnCache(join(dir.path, "nowhere")), false);
  Deno.renameSync(own, `${own}-moved`);
  Deno.renameSync(`${own}-moved`, own);
  assertEquals(isOwnCache(own), true);
  // A user may reach a cache through a link.
  Deno.symlinkSync(own, join(dir.path, "link"));
  assertEquals(isOwnCache(join(dir.path, "link")), true);
  if (Deno.uid() === 0) {
    Deno.chownSync(join(own, TAG), 12345, 12345);
    assertEquals(isOwnCache(own), false);
  }
});

Deno.test("resolveCacheDir() expands '~' in XDG_CACHE_HOME", () => {
  const before = Deno.env.get("XDG_CACHE_HOME");
  Deno.env.set("XDG_CACHE_HOME", "~/c");
  try {
    const home = Deno.env.get("HOME")!;
    assertEquals(resolveCacheDir(), join(home, "c", "blocksmith"));
    const config = { data: { cache: "/mine" } };
    assertEquals(resolveCacheDir(config), "/mine");
  } finally {
    if (before === undefined) Deno.env.delete("XDG_CACHE_HOME");
    else Deno.env.set("XDG_CACHE_HOME", before);
  }
});
