/**
 * Adam in the forms of Hugging Face, PyTorch and fairseq, with global-norm
 * clipping, as nodes of the graph over flat tensors of all parameters.
 * @module
 */
import {
  type Dispatch,
  f32,
  type Float32Word,
  read,
  readWrite,
} from "../graph/dispatch.ts";
import { flatGrid, flatRanges } from "../graph/dispatch_grid.ts";
import type { Graph, Operation } from "../graph/graph.ts";
import {
  dotPartials,
  firstOf,
  MAX_PARTIALS,
  partialCount,
} from "../graph/ops/reduce/dot_product.ts";
import { reduceConstants } from "../graph/reduction.ts";
import { BYTES, count, type Tensor } from "../graph/tensor.ts";
import type { LossScaling } from "./loss_scaling.ts";

/** Which published form of Adam. */
export type AdamKind = "adamw_hf" | "adamw_torch" | "adam_fairseq";

/** Constants of the optimizer. */
export interface AdamOptions {
  kind: AdamKind;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
}

/**
 * The fields of `struct StepScalars` in `kernels/optimizer/step_records.wgsl`.
 */
export type StepScalars = {
  rate: Float32Word;
  eps: Float32Word;
  decay: Float32Word;
  update: number;
  skipped: number;
  max_grad_norm: Float32Word;
  history_slot: number;
};

/** Scalars to be filled by {@linkcode stepScalars}. */
export const emptyStepScalars = (): StepScalars => ({
  rate: f32(0),
  eps: f32(0),
  decay: f32(0),
  update: 0,
  skipped: 0,
  max_grad_norm: f32(0),
  history_slot: 0,
});

/** What one optimizer step depends on, besides gradients. */
export interface StepOptions {
  /** Number of this step, from 1: dropout's masks. */
  step: number;
  /**
   * Steps before it that are known to have been skipped by loss scaling. The
   * update's number, hence Adam's bias correction, is `step - skipped`; where
   * more were skipped the device takes that of an earlier update.
   * @default 0
   */
  skipped?: number;
  /** Of update `step - skipped`. */
  learningRate: number;
  /** Gradient norm above which gradients are scaled down; 0 never. */
  maxGradNorm: number;
  /** Record of the step history that this update writes. */
  slot: number;
}

/**
 * What the update kernels read in one optimizer step.
 *
 * Hugging Face's and fairseq's Adam add eps before the bias correction,
 * PyTorch's after it; both are `p −= rate · m / (√v + eps)` with their own rate
 * and eps.
 *
 * @param into filled and returned, so that a step allocates nothing
 */
export function stepScalars(
  options: AdamOptions,
  { step, skipped = 0, learningRate, maxGradNorm, slot }: StepOptions,
  into = emptyStepScalars(),
): StepScalars {
  const { kind, beta1, beta2, epsilon, weightDecay } = options;
  const update = step - skipped;
  const c1 = 1 - beta1 ** update, c2 = Math.sqrt(1 - beta2 ** update);
  into.rate.f32 = learningRate * c2 / c1;
  into.eps.f32 = kind === "adamw_torch" ? epsilon * c2 : epsilon;
  into.decay.f32 = learningRate * weightDecay;
  into.update = update;
  into.skipped = skipped;
  into.max_grad_norm.f32 = maxGradNorm;
  into.history_slot = slot;
  return into;
}

/** Flat tensors of one shard of the parameters, all of one length. */
export interface FlatShard {
  weights: Tensor;
  gradients: Tensor;
  m: Tensor;
  v: Tensor;
  /** Copy of the weights that products read, if it is not the weights. */
  copy?: Tensor | undefined;
  /** Elements before this one are decayed; a multiple of four. */
  decayed: number;
}

/** Added to a norm before it divides, as in PyTorch's `clip_grad_norm_`. */
const CLIP_EPS = 1e-6;

interface ControlAttrs {
  /** Absent without loss scaling. */
  scaling?: LossScaling | undefined;
  /** Tensors in front of the shards' gradients. */
  leading: number;
}

const control: Operation<ControlAttrs> = {
  name: "clip_and_check",
  lower(node, limits): Dispatch[] {
    const { scaling, leading } = node.attrs;
    const shards = node.inputs.slice(leading), [partials] = node.outputs;
    const [loss, step, state, history, record, recent] = node.inputs;
    let at = 0;
    const squares = shards.flatMap((gradients) => {
      const first = at;
      const elements = { count: count(gradients) };
      at += partialCount(elements, limits);
      return dotPartials(
        { a: gradients, ...elements },
        partials,
        first,
        limits,
      );
    });
    return [...squares, {
      kernel: "optimizer/clip_and_check",
      constants: { LOSS_SCALING: !!scaling, ...reduceConstants(limits) },
      params: {
        partials: at,
        clip_eps: f32(scaling?.clipEps ?? CLIP_EPS),
        ...scaling && {
          window: scaling.window,
          tolerance: f32(scaling.tolerance),
          threshold: f32(scaling.threshold),
          least: f32(scaling.least),
        },
      },
      bindings: {
        partial: read(partials, firstOf(at)),
        loss: read(loss),
        step: read(step),
        control: readWrite(state),
        history: readWrite(history),
        ...scaling && {
          scaling: readWrite(record),
          recent: readWrite(recent),
        },
      },
      workgroups: [1, 1, 1],
      flops: at,
      bytes: 4 * at,
    }];
  },
};

interface AdamAttrs extends AdamOptions {
  decayed: number;
}

const adam: Operation<AdamAttrs> = {
  name: "adam",
  lower(node, limits) {
    const [weights, gradients, m, v, state, copy] = node.inputs;
    const { kind, beta1, beta2, decayed } = node.attrs, WG = 64;
    return flatRanges(count(weights), limits).map((range) => ({
      kernel: "optimizer/adam",
      constants: { WG, DECAY_FIRST: kind !== "adamw_hf", COPY: !!copy },
      params: {
        count: range.count,
        decayed: Math.max(0, Math.min(range.count, decayed - range.start)),
        beta1: f32(beta1),
        beta2: f32(beta2),
        one_minus_beta1: f32(1 - beta1),
        one_minus_beta2: f32(1 - beta2),
      },
      bindings: {
        p: readWrite(weights, range.of(weights)),
        gradient: read(gradients, range.of(gradients)),
        m: readWrite(m, range.of(m)),
        v: readWrite(v, range.of(v)),
        control: read(state),
        ...copy ? { copy: readWrite(copy, range.of(copy)) } : {},
      },
      workgroups: flatGrid(range.count, WG),
      flops: 12 * range.count,
      bytes: (28 + (copy ? BYTES[copy.dtype] : 0)) * range.count,
    }));
  },
};

/** Tensors of a step beside the shards: structs of `step_records.wgsl`. */
export interface StepTensors {
  /** `[1]`. */
  loss: Tensor;
  /** Input: `StepScalars`. */
  step: Tensor;
  /** `Control`. */
  control: Tensor;
  /** One `HistoryRecord` per slot. */
  history: Tensor;
  /** With loss scaling. */
  lossScaling?: {
    options: LossScaling;
    /** `LossScaling`. */
    record: Tensor;
    /**
     * One `UpdateRates` for each step that may be skipped between two readings
     * of the history, and one more.
     */
    recent: Tensor;
  } | undefined;
}

/** Adds one optimizer step over `shards` to `graph`. */
export function adamStep(
  graph: Graph,
  shards: readonly FlatShard[],
  tensors: StepTensors,
  options: AdamOptions,
): void {
  const { loss, step, control: state, history, lossScaling } = tensors;
  const partials = shards.length * MAX_PARTIALS;
  const leading = [
    loss,
    step,
    state,
    history,
    ...lossScaling ? [lossScaling.record, lossScaling.recent] : [],
  ];
  graph.add(
    control,
    [...leading, ...shards.map((s) => s.gradients)],
    { scaling: lossScaling?.options, leading: leading.length },
    [{ name: "squared gradients", shape: [partials] }],
    { effect: true },
  );
  for (const { weights, gradients, m, v, copy, decayed } of shards) {
    graph.add(
      adam,
      [weights, gradients, m, v, state, ...copy ? [copy] : []],
      { ...options, decayed },
      [],
      { effect: true },
    );
  }
}
