/**
 * Which runs does `reproduce.ts` train, and which numbers does it read from
 * them?
 * @module
 */
import type { MetricRecord } from "../src/run_folder/metrics_log.ts";
import { isNumber, type LoggedRun } from "../src/run_folder/read_run.ts";

/** Sizes of a reproduction, the same for all its runs. */
export interface Sizes {
  layers: number;
  width: number;
  heads: number;
  /** Tokens per sequence. */
  context: number;
  /** Sequences per step. */
  batch: number;
  steps: number;
  /** Highest learning rate. */
  lr: number;
}

/** A block to train. */
export interface Variant {
  /** Name in tables and of folders. */
  key: string;
  /** `gpt2`, or fairseq's `transformer_lm_gpt`. */
  family: "gpt2" | "fairseq";
  /** Command-line arguments that select the block. */
  args(sizes: Sizes): string[];
}

/** A branch gain, published for one depth, scaled to another: O(1/√depth). */
const forDepth = (gain: number, published: number, { layers }: Sizes) =>
  (gain * Math.sqrt(published / layers)).toFixed(3);

const NORMFORMER = ["attn", "heads", "fc", "resids"];

/** NormFormer with all four scales, or all except `without`. */
const normformer = (key: string, without?: string): Variant => ({
  key,
  family: "fairseq",
  args: () => [
    "model=transformer_lm_gpt",
    ...NORMFORMER.map((site) => `model.scale_${site}=${site !== without}`),
  ],
});

/** The MLP gain published for 18 layers, scaled to this depth. */
const mlpGain = (gain: number, sizes: Sizes) =>
  `model.mlp_block_resid_gain=${forDepth(gain, 18, sizes)}`;

/** All blocks to train, in the order of the tables. */
export const VARIANTS: readonly Variant[] = [
  { key: "pre-ln", family: "gpt2", args: () => ["model=default"] },
  { key: "parallel", family: "gpt2", args: () => ["model=default-parallel"] },
  {
    key: "skipless",
    family: "gpt2",
    args: (sizes) => ["model=skipless", mlpGain(0.1, sizes)],
  },
  {
    key: "skipless-parallel",
    family: "gpt2",
    args: (sizes) => ["model=skipless-parallel", mlpGain(0.1, sizes)],
  },
  {
    key: "op",
    family: "gpt2",
    args: (sizes) => ["model=op", mlpGain(0.2, sizes)],
  },
  {
    key: "op-no-qk-norm",
    family: "gpt2",
    args: (sizes) => [
      "model=op",
      mlpGain(0.2, sizes),
      "model.qk_norm_type=none",
    ],
  },
  {
    key: "fairseq-pre-ln",
    family: "fairseq",
    args: () => ["model=transformer_lm_gpt"],
  },
  normformer("normformer"),
  ...NORMFORMER.map((site) => normformer(`normformer-no-${site}`, site)),
];

/** Arguments of `blocksmith train` for one run of a variant. */
export function trainArguments(
  variant: Variant,
  sizes: Sizes,
  seed: number,
  data: readonly string[],
): string[] {
  const { layers, width, heads, context, batch, steps, lr } = sizes;
  const family = variant.family === "gpt2"
    ? [
      `model.context_length=${context}`,
      `model.n_positions=${context}`,
      `model.n_layer=${layers}`,
      `model.n_embd=${width}`,
      `model.n_head=${heads}`,
    ]
    : [
      "train=fairseq",
      `model.tokens_per_sample=${context}`,
      `model.decoder_layers=${layers}`,
      `model.decoder_embed_dim=${width}`,
      `model.decoder_ffn_embed_dim=${4 * width}`,
      `model.decoder_attention_heads=${heads}`,
    ];
  return [
    ...variant.args(sizes),
    ...family,
    ...data,
    `seed=${seed}`,
    `train.device_train_batch_size=${batch}`,
    `train.device_eval_batch_size=${batch}`,
    "train.gradient_accumulation_steps=1",
    `train.max_steps=${steps}`,
    `train.warmup_steps=${Math.ceil(steps / 20)}`,
    `train.learning_rate=${lr}`,
    `train.eval_steps=${steps}`,
    `train.max_eval_batches=${Math.ceil(16384 / batch / context)}`,
    `train.log_steps=${Math.max(1, Math.floor(steps / 10))}`,
    `train.save_steps=${steps}`,
    "train.keep=1",
    "report_outliers=true",
    "report_grad_norms=true",
    `report_every=${Math.max(1, Math.floor(steps / 12))}`,
  ];
}

/** Folder name of a run in the folder of the reproduction. */
export const folderOf = (key: string, seed: number) => `${key}-seed-${seed}`;

/** The runs of one variant, one per seed. */
export function runsOf(runs: readonly LoggedRun[], key: string): LoggedRun[] {
  return runs.filter(({ label }) =>
    label.startsWith(`${key}-seed-`) &&
    /^\d+$/.test(label.slice(`${key}-seed-`.length))
  );
}

/** Validation loss at the last step; null if the run stopped earlier. */
export function lossOf(run: LoggedRun, steps: number): number | null {
  const last = run.records.findLast((r) =>
    r.step === steps && "eval_loss" in r
  );
  return last && isNumber(last.eval_loss) ? last.eval_loss : null;
}

/** Mean of numbers; null if there are none. */
export const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => a + b) / values.length;

/**
 * A metric of each layer, the mean over the reports of the last third of the
 * run, as a single batch is noisy.
 *
 * @param name the metric's key for a layer
 * @param from first layer; ends at the first layer without the metric
 */
export function byLayer(
  run: LoggedRun,
  name: (layer: number) => string,
  from = 0,
): number[] {
  const late = run.records.filter((r: MetricRecord) =>
    r.step > (2 / 3) * run.steps
  );
  const out: number[] = [];
  for (let layer = from;; layer++) {
    const value = mean(late.map((r) => r[name(layer)]).filter(isNumber));
    if (value === null) return out;
    out.push(value);
  }
}

/** Gradient norm of each layer, of all its parameters or of one kind. */
export const gradients = (run: LoggedRun, kind?: string) =>
  byLayer(run, (i) => `grad_norm.${i}${kind ? `.${kind}` : ""}`);

/**
 * Kurtosis of the hidden states after each block except the last, whose output
 * is only logged after the final norm.
 */
export const kurtosis = (run: LoggedRun, key = "kurtosis") =>
  byLayer(run, (i) => `hidden_states.${i}.${key}`, 1).slice(0, -1);
