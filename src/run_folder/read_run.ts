/** What does a run's folder say about the run, for a report? @module */
import { basename, join, resolve } from "node:path";
import { requirePlainRun } from "../checkpoint/plain_run.ts";
import { UserError } from "../errors.ts";
import { readSmallText } from "../fs/bounded_file.ts";
import { exists, FileError, fileError } from "../fs/file_error.ts";
import { counted } from "../terminal/format_numbers.ts";
import { NAME_LENGTH, oneLine, quoted } from "../terminal/quote.ts";
import { parseYaml } from "../yaml/parse_yaml.ts";
import { metricLines, type MetricRecord, readMetrics } from "./metrics_log.ts";

/** One run. A number that the folder does not have is null. */
export interface LoggedRun {
  /** Its name in a report: that of its folder, or the path. */
  label: string;
  /** Kind and size of its model. */
  model: string;
  /** All parameters. */
  parameters: number | null;
  /** FLOPs of one optimizer step. */
  flopsPerStep: number | null;
  /** Peak device memory in bytes. */
  peakMemory: number | null;
  /** Median of the logged values. */
  tokensPerSecond: number | null;
  /** Optimizer steps done. */
  steps: number;
  /** Seconds of training. */
  seconds: number | null;
  /** Last training loss logged, nats per token. */
  trainLoss: number | null;
  /** Last validation loss, nats per token. */
  evalLoss: number | null;
  records: MetricRecord[];
}

/**
 * Reads the runs in folders `dirs`. What is no run is passed over, also a run
 * given again by another path.
 *
 * @param warn receives one line per thing that is passed over or skipped
 * @throws {UserError} if no run is left
 */
export function readRuns(
  dirs: readonly string[],
  warn: (line: string) => void,
): LoggedRun[] {
  if (dirs.length === 0) {
    throw new UserError(
      "Cannot report as no run is given: run blocksmith report runs/a runs/b",
    );
  }
  const runs: LoggedRun[] = [], given = new Map<string, string>();
  // A run has its folder's name, not that of a link such as 'latest'.
  const order = dirs.toSorted((a, b) => Number(isLink(a)) - Number(isLink(b)));
  for (const dir of order) {
    try {
      requireFolder(dir);
      const real = Deno.realPathSync(dir), first = given.get(real);
      if (first !== undefined) {
        throw unusable(dir, `it is ${quoted(first)} again`);
      }
      runs.push(readRun(dir, warn));
      given.set(real, dir);
    } catch (error) {
      const fault = fileError("read", dir, error);
      if (!(fault instanceof FileError) || dirs.length === 1) throw fault;
      warn(`passed over ${quoted(dir)} as ${fault.reason}`);
    }
  }
  if (runs.length === 0) {
    throw new UserError(
      `Cannot report as none of the ${dirs.length} paths is the folder of a run with records: give such folders`,
    );
  }
  const names = [...given.values()].map((dir) => basename(resolve(dir)));
  if (new Set(names).size === names.length) {
    runs.forEach((run, i) => run.label = oneLine(names[i], NAME_LENGTH));
  }
  return runs;
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}

/** The error of a path that the report cannot use. */
const unusable = (dir: string, why: string) =>
  new FileError(`Cannot report on ${quoted(dir)}`, why);

/** @throws {FileError} if there is no folder that may hold a run */
function requireFolder(dir: string): void {
  if (!exists(dir)) {
    throw unusable(dir, "it does not exist: give the folder of a run");
  }
  if (!Deno.statSync(dir).isDirectory) {
    throw unusable(dir, "it is a file: give the folder of a run");
  }
  if (exists(join(dir, "config.yaml"))) return;
  const holdsRuns = [...Deno.readDirSync(dir)].some(({ name, isDirectory }) =>
    isDirectory && exists(join(dir, name, "metrics.jsonl"))
  );
  throw unusable(
    dir,
    holdsRuns
      ? `it holds runs but is none: give ${quoted(join(dir, "*"))}`
      : "it holds no run (there is no 'config.yaml'): give the folder of a run",
  );
}

function readRun(dir: string, warn: (line: string) => void): LoggedRun {
  requirePlainRun(dir);
  const file = join(dir, "metrics.jsonl");
  if (!exists(file)) {
    throw unusable(dir, "its 'metrics.jsonl' is missing: train it first");
  }
  // In the order of steps, whoever put the file together.
  const records = readMetrics(file).sort((a, b) => a.step - b.step);
  const torn = linesOf(file) - records.length;
  if (torn > 0) {
    warn(
      `skipped ${counted(torn, "torn line")} of ${quoted(file)}`,
    );
  }
  if (records.length === 0) {
    throw unusable(
      dir,
      `its 'metrics.jsonl' holds no ${
        torn > 0 ? "complete " : ""
      }record: train it first`,
    );
  }
  const last = (key: string) => {
    const found = records.findLast((r) => isNumber(r[key]));
    return found ? found[key] as number : null;
  };
  const info = readInfo(join(dir, "run.json"), warn);
  return {
    label: oneLine(dir, NAME_LENGTH),
    model: describeModel(join(dir, "config.yaml"), warn),
    parameters: at(info, "parameters", "total"),
    flopsPerStep: at(info, "flops_per_step"),
    peakMemory: at(info, "memory", "total"),
    tokensPerSecond: median(
      records.map((r) => r.tokens_per_second).filter(isNumber),
    ),
    steps: Math.max(0, records.at(-1)!.step),
    seconds: last("elapsed"),
    trainLoss: last("loss"),
    evalLoss: last("eval_loss"),
    records,
  };
}

/**
 * Whether a value of a record can be plotted: a number of a size that 32-bit
 * floats have. Axes of larger and smaller ones cannot be drawn.
 */
export const isNumber = (value: unknown): value is number =>
  typeof value === "number" &&
  (value === 0 || Math.abs(value) > 1e-46 && Math.abs(value) < 1e39);

const linesOf = (file: string) => [...metricLines(file)].length;

function readInfo(file: string, warn: (line: string) => void): unknown {
  try {
    return JSON.parse(readSmallText(file));
  } catch {
    warn(`${quoted(file)} cannot be read: the run's cost is left out`);
    return null;
  }
}

function at(value: unknown, ...path: string[]): number | null {
  for (const key of path) {
    value = (value as Record<string, unknown> | null)?.[key];
  }
  return isNumber(value) ? value : null;
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/**
 * Describes a model, e.g. `skipless 18 × 768`, from the config of any version.
 */
function describeModel(file: string, warn: (line: string) => void): string {
  let model: Record<string, unknown>;
  try {
    const config = parseYaml(readSmallText(file)).value as typeof model;
    model = (config?.model ?? {}) as typeof model;
  } catch {
    warn(`${quoted(file)} cannot be read: the run's model is left out`);
    return "?";
  }
  const scaled = ["attn", "heads", "fc", "resids"]
    .filter((site) => model[`scale_${site}`] === true);
  const scales = scaled.length > 0 ? ` + ${scaled.join(", ")} scales` : "";
  const [layers, width] = model.name === "gpt2"
    ? [model.n_layer, model.n_embd]
    : [model.decoder_layers, model.decoder_embed_dim];
  const size = `${layers ?? "?"} × ${width ?? "?"}`;
  return oneLine(`${kindOf(model)} ${size}${scales}`, NAME_LENGTH);
}

function kindOf(model: Record<string, unknown>): string {
  if (model.name !== "gpt2") return String(model.name ?? "model");
  const skipless = model.attn_block_skip_gain === 0 &&
    (model.parallel_layers !== true || model.mlp_block_skip_gain === 0);
  return [
    skipless ? "skipless" : null,
    model.norm_type === "none"
      ? "no norm"
      : skipless || model.parallel_layers
      ? null
      : model.norm_position === "post"
      ? "post-norm"
      : "pre-norm",
    model.parallel_layers === true ? "parallel" : null,
  ].filter((word) => word !== null).join(" ");
}
