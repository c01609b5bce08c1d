/**
 * The bundle from which both kinds of executable are built, and how a build
 * reports errors.
 * @module
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ASSET_FOLDERS, assetPaths, assetText } from "../src/assets/assets.ts";
import { UserError } from "../src/errors.ts";
import { fileError } from "../src/fs/file_error.ts";
import { VERSION } from "../src/version.ts";

/** Root folder of the checkout. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(
  /\/$/,
  "",
);

/** Folder for build results. */
export const DIST = `${ROOT}/dist`;

/** The result of a run of Deno; `stderr` is without colours. */
export interface DenoRun {
  success: boolean;
  stderr: string;
}

/** Runs this Deno in the checkout and captures its error output. */
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
 * Writes an entry module that first registers the packed text files and then
 * starts the program. Modules are evaluated in the order of their imports, so
 * the table exists before any module reads a file.
 *
 * @returns the path of the entry module
 */
async function packedEntry(): Promise<string> {
  const folder = `${DIST}/entry`;
  await Deno.mkdir(folder, { recursive: true });
  const paths = ASSET_FOLDERS.flatMap((folder) => assetPaths(folder)).sort();
  const files = Object.fromEntries(paths.map((p) => [p, assetText(p)]));
  const modules = {
    packed: `import { usePacked } from "../../src/assets/assets.ts";
usePacked(${JSON.stringify(files)});
`,
    main: `import "./packed.ts";
import { start } from "../../main.ts";
await start();
`,
  };
  for (const [name, text] of Object.entries(modules)) {
    // Renamed into place, as another process may bundle at the same time.
    const draft = `${folder}/${name}.${crypto.randomUUID()}`;
    await Deno.writeTextFile(draft, text);
    await Deno.rename(draft, `${folder}/${name}.ts`);
  }
  return `${folder}/main.ts`;
}

/**
 * Bundles the program with its kernels, configs and packages into one
 * self-contained file.
 *
 * @returns the path of the bundle
 * @throws {UserError} if bundling fails
 */
export async function bundle(
  out = `${DIST}/blocksmith.js`,
): Promise<string> {
  await Deno.mkdir(out.replace(/[^/]*$/, ""), { recursive: true });
  const entry = await packedEntry();
  const run = await runDeno(["bundle", "--quiet", "-o", out, entry]);
  if (!run.success) {
    throw new UserError(
      `Cannot bundle main.ts: ${errorReason(run.stderr)}`,
    );
  }
  await Deno.writeTextFile(out, withoutCache(await Deno.readTextFile(out)));
  return out;
}

/**
 * Starts an executable from an empty folder, with an empty home: it must say
 * its version, read the configs that it carries, and tokenize in a thread.
 *
 * @param path of the executable; removed if it does not work
 * @throws {UserError} if it does not do this
 */
export async function tryExecutable(path: string): Promise<void> {
  const folder = `${DIST}/trial.${crypto.randomUUID()}`;
  await Deno.mkdir(folder, { recursive: true });
  const start = async (...args: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command(path, {
      args,
      cwd: folder,
      env: { HOME: folder, XDG_CACHE_HOME: folder, NO_COLOR: "1" },
      stdin: "null",
      signal: AbortSignal.timeout(120_000),
    }).output();
    const [out, err] = [stdout, stderr].map((b) => new TextDecoder().decode(b));
    if (!success) throw new Error(errorReason(err || out));
    return out.trim();
  };
  try {
    for (let i = 0; i < 4; i++) {
      await Deno.writeTextFile(
        `${folder}/${i}.txt`,
        `document ${i} `.repeat(9),
      );
    }
    const version = await start("--version");
    if (version !== VERSION) {
      throw new Error(`it says '${version.split("\n")[0]}', not '${VERSION}'`);
    }
    const keys = ["model.context_length=8", "model.n_positions=8"];
    const data = `data.files=[0.txt,1.txt,2.txt,3.txt]`;
    await start(
      "prepare",
      data,
      "data.tokenizer=byte",
      "data.cache=c",
      ...keys,
    );
    await start("plan", ...keys);
  } catch (error) {
    await Deno.remove(path).catch(() => {});
    const { message } = error as Error;
    throw new UserError(
      `Cannot use the executable as it does not work: ${message}`,
      { cause: error },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * A bundle whose modules are named independently of where packages are cached:
 * equal sources give equal bytes on every machine. The bundler names a
 * package's modules by their path, relative to the checkout.
 */
export function withoutCache(text: string): string {
  return text.replaceAll(
    /(?<=\/\/ |")(?:\.\.|\.deno)\/[^\n"]*?\/npm\/[^\s"/]+\//g,
    "npm/",
  );
}

/** The line of Deno's error output that states the reason. */
export function errorReason(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim()).filter(Boolean);
  const named = lines.find((line) => /^error:/i.test(line)) ??
    lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
  return named?.replace(/^error:\s*/i, "") ?? "Deno gave no reason";
}

/**
 * Runs a build and prints the path and size of its result; an error of the user
 * or the file system becomes one line and exit code 1.
 */
export async function runBuild(build: () => Promise<string>): Promise<void> {
  try {
    const path = await build();
    const { size } = await Deno.stat(path);
    console.log(
      `${relative(Deno.cwd(), path)} (${(size / 1e6).toFixed(1)} MB)`,
    );
  } catch (error) {
    const told = fileError("build in", DIST, error);
    if (!(told instanceof UserError)) throw error;
    console.error(told.message);
    Deno.exit(1);
  }
}
