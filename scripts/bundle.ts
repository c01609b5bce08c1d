/**
 * What both ways of building the one executable share: the bundle, and how a
 * fault is told.
 * @module
 */
import { relative } from "node:path";
import { ASSET_FOLDERS, assetPaths, assetText } from "../src/assets/assets.ts";
import { UserError } from "../src/errors.ts";

/** The checkout. */
export const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** Where what is built goes. */
export const DIST = `${ROOT}/dist`;

/** How a run of Deno ended; `stderr` without colours. */
export interface DenoRun {
  success: boolean;
  stderr: string;
}

/** Runs this very Deno in the checkout and keeps what it says for the caller. */
export async function runDeno(args: string[]): Promise<DenoRun> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}

/**
 * Writes an entry that first hands the packed text files over and then is the
 * program. Modules are evaluated in the order of their imports, so the table is
 * there before any module asks for a file.
 *
 * @returns the path of the entry
 */
async function packedEntry(program: string): Promise<string> {
  const folder = `${DIST}/entry`;
  await Deno.mkdir(folder, { recursive: true });
  const paths = ASSET_FOLDERS.flatMap((folder) => assetPaths(folder)).sort();
  const files = Object.fromEntries(paths.map((p) => [p, assetText(p)]));
  const modules = {
    packed: `import { usePacked } from "../../src/assets/assets.ts";
usePacked(${JSON.stringify(files)});
`,
    main: `import "./packed.ts";
import { start } from ${JSON.stringify(relative(folder, program))};
await start();
`,
  };
  for (const [name, text] of Object.entries(modules)) {
    // Renamed into place, as tests may bundle at the same time.
    const draft = `${folder}/${name}.${Deno.pid}`;
    await Deno.writeTextFile(draft, text);
    await Deno.rename(draft, `${folder}/${name}.ts`);
  }
  return `${folder}/main.ts`;
}

/**
 * Bundles a program with its kernels, configs and packages into one file that
 * needs nothing beside it.
 *
 * @param program a module that exports `start`; the checkout's `main.ts` by default
 * @returns the path of the bundle
 * @throws {UserError} if it does not bundle
 */
export async function bundle(
  out = `${DIST}/blocksmith.js`,
  program = `${ROOT}/main.ts`,
): Promise<string> {
  await Deno.mkdir(out.replace(/[^/]*$/, ""), { recursive: true });
  const entry = await packedEntry(program);
  const run = await runDeno(["bundle", "--quiet", "-o", out, entry]);
  if (!run.success) {
    throw new UserError(
      `Cannot bundle ${relative(ROOT, program)}: ${errorReason(run.stderr)}`,
    );
  }
  // The bundler names a package's modules by the way to this machine's cache;
  // without it, equal sources give equal bytes everywhere.
  const text = await Deno.readTextFile(out);
  await Deno.writeTextFile(
    out,
    text.replaceAll(/(?:\.\.\/)+[^\s"]*?\/npm\/[^\s"/]+\//g, "npm/"),
  );
  return out;
}

/** The line of Deno's complaint that names the fault. */
export function errorReason(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim()).filter(Boolean);
  const named = lines.find((line) => /^error:/i.test(line)) ??
    lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
  return named?.replace(/^error:\s*/i, "") ?? "Deno gave no reason";
}

/** Runs a build and says what it made; a user's fault is one line and exit code 1. */
export async function runBuild(build: () => Promise<string>): Promise<void> {
  try {
    const path = await build();
    const { size } = await Deno.stat(path);
    console.log(
      `${relative(Deno.cwd(), path)} (${(size / 1e6).toFixed(1)} MB)`,
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
