/**
 * Which models are timed for whole training steps, and on which tokens?
 * @module
 */
import { sourceTexts } from "../../assets/source_text.ts";
import { compose, type Config } from "../../config/mod.ts";
import { type Batch, BatchAssembler } from "../../data/loader/batch.ts";
import { modelOf, stepPlansOf } from "../../engine/from_config.ts";
import type { StepPlans } from "../../engine/step_plans.ts";
import { trainSettings } from "../../engine/train_settings.ts";
import type { AdapterLimits } from "../../graph/dispatch.ts";
import type { ReportOptions } from "../../statistics/block_statistics.ts";

/** A model with its batch size and vocabulary size. */
export interface Workload {
  /** A short name, one word. */
  name: string;
  /** Describes the workload, and how it differs from the peers' workloads. */
  note: string;
  /** Overrides of the default config; `model.vocab_size` must be among them. */
  overrides: readonly string[];
}

/** Vocabulary sizes of the byte tokenizer and of GPT-2's. */
export const BYTES = 256, GPT2_TOKENS = 50_257;

/** The sizes in which workloads differ. */
export interface Sizes {
  layers: number;
  width: number;
  heads: number;
  sequenceLength: number;
  /** Sequences per micro-batch. */
  batchSize: number;
  /** Micro-batches per step. @default 1 */
  accumulation?: number;
  vocabSize: number;
}

/** Sizes as config overrides, with as many positions as tokens. */
export const sizeOverrides = (s: Sizes): string[] => [
  `model.n_layer=${s.layers}`,
  `model.n_embd=${s.width}`,
  `model.n_head=${s.heads}`,
  `model.context_length=${s.sequenceLength}`,
  `model.n_positions=${s.sequenceLength}`,
  `model.vocab_size=${s.vocabSize}`,
  `train.device_train_batch_size=${s.batchSize}`,
  `train.device_eval_batch_size=${s.batchSize}`,
  `train.gradient_accumulation_steps=${s.accumulation ?? 1}`,
];

/** What `blocksmith bench` times. */
export const WORKLOADS: readonly Workload[] = [
  {
    name: "tiny",
    note:
      "2 layers, width 128, 4 heads, T 64, batch 8, vocabulary 512, LayerNorm, GELU(tanh), random tokens: the GPT that JavaScript peers train, but with a tied head (theirs is untied), biases only in norms, queries and keys (theirs everywhere), and AdamW with decay and clipping (theirs is Adam)",
    overrides: [
      ...sizeOverrides({
        layers: 2,
        width: 128,
        heads: 4,
        sequenceLength: 64,
        batchSize: 8,
        vocabSize: 512,
      }),
      "model.norm_type=ln",
      "model.activation_function=gelu_new",
    ],
  },
  {
    name: "demo",
    note: "experiment=demo, the model and text of 'blocksmith train'",
    overrides: ["experiment=demo", `model.vocab_size=${BYTES}`],
  },
  {
    name: "medium",
    note:
      "6 layers, width 384, 6 heads, T 128, batch 8, bytes of the demo's text, the default Pre-LN block (RMSNorm, ReLU)",
    overrides: sizeOverrides({
      layers: 6,
      width: 384,
      heads: 6,
      sequenceLength: 128,
      batchSize: 8,
      vocabSize: BYTES,
    }),
  },
];

/** Number of step records that the device keeps. */
export const HISTORY = 64;

/** A workload with its plans, ready to load. */
export interface BuiltWorkload {
  config: Config;
  plans: StepPlans;
  tokensPerStep: number;
}

/**
 * Builds a workload's plans for an adapter.
 *
 * @throws {UserError} if its overrides are refused
 */
export function buildWorkload(
  workload: Workload,
  limits: AdapterLimits,
  report?: ReportOptions,
): BuiltWorkload {
  const { config } = compose({ overrides: [...workload.overrides] });
  const { vocab_size } = config.model;
  if (vocab_size === null) {
    throw new RangeError(`'${workload.name}' must set model.vocab_size`);
  }
  const settings = trainSettings(config, 1);
  const plans = stepPlansOf(
    config,
    modelOf(config, vocab_size),
    settings,
    limits,
    { historySlots: HISTORY, report },
  );
  return { config, plans, tokensPerStep: settings.tokensPerStep };
}

/**
 * The micro-batches of a step: the project's own text if the vocabulary is that
 * of bytes, else uniformly random tokens. Equal calls give equal batches.
 */
export function batchesOf({ model, options }: StepPlans): Batch[] {
  const T = model.sequenceLength, rows = options.batchSize, size = rows * T;
  const tokens = model.vocabSize === BYTES ? textTokens() : randomTokens();
  const assembler = new BatchAssembler({
    batchSize: rows,
    sequenceLength: T,
    vocabSize: model.vocabSize,
  });
  return Array.from({ length: options.accumulation }, () => {
    const batch = {
      tokens: Uint32Array.from(
        { length: size },
        () => tokens(model.vocabSize),
      ),
      targets: new Uint32Array(size),
      order: new Uint32Array(size),
    };
    return { ...batch, counted: assembler.assemble(batch) };
  });
}

function textTokens(): () => number {
  const texts = sourceTexts();
  const bytes = new TextEncoder().encode(texts.map((t) => t.text).join());
  let at = 0;
  return () => bytes[at++ % bytes.length];
}

function randomTokens(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return Math.floor((state >>> 8) / 2 ** 24 * below);
  };
}
