/** `blocksmith bench`. @module */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  againstTable,
  asText,
  benchTables,
  needsGpu,
  runBench,
  runComparison,
  sectionsOf,
  toJson,
} from "../bench/mod.ts";
import { UserError } from "../errors.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import { expandHome } from "../fs/user_path.ts";
import { loadChoices, saveChoices } from "../gpu/tuning_cache.ts";
import { print, say } from "../terminal/output.ts";
import type { Command } from "./command.ts";
import { openGpu } from "./inputs/open_gpu.ts";

/** Times kernels, training steps and the data pipeline. */
export const bench: Command = {
  name: "bench",
  summary: "time kernels, training steps and data on this machine",
  help: `[options]

Measures the adapter's peak, and compares with it: matrix products of each layout
(and NumPy's, if the adapter is the CPU and Python has NumPy), whole training steps
of three models, each kernel in them, the host time per step, the cost of the
reports, and data: tokenizers, readers, 'prepare' and the batch loader ('--only data'
needs no GPU). Takes several minutes; other programs that run at the same time
distort the results.

  --only <sections>     a comma-separated list out of matmul, step, kernels, host,
                        report, data (default all)
  --json <file>         also writes all results as JSON; --json=- prints JSON in place
                        of the tables
  --against <folder>    times steps only, in turns with those of another checkout of
                        this project, and prints the ratios
  --quick               few rounds on small sizes: shows that it works, not how fast

Environment:
  PYTHON                the Python interpreter that runs NumPy (default python3)

Examples:
  blocksmith bench
  blocksmith bench --only step,host
  blocksmith bench --only data
  blocksmith bench --json bench.json
  blocksmith bench --against ../blocksmith-before`,
  flags: ["only", "json", "against"],
  switches: ["quick"],
  async run({ flags, switches, positionals }) {
    if (positionals.length > 0) {
      throw new UserError(
        `Cannot read '${
          positionals[0]
        }' as 'blocksmith bench' takes options only`,
      );
    }
    const sections = sectionsOf(flags.only), { json } = flags;
    // Fail now rather than after minutes of measuring.
    const file = json === undefined || json === "-"
      ? undefined
      : expandHome(json);
    if (file !== undefined) checkWritable(file);
    const quick = switches.has("quick");
    const onStage = (what: string) => say(`timing ${what}`);
    if (flags.against !== undefined) {
      const folder = checkoutAt(flags);
      const result = await runComparison(folder, { quick, onStage });
      if (json === "-") print(toJson(result).trimEnd());
      else print(asText(againstTable(result)).trimEnd());
      if (file !== undefined) writeJson(file, toJson(result));
      return 0;
    }
    const gpu = needsGpu(sections) ? await openGpu() : null;
    try {
      const choices = gpu ? loadChoices(resolveCacheDir(), gpu) : {};
      const result = await runBench(gpu, {
        sections,
        quick,
        choices,
        onStage,
      });
      if (gpu) saveChoices(resolveCacheDir(), gpu, choices);
      if (json === "-") print(toJson(result).trimEnd());
      else print(benchTables(result).map(asText).join("\n"));
      if (file !== undefined) writeJson(file, toJson(result));
    } finally {
      gpu?.close();
    }
    return 0;
  },
};

/**
 * The folder of `--against`.
 *
 * @throws {UserError} if it is no checkout, or other sections are asked for
 */
function checkoutAt(
  { against, only }: Record<string, string | undefined>,
): string {
  if (only !== undefined) {
    throw new UserError(
      "Cannot use '--only' with '--against' as that times steps alone",
    );
  }
  const folder = resolve(expandHome(against!));
  if (!existsSync(join(folder, "src", "bench", "step", "step.ts"))) {
    throw new UserError(
      `Cannot compare as '--against' must name another checkout of this project, e.g. made by 'git worktree add': got '${folder}'`,
    );
  }
  return folder;
}

/** @throws {UserError} if the file cannot be written */
function checkWritable(file: string): void {
  suggestFolder(
    file,
    () => Deno.openSync(file, { write: true, create: true }).close(),
  );
}

/** @throws {UserError} if the file cannot be written */
function writeJson(file: string, text: string): void {
  suggestFolder(file, () => Deno.writeTextFileSync(file, text));
}

function suggestFolder(file: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw new UserError(
      `Cannot write '${file}': ${
        (cause as Error).message
      }; give '--json' a file in an existing folder`,
    );
  }
}
