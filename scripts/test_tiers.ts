/**
 * Which tests need what? Sorts the test files into three tiers and runs one:
 *
 * - `unit`: neither a device nor processes; in parallel, under 30 seconds.
 * - `device`: a GPU or the software driver, in this process.
 * - `slow`: starts processes (the program, a script, a browser), changes the
 *   environment or the current folder, or is in {@linkcode SLOW}.
 *
 * A file's tier follows from what it and its helpers in `tests/` use, so a new
 * file needs no entry anywhere. In the unit tier `tests/helpers/unit_only.ts`
 * refuses all of that: a file in it that needs more fails.
 *
 *     deno task test:unit [arguments of deno test]
 *     deno run -A scripts/test_tiers.ts          # prints the tiers
 * @module
 */
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What a test may need, cheapest first. */
export const TIERS = ["unit", "device", "slow"] as const;
export type Tier = typeof TIERS[number];

/** Files and folders that are slow for another reason, and why. */
export const SLOW: Record<string, string> = {
  "tests/bench/data/": "the program starts processes",
  "tests/bench/peers/": "the program starts processes",
  "tests/data/fairseq/fuzz_test.ts": "thousands of damaged files",
  "tests/data/hub/fuzz_test.ts": "hundreds of damaged answers",
  "tests/data/pool/content_hash_test.ts": "millions of texts",
  "tests/data/prepare/": "every kill point, with any number of threads",
  "tests/data/sources/fuzz_test.ts": "thousands of damaged files",
  "tests/data/tokenizers/json/fuzz_test.ts": "hundreds of damaged tokenizers",
};

/** What opens a device: the one way to get a GPU in this process. */
const OPENS_DEVICE = /\bopenGpu\b/;

/** What starts a process. */
const STARTS_PROCESS = /\bDeno\.Command\b|"node:child_process"/;

/** What changes the process under tests that run at the same time. */
const CHANGES_PROCESS = /\bDeno\.(env\.(set|delete)|chdir|umask)\b/;

/** Arguments of `deno test` for each tier, besides the files. */
const ARGUMENTS: Record<Tier, string[]> = {
  unit: ["--parallel", "--preload=tests/helpers/unit_only.ts"],
  device: [],
  slow: [],
};

/** Paths of all test files, relative to the root. */
export function testFiles(folder = "tests"): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return testFiles(path);
    return path.endsWith("_test.ts") ? [path] : [];
  }).sort();
}

/** The texts of a test file and of the helpers in `tests/` that it imports. */
function texts(path: string, seen = new Map<string, string>()): string[] {
  if (!seen.has(path)) {
    const text = Deno.readTextFileSync(join(ROOT, path));
    seen.set(path, text);
    for (const [, specifier] of text.matchAll(/\bfrom\s+"(\.[^"]+\.ts)"/g)) {
      const next = join(dirname(path), specifier);
      if (next.startsWith("tests/")) texts(next, seen);
    }
  }
  return [...seen.values()];
}

/** The tier of a test file. */
export function tierOf(path: string): Tier {
  if (Object.keys(SLOW).some((slow) => path.startsWith(slow))) return "slow";
  const all = texts(path);
  const alone = (text: string) =>
    STARTS_PROCESS.test(text) || CHANGES_PROCESS.test(text);
  if (all.some(alone)) return "slow";
  return all.some((text) => OPENS_DEVICE.test(text)) ? "device" : "unit";
}

/** Test files of one tier. */
export const filesOf = (tier: Tier): string[] =>
  testFiles().filter((path) => tierOf(path) === tier);

/** Runs `deno test` on one tier; returns its exit code. */
async function run(tier: Tier, args: string[]): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "-A",
      "--no-check",
      ...ARGUMENTS[tier],
      ...args,
      ...filesOf(tier),
    ],
    cwd: ROOT,
  }).spawn().status;
  return code;
}

if (import.meta.main) {
  const [name, ...args] = Deno.args;
  const tier = TIERS.find((tier) => tier === name);
  if (tier) Deno.exit(await run(tier, args));
  if (name !== undefined) {
    console.error(
      `Cannot run the tests of '${name}': give ${TIERS.join(", ")}`,
    );
    Deno.exit(1);
  }
  for (const tier of TIERS) {
    const files = filesOf(tier);
    console.log(`${tier}: ${files.length} files`);
    for (const path of files) console.log(`  ${relative("tests", path)}`);
  }
}
