/**
 * Trains small models with the papers' blocks on real text, and writes the
 * results to `docs/reproduction.md`:
 *
 *     deno run -A scripts/reproduce.ts [--steps n] [--seeds n] [--out folder]
 *
 * Options: `--steps` (200), `--seeds` (2), `--out` folder of the runs
 * (runs/reproduction; it must not exist), `--layers` (4), `--width` (96),
 * `--heads` (4), `--context` (64), `--batch` (8), `--lr` (2e-3), `--data` a
 * glob of text files (Python's library, else this project's source),
 * `--documents` (600), `--doc` the page (docs/reproduction.md), `--note` a line
 * for the top of the page, and `--from folder`, which trains nothing and writes
 * the page of existing runs.
 *
 * The defaults take about ten minutes on two CPU cores. On a GPU, try
 * `--layers 12 --width 512 --heads 8 --context 256 --batch 32 --steps 3000
 * --seeds 3 --lr 1e-3 --documents 2500`.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "@std/cli/parse-args";
import { describeMachine } from "../src/bench/mod.ts";
import { UserError } from "../src/errors.ts";
import { exists } from "../src/fs/file_error.ts";
import { openGpu } from "../src/gpu/device.ts";
import { readRuns } from "../src/report/mod.ts";
import { quoted } from "../src/terminal/quote.ts";
import { renderPage, type Study } from "./_reproduction_page.ts";
import {
  folderOf,
  type Sizes,
  trainArguments,
  VARIANTS,
} from "./_reproduction_runs.ts";

/** The repository's root. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));

const DEFAULTS = {
  steps: "200",
  seeds: "2",
  out: "runs/reproduction",
  layers: "4",
  width: "96",
  heads: "4",
  context: "64",
  batch: "8",
  lr: "2e-3",
  documents: "600",
  doc: join(ROOT, "docs/reproduction.md"),
};

/** Command-line arguments that select the text, and its description. */
function textOf(
  glob: string | undefined,
  documents: number,
): { dataArgs: string[]; text: string } {
  const files = glob ?? pythonLibrary();
  const common = [
    "data.tokenizer=byte",
    `data.max_documents=${documents}`,
  ];
  return files === null
    ? {
      dataArgs: ["data=source", ...common],
      text: `this project's source, bytes, at most ${documents} documents`,
    }
    : {
      dataArgs: [`data.files=[${files}]`, ...common],
      text: `\`${files}\`, bytes, at most ${documents} documents`,
    };
}

/** A glob of Python's standard library; null if none is installed. */
function pythonLibrary(): string | null {
  for (const root of ["/usr/lib", "/usr/local/lib"]) {
    if (!exists(root)) continue;
    for (const { name } of Deno.readDirSync(root)) {
      if (/^python3\.\d+$/.test(name) && exists(join(root, name, "os.py"))) {
        return `${root}/python3*/**/*.py`;
      }
    }
  }
  return null;
}

/** Trains one run with the command line, as a user does. */
async function train(args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", join(ROOT, "main.ts"), "train", ...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code === 0) return;
  const errorText = new TextDecoder().decode(stderr).trim();
  // A loss that is not finite is a finding; anything else is an error.
  if (/not finite/.test(errorText)) {
    console.error("  stopped: the loss is not finite");
    return;
  }
  throw new UserError(`Cannot train ${args.join(" ")}:\n${errorText}`);
}

/** Trains all runs, one at a time, and writes `study.json` next to them. */
async function trainAll(
  out: string,
  study: Omit<Study, "seconds">,
  data: readonly string[],
): Promise<void> {
  const begun = performance.now();
  // Seeds in the outer loop: other load on the machine then affects all
  // variants.
  for (let seed = 0; seed < study.seeds; seed++) {
    for (const variant of VARIANTS) {
      console.error(`${variant.key}, seed ${seed}`);
      const dir = join(out, folderOf(variant.key, seed));
      await train([
        ...trainArguments(variant, study.sizes, seed, data),
        `run=${dir}`,
      ]);
    }
  }
  const seconds = (performance.now() - begun) / 1000;
  Deno.writeTextFileSync(
    join(out, "study.json"),
    JSON.stringify({ ...study, seconds }, null, 2) + "\n",
  );
}

/** Writes the page about the runs in a folder. */
async function writePage(
  out: string,
  doc: string,
  note?: string,
): Promise<void> {
  const file = join(out, "study.json");
  if (!exists(file)) {
    throw new UserError(
      `Cannot read ${
        quoted(file)
      } as it does not exist: --from must be the folder of a finished reproduction`,
    );
  }
  const study = JSON.parse(Deno.readTextFileSync(file)) as Study;
  const dirs = [...Deno.readDirSync(out)]
    .filter(({ name }) => /-seed-\d+$/.test(name))
    .map(({ name }) => join(out, name)).sort();
  const runs = readRuns(dirs, (line) => console.error(line));
  Deno.writeTextFileSync(doc, renderPage({ ...study, note }, runs));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", doc] })
    .output();
  console.error(`wrote ${doc}`);
}

async function main(args: string[]): Promise<void> {
  const flags = parseArgs(args, {
    string: [...Object.keys(DEFAULTS), "data", "from", "note"],
    default: DEFAULTS,
  });
  const known = new Set([
    "_",
    ...Object.keys(DEFAULTS),
    "data",
    "from",
    "note",
  ]);
  const stray = flags._[0] ?? Object.keys(flags).find((key) => !known.has(key));
  if (stray !== undefined) {
    throw new UserError(
      `Cannot reproduce as '${stray}' is not an option: see the first comment of scripts/reproduce.ts`,
    );
  }
  if (flags.from) return await writePage(flags.from, flags.doc, flags.note);
  const number = (name: string) => {
    const value = Number(flags[name]);
    if (value > 0 && (name === "lr" || Number.isInteger(value))) return value;
    throw new UserError(
      `Cannot train as '--${name}' must be a positive ${
        name === "lr" ? "number" : "integer"
      }: got ${flags[name]}`,
    );
  };
  const sizes: Sizes = {
    layers: number("layers"),
    width: number("width"),
    heads: number("heads"),
    context: number("context"),
    batch: number("batch"),
    steps: number("steps"),
    lr: number("lr"),
  };
  const { dataArgs, text } = textOf(flags.data, number("documents"));
  if (exists(flags.out)) {
    throw new UserError(
      `Cannot train into ${
        quoted(flags.out)
      } as it already exists: give another --out, or --from to write its page`,
    );
  }
  const gpu = await openGpu();
  const machine = describeMachine(gpu);
  gpu.close();
  const seeds = number("seeds");
  const command = ["deno run -A scripts/reproduce.ts", ...args].join(" ");
  await trainAll(flags.out, { sizes, seeds, command, text, machine }, dataArgs);
  await writePage(flags.out, flags.doc, flags.note);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
