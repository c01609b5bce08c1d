/** Odd environment variables: the program works, or says what to do. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { resolveCacheDir, userCacheHome } from "../../src/fs/cache_dir.ts";
import { blocksmith, workshop } from "../helpers/cli.ts";

/** Where this Deno has its packages, whatever the home. */
const DENO_DIR = Deno.env.get("DENO_DIR") ??
  join(userCacheHome() ?? "/", "deno");

Deno.test("odd environment variables end no command with a fault", async () => {
  using shop = workshop();
  const odd: Record<string, string>[] = [
    { HOME: "" },
    { HOME: "/" },
    { HOME: "/nonexistent", XDG_CACHE_HOME: "relative" },
    { COLUMNS: "abc", LINES: "-1", TERM: "", NO_COLOR: "" },
    { LANG: "C", LC_ALL: "nonsense", TZ: "Bogus/Zone" },
    { TMPDIR: "/nonexistent", XDG_RUNTIME_DIR: "", USER: "" },
    { HF_HOME: "", HF_TOKEN: "", HF_ENDPOINT: "", HF_HUB_OFFLINE: "maybe" },
    { VK_DRIVER_FILES: "", VK_ICD_FILENAMES: "", DENO_WEBGPU_BACKEND: "" },
  ];
  const data = [`data.files=[${shop.at("text")}]`, "data.tokenizer=byte"];
  const cache = `data.cache=${shop.at("cache")}`;
  for (const env of odd) {
    const command = env.HOME || env.TMPDIR || "VK_DRIVER_FILES" in env
      ? ["devices"]
      : ["prepare", ...data, cache, "model.context_length=16"];
    const { code, err } = await blocksmith(command, {
      cwd: shop.path,
      env: { DENO_DIR, ...env },
    });
    assertEquals(code, 0, `${JSON.stringify(env)}: ${err}`);
    // Nor does the driver complain.
    const unknown = err.split("\n").filter((line) => /fail|error/i.test(line));
    assertEquals(unknown, [], JSON.stringify(env));
  }
  const { code, err } = await blocksmith(
    ["prepare", ...data, "model.context_length=16"],
    { env: { DENO_DIR, HOME: "/proc", XDG_CACHE_HOME: "" } },
  );
  assertEquals(code, 1);
  assertMatch(
    err,
    /blocksmith: Cannot write .*; data\.cache=<folder> or XDG_CACHE_HOME names another\n$/,
  );
});

Deno.test("the cache is in XDG_CACHE_HOME, if absolute, or else in the home", () => {
  const names = ["HOME", "XDG_CACHE_HOME"] as const;
  const before = names.map((name) => Deno.env.get(name));
  const found = (home: string, xdg: string) => {
    Deno.env.set("HOME", home);
    Deno.env.set("XDG_CACHE_HOME", xdg);
    return userCacheHome();
  };
  try {
    assertEquals(found("/home/a", ""), join("/home/a", ".cache"));
    assertEquals(found("/home/a", "/x"), "/x");
    assertEquals(found("/home/a", "x"), join("/home/a", ".cache"));
    assertEquals(found("relative", "x"), null);
    assertEquals(resolveCacheDir({ data: { cache: "/c" } }), "/c");
  } finally {
    names.forEach((name, i) => {
      const value = before[i];
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    });
  }
});
