/**
 * Dynamic loss scaling: by which factor is the loss multiplied before its
 * gradient is computed, so that small gradients do not vanish in fp16?
 *
 * The rules of PyTorch's `GradScaler` and of fairseq's `DynamicLossScaler` in
 * one: the scale is halved at an overflow, whose step is skipped, and doubled
 * after each `window` steps without one. PyTorch's is fairseq's with a
 * tolerance of 0 and neither a threshold nor a least scale. The device applies
 * it: `kernels/optimizer/clip_and_check.wgsl`.
 * @module
 */
import type { AdamKind } from "./adam.ts";

/** Constants of the rule. */
export interface LossScaling {
  /** Scale of the first step. */
  initial: number;
  /** Steps without an overflow after which the scale is doubled. */
  window: number;
  /**
   * Share of overflows, of the steps since the scale last changed, from which
   * on it is halved.
   */
  tolerance: number;
  /** The scale is not lowered below it. */
  threshold: number;
  /** A scale at or below it stops the run. */
  least: number;
  /** Added to the norm before it divides the limit of clipping. */
  clipEps: number;
}

/** Values of config keys; null is the family's default. */
export interface LossScalingKeys {
  fp16_init_scale: number | null;
  fp16_scale_window: number | null;
  fp16_scale_tolerance: number | null;
  min_loss_scale: number | null;
  threshold_loss_scale: number | null;
}

/**
 * fairseq's defaults, and PyTorch's. fairseq does without the eps of clipping
 * where it scales the loss. PyTorch lowers the scale without end: here a scale
 * that no gradient can need stops the run, as fairseq's does.
 */
const DEFAULTS = {
  fairseq: { initial: 2 ** 7, tolerance: 0, least: 1e-4, clipEps: 0 },
  torch: { initial: 2 ** 16, tolerance: 0, least: 1e-4, clipEps: 1e-6 },
};

/** Steps until PyTorch doubles the scale. */
const TORCH_WINDOW = 2000;

/** Micro-batches until fairseq doubles the scale, over all devices. */
const FAIRSEQ_WINDOW = 2 ** 14;

/** Whether an optimizer's family is fairseq. */
export const isFairseq = (kind: AdamKind): boolean => kind === "adam_fairseq";

/**
 * The rule of an optimizer's family.
 *
 * @param accumulation micro-batches of a step
 */
export function lossScaling(
  kind: AdamKind,
  keys: LossScalingKeys,
  accumulation: number,
): LossScaling {
  const fairseq = isFairseq(kind);
  const defaults = DEFAULTS[fairseq ? "fairseq" : "torch"];
  const window = fairseq
    ? Math.max(1, Math.floor(FAIRSEQ_WINDOW / accumulation))
    : TORCH_WINDOW;
  return {
    ...defaults,
    initial: keys.fp16_init_scale ?? defaults.initial,
    window: keys.fp16_scale_window ?? window,
    tolerance: keys.fp16_scale_tolerance ?? defaults.tolerance,
    threshold: keys.threshold_loss_scale ?? 0,
    least: keys.min_loss_scale ?? defaults.least,
  };
}

/** State of loss scaling: the fields of `struct LossScaling`. */
export interface LossScalingState {
  /** Factor of the loss's gradient. */
  scale: number;
  /** Steps since the last overflow, the next one included. */
  since_overflow: number;
  /** Steps since the scale last changed, the next one included. */
  since_rescale: number;
  /** Overflows since the scale last changed. */
  overflows: number;
  /** Skipped steps in all. */
  skipped: number;
}

/** The state before the first step. */
export const initialState = ({ initial }: LossScaling): LossScalingState => ({
  scale: Math.fround(initial),
  since_overflow: 1,
  since_rescale: 1,
  overflows: 0,
  skipped: 0,
});
