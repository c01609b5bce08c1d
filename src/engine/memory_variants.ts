/**
 * Which settings make a run take less memory, and how much does it take then?
 * They say where and when things are computed; what is learnt they leave, but
 * for rounding.
 * @module
 */
import type { Config } from "../config/mod.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import type { Model } from "../model/model.ts";
import { formatBytes } from "../terminal/format_numbers.ts";
import { stepPlansOf } from "./from_config.ts";
import type { Memory } from "./memory.ts";
import type { Recompute, StepPlanOptions } from "./step_plans.ts";
import { trainSettings } from "./train_settings.ts";

/** Kinds of recomputation, each taking less memory than the one before. */
const RECOMPUTE: readonly Recompute[] = ["none", "attention", "block"];

type Settings = Required<
  Pick<
    StepPlanOptions,
    "recompute" | "batchSize" | "evalBatchSize" | "accumulation"
  >
>;

/** A run under other settings than its own. */
export interface MemoryVariant extends Settings {
  /** What to set, as overrides; empty for the run itself. */
  overrides: string;
  memory: Memory;
  /** FLOPs of a step. */
  flops: number;
}

/** Plans of one run under several settings, made as they are asked for. */
export class MemoryVariants {
  readonly #config: Config;
  readonly #model: Model;
  readonly #limits: AdapterLimits;
  readonly #own: Settings;
  readonly #known = new Map<string, MemoryVariant>();

  constructor(config: Config, model: Model, limits: AdapterLimits) {
    this.#config = config;
    this.#model = model;
    this.#limits = limits;
    const settings = trainSettings(config, 1);
    const { batchSize, evalBatchSize, accumulation } = settings;
    const { recompute } = config.train;
    this.#own = { recompute, batchSize, evalBatchSize, accumulation };
  }

  /** Every kind of recomputation, with the run's micro-batch and half of it. */
  table(): MemoryVariant[] {
    return this.#batches().slice(0, 2).flatMap((batch) =>
      RECOMPUTE.map((recompute) => this.plan({ ...batch, recompute }))
    );
  }

  /**
   * What takes at most `free` bytes. For each setting that is enough alone, its
   * least change; else one variant that changes several. Where not even the
   * last of those fits, it is the result all the same.
   */
  within(free: number): MemoryVariant[] {
    const fits = ({ memory }: MemoryVariant) => memory.total <= free;
    const own = this.#own, batches = this.#batches();
    const alone = [
      RECOMPUTE.slice(RECOMPUTE.indexOf(own.recompute) + 1)
        .map((recompute) => ({ ...own, recompute })),
      batches.slice(1),
    ].flatMap((changes) => this.#first(changes, fits) ?? []);
    if (alone.length > 0) return alone;
    const together = batches.map((batch): Settings => ({
      ...batch,
      recompute: "block",
    }));
    return [this.#first(together, fits) ?? this.plan(together.at(-1)!)];
  }

  /**
   * What to do where only `free` bytes are to be had, for messages.
   *
   * @param free Infinity where it is not known
   */
  remedy(free: number): string {
    const needs = ({ memory, overrides }: MemoryVariant) =>
      `${formatBytes(memory.total)} with ${overrides}`;
    const { total } = this.plan().memory;
    // The run does not fit, whatever is said to be free.
    const found = this.within(free < total ? free : 0.8 * total);
    const [{ memory, overrides }] = found;
    if (overrides !== "" && memory.total < total) {
      const least = `it would need ${found.map(needs).join(", or ")}`;
      if (memory.total <= free) return least;
      return `${least}, which is too much too: take a smaller model`;
    }
    return "take a smaller model";
  }

  /** The first of `list` for which `fits` holds. */
  #first(
    list: Settings[],
    fits: (variant: MemoryVariant) => boolean,
  ): MemoryVariant | undefined {
    for (const settings of list) {
      const variant = this.plan(settings);
      if (fits(variant)) return variant;
    }
    return undefined;
  }

  /** The micro-batch of the run, then halved as long as it can be. */
  #batches(): Settings[] {
    const out = [this.#own];
    for (let last = out[0]; last.batchSize % 2 === 0; last = out.at(-1)!) {
      const batchSize = last.batchSize / 2;
      out.push({
        ...last,
        batchSize,
        accumulation: 2 * last.accumulation,
        evalBatchSize: Math.min(last.evalBatchSize, batchSize),
      });
    }
    return out;
  }

  /** The run under the changed settings. */
  plan(changes: Partial<Settings> = {}): MemoryVariant {
    const settings = { ...this.#own, ...changes };
    const overrides = overridesOf(settings, this.#own);
    const known = this.#known.get(overrides);
    if (known) return known;
    const { memory, micro, update } = stepPlansOf(
      this.#config,
      this.#model,
      trainSettings(this.#config, 1),
      this.#limits,
      settings,
    );
    const flops = settings.accumulation * micro.flops + update.flops;
    const variant = { ...settings, overrides, memory, flops };
    this.#known.set(overrides, variant);
    return variant;
  }
}

const KEYS: Record<keyof Settings, string> = {
  recompute: "recompute",
  batchSize: "device_train_batch_size",
  accumulation: "gradient_accumulation_steps",
  evalBatchSize: "device_eval_batch_size",
};

/** The overrides that lead from settings `own` to `settings`. */
const overridesOf = (settings: Settings, own: Settings): string =>
  Object.entries(KEYS)
    .map(([name, key]) => [key, name as keyof Settings] as const)
    .filter(([, name]) => settings[name] !== own[name])
    .map(([key, name]) => `train.${key}=${settings[name]}`)
    .join(" ");
