/**
 * `deno task compile`: one executable made by `deno compile`, with everything
 * inside. Its base executable comes from Deno's download site, or from the path
 * in `DENORT_BIN`.
 * @module
 */
import { UserError } from "../src/errors.ts";
import {
  bundle,
  DIST,
  errorReason,
  runBuild,
  runDeno,
  tryExecutable,
} from "./bundle.ts";

/**
 * Compiles the bundle of `main.ts` to `dist/blocksmith`, and starts the result
 * before it takes this name; compiling `main.ts` itself would add 20 MB of
 * unused package files.
 *
 * @returns the path of the executable
 * @throws {UserError} if there is no base executable, bundling fails, or the
 * result does not work
 */
export async function compile(): Promise<string> {
  const base = Deno.env.get("DENORT_BIN");
  if (base && !await isFile(base)) {
    throw new UserError(
      `Cannot compile as 'DENORT_BIN' must name Deno's base executable (denort) ${Deno.version.deno}: got ${base}`,
    );
  }
  // Deno refuses to overwrite files it did not compile: write a draft and
  // rename.
  const path = `${DIST}/blocksmith`, draft = `${path}.${Deno.pid}`;
  const run = await runDeno([
    "compile",
    "-A",
    "--no-check",
    "--no-config",
    "--no-lock",
    "-o",
    draft,
    await bundle(),
  ]);
  if (!run.success) throw new UserError(explain(run.stderr, base));
  await tryExecutable(draft);
  await Deno.rename(draft, path);
  return path;
}

/**
 * The error of `deno compile` as one line, with advice if the base executable
 * is missing.
 *
 * @param base path of the base executable, if one was given
 */
export function explain(stderr: string, base?: string): string {
  if (base) {
    // The last of the causes, which are numbered, is the nearest one.
    const [causes] = stderr.split("Stack backtrace");
    const cause = [...causes.matchAll(/^ +\d+: (.*)$/gm)].at(-1)?.[1];
    const reason = cause ?? errorReason(stderr);
    return `Cannot compile with the base executable '${base}' of DENORT_BIN: ${reason}`;
  }
  if (/base binary|denort/i.test(stderr.replace(/^Download .*$/gm, ""))) {
    return `Cannot compile as Deno's base executable (denort) cannot be downloaded: set DENORT_BIN to the one of Deno ${Deno.version.deno}, or run 'deno task compile:offline'`;
  }
  return `Cannot compile: ${errorReason(stderr)}`;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

if (import.meta.main) await runBuild(compile);
