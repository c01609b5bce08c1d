/** What does a run's folder say about the run, for a report? @module */
import { parse } from "@std/yaml";
import { basename, join, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { readSmallText } from "../fs/bounded_file.ts";
import { exists } from "../fs/file_error.ts";
import { quoted } from "../terminal/quote.ts";
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
 * Reads the runs in folders `dirs`.
 *
 * @param warn receives one line per thing that is skipped
 * @throws {UserError} if there is none, or one is no run, is given twice, or
 *   has logged nothing
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
  const paths = dirs.map((dir) => resolve(dir));
  const twice = paths.findIndex((path, i) => paths.indexOf(path) < i);
  if (twice >= 0) {
    throw new UserError(
      `Cannot report on ${quoted(dirs[twice])} as it is given twice`,
    );
  }
  const names = paths.map((path) => basename(path));
  const unique = new Set(names).size === names.length;
  return dirs.map((dir, i) => readRun(dir, unique ? names[i] : dir, warn));
}

function readRun(
  dir: string,
  label: string,
  warn: (line: string) => void,
): LoggedRun {
  const no = (why: string) =>
    new UserError(`Cannot report on ${quoted(dir)} as ${why}`);
  if (!exists(dir)) throw no("it does not exist: give the folder of a run");
  if (!exists(join(dir, "config.yaml"))) {
    throw no(
      "it holds no run (there is no 'config.yaml'): give the folder of a run",
    );
  }
  const file = join(dir, "metrics.jsonl");
  if (!exists(file)) {
    throw no("its 'metrics.jsonl' is missing: train it first");
  }
  const records = readMetrics(file);
  const torn = linesOf(file) - records.length;
  if (torn > 0) {
    warn(
      `skipped ${torn} torn ${torn === 1 ? "line" : "lines"} of ${
        quoted(file)
      }`,
    );
  }
  if (records.length === 0) {
    throw no(
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
    label,
    model: describeModel(join(dir, "config.yaml")),
    parameters: at(info, "parameters", "total"),
    flopsPerStep: at(info, "flops_per_step"),
    peakMemory: at(info, "memory", "total"),
    tokensPerSecond: median(
      records.map((r) => r.tokens_per_second).filter(isNumber),
    ),
    steps: records.reduce((most, r) => Math.max(most, r.step), 0),
    seconds: last("elapsed"),
    trainLoss: last("loss"),
    evalLoss: last("eval_loss"),
    records,
  };
}

/** Whether a value of a record can be plotted. */
export const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);

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
function describeModel(file: string): string {
  let model: Record<string, unknown>;
  try {
    const config = parse(readSmallText(file)) as typeof model;
    model = (config?.model ?? {}) as typeof model;
  } catch {
    return "?";
  }
  const scaled = ["attn", "heads", "fc", "resids"]
    .filter((site) => model[`scale_${site}`] === true);
  const scales = scaled.length > 0 ? ` + ${scaled.join(", ")} scales` : "";
  const [layers, width] = model.name === "gpt2"
    ? [model.n_layer, model.n_embd]
    : [model.decoder_layers, model.decoder_embed_dim];
  return `${kindOf(model)} ${layers ?? "?"} × ${width ?? "?"}${scales}`;
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
