/**
 * The self-extracting executable: the result of `pack()` unpacks and starts in
 * any environment. A shell script replaces Deno, so that it takes no time; CI
 * checks the real executable.
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  errorReason,
  tryExecutable,
  withoutCache,
} from "../../scripts/bundle.ts";
import { explain } from "../../scripts/compile.ts";
import { pack } from "../../scripts/compile_offline.ts";
import { UserError } from "../../src/errors.ts";
import { VERSION } from "../../src/version.ts";

const ignore = Deno.build.os === "windows";

/**
 * In place of Deno: counts the `--version` calls and prints what it is to run.
 */
const DENO = `#!/bin/sh
if [ "$1" = --version ]; then echo call >>"$CALLS"; exit; fi
for a in "$@"; do printf '%s\\n' "$a"; done
while [ "$1" != -- ] && [ ! -f "$1" ]; do shift; done
cat "$1"
`;

interface Packed {
  /** A temporary folder of the test. */
  top: string;
  /** The executable. */
  file: string;
  /** Starts it with only the given environment. */
  run(
    args: string[],
    env?: Record<string, string>,
    file?: string,
  ): Promise<{ code: number; out: string; err: string }>;
  /** Number of times something was unpacked. */
  unpacked(): Promise<number>;
}

/** Packs the stand-in and runs `body` with it. */
async function withPacked(body: (packed: Packed) => Promise<void>) {
  const top = await Deno.realPath(await Deno.makeTempDir());
  const calls = `${top}/calls`, file = `${top}/one file`;
  try {
    await Deno.writeTextFile(`${top}/app.js`, "the app\n");
    await Deno.writeTextFile(`${top}/deno`, DENO);
    await pack(`${top}/app.js`, `${top}/deno`, file);
    await body({
      top,
      file,
      async run(args, env = { HOME: `${top}/home` }, path = file) {
        const { code, stdout, stderr } = await new Deno.Command(path, {
          args,
          cwd: top,
          clearEnv: true,
          env: { PATH: "/usr/bin:/bin", TMPDIR: top, CALLS: calls, ...env },
          signal: AbortSignal.timeout(20_000),
        }).output();
        const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        return { code, out: text(stdout), err: text(stderr) };
      },
      async unpacked() {
        const text = await Deno.readTextFile(calls).catch(() => "");
        return text.split("\n").length - 1;
      },
    });
  } finally {
    await Deno.remove(top, { recursive: true });
  }
}

const test = (name: string, body: (packed: Packed) => Promise<void>) =>
  Deno.test({ name: `pack() ${name}`, ignore, fn: () => withPacked(body) });

/** Names of temporary files that unpacking must not leave below a folder. */
async function drafts(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.startsWith("new.")) found.push(entry.name);
    if (entry.isDirectory) {
      found.push(...await drafts(`${folder}/${entry.name}`));
    }
  }
  return found;
}

test("unpacks once, starts at once after, and hands arguments on as they are", async ({ run, top, unpacked }) => {
  for (let start = 0; start < 2; start++) {
    const { code, out, err } = await run(["train", "a b", "it's", '"$x"', ""]);
    assertEquals([code, err], [0, ""]);
    const lines = out.split("\n");
    assertEquals(lines.slice(0, 6), [
      "run",
      "-A",
      "--no-config",
      "--no-lock",
      "--no-remote",
      "--no-npm",
    ]);
    assertStringIncludes(lines[6], `${top}/home/.cache/blocksmith/`);
    assertEquals(lines.slice(7), [
      "train",
      "a b",
      "it's",
      '"$x"',
      "",
      "the app",
      "",
    ]);
  }
  assertEquals(await unpacked(), 1);
  assertEquals(await drafts(top), []);
});

test("gives equal bytes for equal inputs, other bytes for others", async ({ file, top }) => {
  const again = await pack(`${top}/app.js`, `${top}/deno`, `${top}/again`);
  const bytes = await Deno.readFile(file);
  assertEquals(await Deno.readFile(again), bytes);
  assert((await Deno.stat(again)).mode! & 0o111);
  await Deno.writeTextFile(`${top}/app.js`, "another app\n");
  await pack(`${top}/app.js`, `${top}/deno`, again);
  assert((await Deno.readFile(again)).length !== bytes.length);
});

test("takes XDG_CACHE_HOME, then HOME, then a new folder in TMPDIR", async ({ run, top }) => {
  const where = async (env: Record<string, string>) =>
    (await run([], env)).out.split("\n")[6].slice(top.length);
  const both = { XDG_CACHE_HOME: `${top}/xdg`, HOME: `${top}/home` };
  assertStringIncludes(await where(both), "/xdg/blocksmith/");
  assertStringIncludes(await where({}), `/blocksmith-${Deno.uid()}/`);
  // A file in its place acts as a folder that even root cannot write to.
  await Deno.writeTextFile(`${top}/file`, "");
  assertStringIncludes(
    await where({ ...both, XDG_CACHE_HOME: `${top}/file` }),
    "/home/.cache/blocksmith/",
  );
  const none = await run([], { HOME: `${top}/file`, TMPDIR: `${top}/file` });
  assertEquals([none.code, none.out], [1, ""]);
  assert(none.err.startsWith("blocksmith: Cannot unpack as no cache folder"));
});

test("is whole for two first starts at once", async ({ run, top }) => {
  const runs = await Promise.all([1, 2, 3, 4].map((n) => run([`${n}`])));
  for (const [i, { code, out, err }] of runs.entries()) {
    assertEquals([code, err], [0, ""]);
    assert(out.endsWith(`\n${i + 1}\nthe app\n`));
  }
  assertEquals(await drafts(top), []);
});

test("is refused where its end is missing or the machine is another", async ({ run, file, top }) => {
  const bytes = await Deno.readFile(file);
  await Deno.writeFile(`${top}/torn`, bytes.subarray(0, -40), { mode: 0o755 });
  const torn = await run([], undefined, `${top}/torn`);
  assertEquals(torn.code, 1);
  assertStringIncludes(torn.err, "as its end is missing");
  const text = new TextDecoder("latin1").decode(bytes)
    .replace(`/${Deno.build.arch}'`, "/pdp11'");
  await Deno.writeFile(
    `${top}/foreign`,
    Uint8Array.from(text, (char) => char.charCodeAt(0)),
    { mode: 0o755 },
  );
  const foreign = await run([], undefined, `${top}/foreign`);
  assertEquals(foreign.code, 1);
  assertStringIncludes(foreign.err, "Cannot run here as this file is for");
});

Deno.test("explain() distinguishes a missing base executable from other errors", () => {
  const offline = explain(
    "Download https://example.test/release/v2.9.6/denort.zip\n" +
      "error: Writing deno compile executable to temporary file 'x'\n\nCaused by:\n    0: Setting up base binary.\n",
  );
  assertStringIncludes(offline, "set DENORT_BIN");
  assertStringIncludes(offline, "deno task compile:offline");
  assertEquals(
    explain("Download https://x/denort.zip\nerror: No space left on device\n"),
    "Cannot compile: No space left on device",
  );
  assertEquals(
    explain(
      "error: Writing it\n\nCaused by:\n    0: Writing binary bytes\n    1: Not an ELF file\n\nStack backtrace:\n   0: <unknown>\n",
      "/x",
    ),
    "Cannot compile with the base executable '/x' of DENORT_BIN: Not an ELF file",
  );
});

Deno.test({
  name: "tryExecutable() refuses and removes what is not the program",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "a b%20#ü" });
    const cases = [
      ["echo 9.9.9", "it says '9.9.9', not "],
      [`echo "error: no such thing" >&2; exit 3`, "no such thing"],
      [
        `[ "$1" = --version ] && echo ${VERSION} || { echo "error: no thread"; exit 1; }`,
        "no thread",
      ],
    ];
    try {
      for (const [body, reason] of cases) {
        const path = `${folder}/program`;
        await Deno.writeTextFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
        const error = await assertRejects(
          () => tryExecutable(path),
          UserError,
          `Cannot use the executable as it does not work: ${reason}`,
        );
        assertEquals(error.message.includes("\n"), false);
        assertEquals(Array.from(Deno.readDirSync(folder)), []);
      }
      // One that works stays.
      const path = `${folder}/program`;
      await Deno.writeTextFile(path, `#!/bin/sh\necho ${VERSION}\n`, {
        mode: 0o755,
      });
      await tryExecutable(path);
      assertEquals(Array.from(Deno.readDirSync(folder)).length, 1);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("withoutCache() names modules alike, wherever packages are cached", () => {
  for (
    const cache of [
      "../../.cache/deno",
      "../../a b%20#ü/deno",
      ".deno/2.9.6/cache",
    ]
  ) {
    const path = `${cache}/npm/registry.test/vega/1.0.0/a.js`;
    assertEquals(
      withoutCache(`// ${path}\n  "${path}"(exports) {`),
      '// npm/vega/1.0.0/a.js\n  "npm/vega/1.0.0/a.js"(exports) {',
    );
  }
  const other = '// src/a.ts\nconst x = "../npm/", y = a / b;\n';
  assertEquals(withoutCache(other), other);
});

Deno.test("errorReason() picks the line that names it", () => {
  assertEquals(
    errorReason('Download x\nerror: Module not found "y".\n    at z\n'),
    'Module not found "y".',
  );
  assertEquals(errorReason("just this"), "just this");
  assertEquals(errorReason(""), "Deno gave no reason");
});
