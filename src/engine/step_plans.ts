/**
 * The three plans of a run over the same weights: one micro-batch forward and
 * backward, one optimizer step, one evaluation.
 * @module
 */
import { differentiate } from "../graph/differentiate.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import { Graph } from "../graph/graph.ts";
import { linearCrossEntropy } from "../graph/ops/loss/linear_cross_entropy.ts";
import { linear } from "../graph/ops/matmul/linear.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";
import {
  elements,
  packParameters,
  type ParameterLayout,
  type ParameterSpec,
} from "../model/parameters.ts";
import { structBytes } from "../gpu/struct_layout.ts";
import { type AdamOptions, adamStep } from "../optim/adam.ts";
import { aligned, ALIGNMENT, makePlan, type Plan } from "../plan/plan.ts";
import {
  buildReport,
  type Report,
  type ReportOptions,
} from "../statistics/block_statistics.ts";
import { stepRecords } from "./step_records.ts";

/** Sizes of a run that its plans depend on. */
export interface StepPlanOptions {
  /** Sequences of a micro-batch. */
  batchSize: number;
  /** Sequences of an evaluation batch. */
  evalBatchSize: number;
  /** Micro-batches of one optimizer step. */
  accumulation: number;
  adam: AdamOptions;
  /** Seed of what dropout drops. @default 0 */
  seed?: number;
  /** Optimizer steps between two readings of the step history. */
  historySlots: number;
  /** What to look at inside the blocks; nothing if absent. */
  report?: ReportOptions;
}

/** Plans, and where parameters lie. */
export interface StepPlans {
  model: Model;
  options: StepPlanOptions;
  layout: ParameterLayout;
  /** Parameters that a gradient reaches; the others keep their initial values. */
  trained: ParameterSpec[];
  micro: Plan;
  update: Plan;
  evaluate: Plan;
  /** Statistics of the batch trained on last, where some are asked for. */
  report?: Report;
  /** Bytes on the device, by what they are for. */
  memory: Memory;
}

/** Device memory of a run in bytes. */
export interface Memory {
  weights: number;
  gradients: number;
  optimizer: number;
  activations: number;
  /** Batches, scalars, dispatch parameters, read-back buffers. */
  other: number;
  total: number;
}

/** Inputs of a micro-batch or evaluation, as names of device tensors. */
export const INPUTS = { tokens: "tokens", targets: "targets", order: "order" };

/** Name of the input that dropout draws from: `struct DropoutRandom`. */
export const RANDOM = "random";

/**
 * Builds the forward pass and its loss; the root is what to differentiate.
 *
 * @param suffix of the inputs' names
 * @param training with dropout; a model without it does not read its input
 */
export function lossGraph(
  model: Model,
  batch: number,
  { suffix = "", training = false } = {},
) {
  const graph = new Graph(), rows = batch * model.sequenceLength;
  const input = (name: string) => graph.input(name + suffix, [rows], "u32");
  const tokens = input(INPUTS.tokens), targets = input(INPUTS.targets);
  const order = input(INPUTS.order);
  const scale = graph.input(`loss_scale${suffix}`, [1]);
  const loss = graph.persistent("loss", [1]);
  const random = training
    ? graph.input(RANDOM, [stepRecords().random.fields.length], "u32")
    : undefined;
  const forward = model.forward(graph, { tokens, order, random });
  const spec = model.parameters.find((p) => p.name === model.head)!;
  const weight = graph.persistent(spec.name, spec.shape);
  const root = linearCrossEntropy(graph, {
    h: forward.final,
    weight,
    targets,
    scale,
    loss,
  });
  return { graph, forward, root };
}

/** The graph of one micro-batch with its gradients, and what they reached. */
export function gradientGraph(model: Model, batch: number) {
  const built = lossGraph(model, batch, { training: true });
  const parameters = model.parameters.filter((p) => p.trainable).map((p) =>
    built.graph.persistent(p.name, p.shape)
  );
  const { reached } = differentiate(built.graph, built.root, parameters);
  const names = new Set([...reached].map((t) => t.name));
  return {
    ...built,
    trained: model.parameters.filter((p) => names.has(p.name)),
  };
}

/** A forward pass that ends in logits, `[batch · T, V]`: for tests and sampling. */
export function logitsGraph(model: Model, batch: number) {
  const graph = new Graph(), rows = batch * model.sequenceLength;
  const tokens = graph.input(INPUTS.tokens, [rows], "u32");
  const order = graph.input(INPUTS.order, [rows], "u32");
  const forward = model.forward(graph, { tokens, order });
  const spec = model.parameters.find((p) => p.name === model.head)!;
  const weight = graph.persistent(spec.name, spec.shape);
  const logits = linear(
    graph,
    "logits",
    forward.final,
    weight,
    undefined,
    "out_in",
  );
  return { graph, forward, logits };
}

/**
 * Builds everything that a run replays. No device is needed.
 *
 * @param fetch picks tensors of the micro-batch's forward pass to keep readable
 */
export function buildStepPlans(
  model: Model,
  options: StepPlanOptions,
  limits: AdapterLimits,
): StepPlans {
  const { graph, trained } = gradientGraph(model, options.batchSize);
  const layout = packParameters(trained, limits.maxBufferBytes);
  const micro = makePlan("micro", graph, limits);
  const update = makePlan("update", updateGraph(layout, options), limits);
  const evaluate = makePlan(
    "evaluate",
    lossGraph(model, options.evalBatchSize, { suffix: ".eval" }).graph,
    limits,
  );
  const report = options.report &&
    buildReport(model, options.batchSize, trained, options.report, limits);
  const plans = [micro, update, evaluate, ...report ? [report.plan] : []];
  return {
    model,
    options,
    layout,
    trained,
    micro,
    update,
    evaluate,
    report,
    memory: estimateMemory(model, options, layout, plans),
  };
}

function updateGraph(layout: ParameterLayout, options: StepPlanOptions): Graph {
  const graph = new Graph(), { scalars, control, history } = stepRecords();
  const shards = layout.shards.map((shard, i) => {
    const flat = (name: string): Tensor =>
      graph.persistent(`${name}.${i}`, [shard.elements]);
    return {
      weights: flat("weights"),
      gradients: flat("gradients"),
      m: flat("exp_avg"),
      v: flat("exp_avg_sq"),
      decayed: shard.decayed,
    };
  });
  adamStep(graph, shards, {
    loss: graph.persistent("loss", [1]),
    step: graph.input("step", [scalars.fields.length]),
    control: graph.persistent("control", [control.fields.length]),
    history: graph.persistent("history", [
      options.historySlots,
      history.fields.length,
    ]),
  }, options.adam);
  return graph;
}

/** Buffers that hold batches: micro and evaluation inputs, and the upload of a whole step. */
export function inputBytes(model: Model, options: StepPlanOptions) {
  const rows = options.batchSize * model.sequenceLength * 4;
  const evalRows = options.evalBatchSize * model.sequenceLength * 4;
  return {
    rows,
    evalRows,
    /** Tokens, targets, order, scale and random words of one micro-batch, each aligned. */
    upload: 3 * aligned(rows) + aligned(4) +
      aligned(structBytes(stepRecords().random)),
  };
}

function estimateMemory(
  model: Model,
  options: StepPlanOptions,
  layout: ParameterLayout,
  plans: readonly Plan[],
): Memory {
  const weights = layout.shards.reduce(
    (n, s) => n + aligned(s.elements * 4),
    0,
  );
  const slots: number[] = [];
  for (const plan of plans) {
    plan.slots.forEach((size, i) => slots[i] = Math.max(slots[i] ?? 0, size));
  }
  const activations = slots.reduce((a, b) => a + b, 0);
  const { evalRows, upload } = inputBytes(model, options);
  const dispatches = plans.reduce((n, p) => n + p.dispatches.length, 0);
  const { scalars, history } = stepRecords();
  const historyBytes = aligned(options.historySlots * structBytes(history));
  const other = upload + 3 * aligned(evalRows) + aligned(4) +
    options.accumulation * upload + dispatches * ALIGNMENT + historyBytes +
    2 * aligned(4) + 2 * aligned(structBytes(scalars));
  const fixed = model.fixed.reduce((n, t) => n + aligned(4 * elements(t)), 0);
  const memory = {
    weights: weights + fixed,
    gradients: weights,
    optimizer: 2 * weights,
    activations,
    other,
  };
  return { ...memory, total: 4 * weights + fixed + activations + other };
}
