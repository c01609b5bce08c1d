/** `blocksmith bench`. @module */
import {
  asText,
  benchTables,
  needGpu,
  runBench,
  sectionsOf,
  toJson,
} from "../bench/mod.ts";
import { UserError } from "../errors.ts";
import { openGpu } from "../gpu/device.ts";
import { loadChoices, saveChoices } from "../gpu/tuning_cache.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import type { Command } from "./command.ts";

/** Times kernels and steps. */
export const bench: Command = {
  name: "bench",
  summary: "time kernels, training steps and data on this machine",
  help: `[options]

Measures, beside the adapter's measured peak: matrix products of each layout (and
NumPy's where the adapter is the CPU and a Python with numpy is there), whole
training steps of three models, each kernel in them, what a step costs the host,
the page of 'report', and data: tokenizers, readers, 'prepare' and what feeds
training ('--only data' needs no GPU). Takes some minutes; other programs that run
meanwhile slow the results.

  --only <sections>     some of matmul, step, kernels, host, report, data, with commas
                        between
  --json <file>         writes all of it as JSON too; --json=- prints JSON, no tables
  --quick               few rounds on small sizes: shows that it works, not how fast

Environment:
  PYTHON                the Python to take for NumPy (default python3)

Examples:
  blocksmith bench
  blocksmith bench --only step,host
  blocksmith bench --only data
  blocksmith bench --json bench.json`,
  flags: ["only", "json"],
  switches: ["quick"],
  async run({ flags, switches, words }) {
    if (words.length > 0) {
      throw new UserError(
        `Cannot read '${
          words[0]
        }' as 'blocksmith bench' must be given options alone`,
      );
    }
    const sections = sectionsOf(flags.only), { json } = flags;
    // Minutes of measuring must not end in a file that cannot be written.
    const file = json === undefined || json === "-" ? undefined : json;
    if (file !== undefined) write(file);
    const gpu = needGpu(sections) ? await openGpu() : null;
    try {
      const choices = gpu ? loadChoices(resolveCacheDir(), gpu) : {};
      const result = await runBench(gpu, {
        sections,
        quick: switches.has("quick"),
        choices,
        onStage: (what) => console.error(`timing ${what}`),
      });
      if (gpu) saveChoices(resolveCacheDir(), gpu, choices);
      if (json === "-") console.log(toJson(result).trimEnd());
      else console.log(benchTables(result).map(asText).join("\n"));
      if (file !== undefined) write(file, toJson(result));
    } finally {
      gpu?.close();
    }
    return 0;
  },
};

/** Writes a file; without text, only sees that it can be written. */
function write(file: string, text?: string): void {
  try {
    if (text !== undefined) Deno.writeTextFileSync(file, text);
    else Deno.openSync(file, { write: true, create: true }).close();
  } catch (cause) {
    throw new UserError(
      `Cannot write '${file}': ${
        (cause as Error).message
      }; give '--json' a file in a folder that is there`,
    );
  }
}
