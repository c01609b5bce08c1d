/**
 * Which settings make a run take less memory, and how much does it take then?
 * They say where, when and in which format things are computed; what is learnt
 * they leave, apart from rounding.
 * @module
 */
import type { Config, TrainConfig } from "../config/mod.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import type { Model } from "../model/model.ts";
import { formatBytes } from "../terminal/format_numbers.ts";
import { stepPlansOf } from "./from_config.ts";
import type { Memory } from "./memory.ts";
import type { Recompute } from "./step_plans.ts";
import { trainSettings } from "./train_settings.ts";

/** The keys of `train`, in the order in which messages name them. */
const KEYS = [
  "precision",
  "recompute",
  "device_train_batch_size",
  "gradient_accumulation_steps",
  "device_eval_batch_size",
] as const;

type Settings = Pick<TrainConfig, typeof KEYS[number]>;

/** Kinds of recomputation, each taking less memory than the one before. */
const RECOMPUTE: readonly Recompute[] = ["none", "attention", "block"];

/** A run under other settings than its own. */
export interface MemoryVariant {
  settings: Settings;
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
  readonly #known = new Map<string, MemoryVariant>();

  constructor(config: Config, model: Model, limits: AdapterLimits) {
    this.#config = config;
    this.#model = model;
    this.#limits = limits;
  }

  /** The run under the changed settings. */
  plan(changes: Partial<Settings> = {}): MemoryVariant {
    const own = this.#own, settings = { ...own, ...changes };
    const overrides = KEYS.filter((key) => settings[key] !== own[key])
      .map((key) => `train.${key}=${settings[key]}`).join(" ");
    const known = this.#known.get(overrides);
    if (known) return known;
    const train = { ...this.#config.train, ...settings };
    const config: Config = { ...this.#config, train };
    const { memory, micro, update } = stepPlansOf(
      config,
      this.#model,
      trainSettings(config, 1),
      this.#limits,
    );
    const flops = settings.gradient_accumulation_steps * micro.flops +
      update.flops;
    const variant = { settings, overrides, memory, flops };
    this.#known.set(overrides, variant);
    return variant;
  }

  /**
   * Every precision and kind of recomputation, with the run's micro-batch and
   * half of it.
   */
  table(): MemoryVariant[] {
    return this.#batches().slice(0, 2).flatMap((batch) =>
      [this.#own.precision, ...this.#lowerPrecision()].flatMap((precision) =>
        RECOMPUTE.map((recompute) =>
          this.plan({ ...batch, precision, recompute })
        )
      )
    );
  }

  /**
   * What takes at most `free` bytes. For each setting that is enough alone, its
   * least change; else one variant that changes several. Where none of those
   * fits, the smallest is the result.
   */
  within(free: number): MemoryVariant[] {
    const first = (list: Partial<Settings>[]): MemoryVariant | undefined => {
      for (const changes of list) {
        const variant = this.plan(changes);
        if (variant.memory.total <= free) return variant;
      }
      return undefined;
    };
    const batches = this.#batches(), formats = this.#lowerPrecision();
    const together = batches.flatMap((batch) =>
      [this.#own.precision, ...formats].map((precision) => ({
        ...batch,
        precision,
        recompute: "block" as const,
      }))
    );
    // With a small batch, copies of the weights take more than fp16 saves.
    const least = together.slice(-1 - formats.length)
      .map((changes) => this.plan(changes))
      .reduce((a, b) => b.memory.total < a.memory.total ? b : a);
    if (least.memory.total > free) return [least];
    const { recompute } = this.#own;
    const alone = [
      RECOMPUTE.slice(RECOMPUTE.indexOf(recompute) + 1)
        .map((recompute) => ({ recompute })),
      formats.map((precision) => ({ precision })),
      batches.slice(1),
    ].flatMap((changes) => first(changes) ?? []);
    return alone.length > 0 ? alone : [first(together) ?? least];
  }

  /**
   * What to do where only `free` bytes are available, for messages.
   *
   * @param free Infinity where it is not known
   */
  remedy(free: number): string {
    const { total } = this.plan().memory;
    // The run does not fit, whatever is said to be free.
    const found = this.within(free < total ? free : 0.8 * total);
    const least = Math.min(...found.map(({ memory }) => memory.total));
    if (least >= total) return "take a smaller model";
    const needs = found.map(({ memory, overrides }) =>
      `${formatBytes(memory.total)} with ${overrides}`
    );
    const line = `it would need ${needs.join(", or ")}`;
    return least <= free
      ? line
      : `${line}, which is too much too: take a smaller model`;
  }

  get #own(): Settings {
    const { train } = this.#config;
    return Object.fromEntries(KEYS.map((key) => [key, train[key]])) as Settings;
  }

  /** The micro-batch of the run, then halved as long as it can be. */
  #batches(): Partial<Settings>[] {
    const { train } = this.#config;
    const out: Partial<Settings>[] = [{}];
    let batch = train.device_train_batch_size;
    for (let parts = 2; batch % 2 === 0; parts *= 2) {
      batch /= 2;
      out.push({
        device_train_batch_size: batch,
        gradient_accumulation_steps: parts * train.gradient_accumulation_steps,
        device_eval_batch_size: Math.min(train.device_eval_batch_size, batch),
      });
    }
    return out;
  }

  /** fp16 where the run is in fp32 and the adapter can. */
  #lowerPrecision(): Settings["precision"][] {
    return this.#own.precision === "fp32" && this.#limits.f16 ? ["fp16"] : [];
  }
}
