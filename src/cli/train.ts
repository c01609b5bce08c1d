/** `blocksmith train`. @module */
import { basename, dirname, join, resolve } from "node:path";
import { requireNoLooseWeights } from "../checkpoint/find_weights.ts";
import { logsBits, printConfig, warnings } from "../config/mod.ts";
import { UserError } from "../errors.ts";
import { exists } from "../fs/file_error.ts";
import { requirePlain } from "../fs/plain_file.ts";
import { expandHome, shortPath } from "../fs/user_path.ts";
import { asFairseqPrints } from "../terminal/format_numbers.ts";
import { print, say } from "../terminal/output.ts";
import { shellWord } from "../terminal/quote.ts";
import { EXIT_CODES } from "../train/signals.ts";
import { trainRun } from "../train/train_run.ts";
import type { Command, ParsedArgs } from "./command.ts";
import {
  CONFIG_HELP,
  configFromArgs,
  type ConfigOfArgs,
} from "./inputs/config_args.ts";
import { readRunConfig, takeCache } from "./inputs/run_config.ts";

/** Trains a model, or resumes a run. */
export const train: Command = {
  name: "train",
  summary: "train a model from a config, or resume a run",
  help: `[options] [key=value ...]

Trains the model that the config describes, and writes to runs/<time>-<model> or
run=<folder>. If the arguments choose no model, no data and no experiment, it trains
the demo: a small Pre-LN model on blocksmith's own source text, in a few minutes on
two CPU cores.

${CONFIG_HELP}
  --resume <run>        resumes a run from its last checkpoint, with bitwise equal
                        results; with one of its checkpoints, resumes from there and
                        deletes later ones; data.cache=<folder> names another cache
  --print-config        prints the whole config and exits; saved as the config.yaml of
                        a folder, --config-dir reads it back
  --debug               prints the stack trace of an error

Examples:
  blocksmith train
  blocksmith train 'data.files=[~/notes/**/*.md]' model.n_layer=6 model.n_embd=384 model.n_head=6
  blocksmith train model=default-parallel model.norm_type=ln train.learning_rate=3e-4 run=runs/mine
  blocksmith train data-bin/wiki --task language_modeling --arch transformer_lm_gpt ...
  blocksmith train --resume runs/mine`,
  flags: ["resume", "config-dir"],
  switches: ["print-config"],
  configFlags: true,
  async run(args) {
    const resumed = args.flags.resume === undefined
      ? undefined
      : runOfPath(expandHome(args.flags.resume));
    const { config, yaml, name, model, leavesDemo } = resumed
      ? resumeConfig(args, resumed.dir)
      : configFromArgs(args);
    if (args.switches.has("print-config")) {
      if (leavesDemo) say(`model: ${model}`);
      print(yaml.trimEnd());
      return 0;
    }
    if (model) say(`model: ${model}`);
    for (const note of warnings(config.model)) {
      say(`warning: ${note}`);
    }
    const dir = resumed?.dir ??
      (config.run === null ? newRunFolder(name) : shortPath(config.run));
    const { step, evaluation, stopped } = await trainRun({
      config,
      dir,
      resume: resumed !== undefined,
      from: resumed?.from,
      say,
    });
    const shown = shellWord(dir);
    if (stopped) {
      say(
        `stopped after step ${step}; resume with: blocksmith train --resume ${shown}`,
      );
      return EXIT_CODES[stopped];
    }
    const inBits = logsBits(config.model);
    if (evaluation) {
      say(
        `done: ${step} steps, validation loss ${
          evaluation.loss.toFixed(4)
        } nats per token${
          inBits ? asFairseqPrints(evaluation.loss) : ""
        }, perplexity ${evaluation.perplexity.toPrecision(4)}`,
      );
    } else say(`done: ${step} steps`);
    say(tryNext(shown, config.data.name === "source"));
    return 0;
  },
};

/**
 * Suggests commands to try after a run.
 *
 * @param demo whether the run trained on blocksmith's own source text
 */
function tryNext(run: string, demo: boolean): string {
  const prompt = demo ? " --prompt 'export function '" : "";
  const commands = [
    [`generate ${run}${prompt}`, "sample from it"],
    [`eval ${run}`, "evaluate it again"],
    [`train --resume ${run}`, "resume it, if it was stopped"],
    demo
      ? [
        "train experiment=demo model=default-parallel",
        "another block on the same data",
      ]
      : [`report ${run}`, "its curves on a page"],
  ];
  const width = Math.max(...commands.map(([command]) => command.length));
  const lines = commands.map(([command, what]) =>
    `  blocksmith ${command.padEnd(width)}   ${what}`
  );
  return ["", "Try next:", ...lines].join("\n");
}

/** The run that a path names, and the checkpoint if it names one. */
function runOfPath(path: string): { dir: string; from?: string } {
  const full = resolve(path);
  if (
    /^step-\d+$/.test(basename(full)) &&
    basename(dirname(full)) === "checkpoints"
  ) return { dir: dirname(dirname(full)), from: path };
  requireNoLooseWeights(path);
  return { dir: path };
}

function resumeConfig(
  args: ParsedArgs,
  dir: string,
): Pick<ConfigOfArgs, "config" | "yaml" | "name" | "model" | "leavesDemo"> {
  const { rest: [changed], cache } = takeCache(args);
  if (changed !== undefined) {
    throw new UserError(
      `Cannot change '${changed}' of a run that is resumed: its config is ${
        join(dir, "config.yaml")
      }; start a new run instead`,
    );
  }
  const file = join(dir, "config.yaml");
  if (!requirePlain(file, "file")) {
    throw new UserError(
      `Cannot resume '${dir}' as there is no '${file}': give the folder of a run`,
    );
  }
  const config = readRunConfig(file, cache);
  return {
    config,
    yaml: printConfig(config),
    name: "",
    model: "",
    leavesDemo: false,
  };
}

/** A free folder `runs/<time>-<model>`, with local time to the second. */
function newRunFolder(name: string): string {
  const now = new Date();
  const twoDigits = (n: number) => String(n).padStart(2, "0");
  const date = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
  const clock = [now.getHours(), now.getMinutes(), now.getSeconds()];
  const time = [date, clock].map((parts) => parts.map(twoDigits).join(""))
    .join("-");
  const folder = join("runs", `${time}-${name.replaceAll(/[^\w.-]/g, "_")}`);
  // Another run may have started in the same second.
  let free = folder;
  for (let i = 2; exists(free); i++) free = `${folder}-${i}`;
  return free;
}
