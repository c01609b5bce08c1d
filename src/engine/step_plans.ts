/**
 * Which plans does a run replay? Three that share the weights: a micro-batch
 * forward and backward, an optimizer step, an evaluation; and one for
 * statistics if any are asked for.
 * @module
 */
import type { TrainConfig } from "../config/mod.ts";
import { differentiate } from "../graph/differentiate.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import { FP32, Graph, type StorageTypes } from "../graph/graph.ts";
import { linearCrossEntropy } from "../graph/ops/loss/linear_cross_entropy.ts";
import { linear } from "../graph/ops/matmul/linear.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";
import {
  packParameters,
  type ParameterLayout,
  type ParameterSpec,
  wholesOf,
} from "../model/parameters.ts";
import { type AdamOptions, adamStep } from "../optim/adam.ts";
import type { LossScaling } from "../optim/loss_scaling.ts";
import { isDecayed } from "../optim/weight_decay.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import {
  buildReport,
  type Report,
  type ReportOptions,
} from "../statistics/block_statistics.ts";
import {
  type BatchSizes,
  estimateMemory,
  inputBytes,
  type Memory,
  recentRows,
} from "./memory.ts";
import {
  copyGraph,
  parameterAlignment,
  type PrecisionOptions,
  shardCopy,
  storageTypes,
} from "./precision.ts";
import { stepRecords } from "./step_records.ts";

/** The values of `train.loss_average`. */
export type LossAverage = TrainConfig["loss_average"];

/** The values of `train.recompute`. */
export const RECOMPUTE = ["none", "block", "attention"] as const;

/** What the backward pass computes again: nothing, or segments of a kind. */
export type Recompute = typeof RECOMPUTE[number];

/** What the plans of a run depend on, besides the model. */
export interface StepPlanOptions extends BatchSizes, PrecisionOptions {
  adam: AdamOptions;
  /** Seed of the dropout masks. @default 0 */
  seed?: number;
  /**
   * Mean over the micro-batches' mean losses, or over all tokens of a step that
   * count.
   * @default "micro_batches"
   */
  lossAverage?: LossAverage;
  /**
   * What the backward pass computes again instead of keeping it.
   * @default "none"
   */
  recompute?: Recompute;
  /** How the loss is scaled for its gradient; not at all if absent. */
  lossScaling?: LossScaling | undefined;
  /** What to measure inside the blocks; nothing if absent. */
  report?: ReportOptions | undefined;
}

/** The plans of a run, and the layout of its parameters. */
export interface StepPlans {
  model: Model;
  options: StepPlanOptions;
  layout: ParameterLayout;
  /**
   * Parameters that a gradient reaches; the others keep their initial values.
   */
  trained: ParameterSpec[];
  micro: Plan;
  update: Plan;
  evaluate: Plan;
  /** Makes the copies of the weights, where products read copies. */
  copy?: Plan | undefined;
  /** Statistics of the last training batch, if any are asked for. */
  report?: Report | undefined;
  /** Bytes on the device, by what they are for. */
  memory: Memory;
}

/** Inputs of a micro-batch or evaluation, as names of device tensors. */
export const INPUTS = { tokens: "tokens", targets: "targets", order: "order" };

/** Name of the input that dropout draws from: `struct DropoutRandom`. */
export const RANDOM = "random";

/** Names of the tensors of loss scaling. */
export const SCALING = {
  /** State: `struct LossScaling`. */
  record: "loss_scaling",
  /** The scale of the gradients that are there. */
  gradientScale: "gradient_scale",
  /** Rates of the last updates: `struct UpdateRates` each. */
  recent: "recent_rates",
};

/**
 * Builds the forward pass and its loss; the root is what to differentiate.
 *
 * @param suffix of the inputs' names
 * @param training with dropout; a model without dropout does not read its input
 * @param types what tensors are stored as
 * @param scaled whether the loss is scaled for its gradient
 */
export function lossGraph(
  model: Model,
  batchSize: number,
  { suffix = "", training = false, scaled = false, types = FP32 } = {},
) {
  const graph = new Graph(types), positions = batchSize * model.sequenceLength;
  const input = (name: string) =>
    graph.input(name + suffix, [positions], "u32");
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
    gradientScale: scaled ? graph.input(SCALING.gradientScale, [1]) : undefined,
  });
  return { graph, forward, root };
}

/**
 * The graph of one micro-batch with its gradients, and the parameters that they
 * reach.
 */
export function gradientGraph(
  model: Model,
  batchSize: number,
  { scaled = false, recompute = "none", types = FP32 }: {
    scaled?: boolean;
    types?: StorageTypes;
    recompute?: Recompute | undefined;
  } = {},
) {
  const built = lossGraph(model, batchSize, { training: true, scaled, types });
  const wholes = wholesOf(model.joined);
  const read = (p: ParameterSpec) => wholes.get(p.name) ?? p;
  const parameters = model.parameters.filter((p) => p.trainable).map((p) =>
    built.graph.persistent(read(p).name, read(p).shape)
  );
  const { reached } = differentiate(
    built.graph,
    built.root,
    parameters,
    recompute === "none" ? undefined : recompute,
  );
  const names = new Set([...reached].map((t) => t.name));
  return {
    ...built,
    trained: model.parameters.filter((p) => names.has(read(p).name)),
  };
}

/** A forward pass that ends in logits, `[B·T, V]`, for parity. */
export function logitsGraph(
  model: Model,
  batchSize: number,
  types: StorageTypes = FP32,
) {
  const graph = new Graph(types), positions = batchSize * model.sequenceLength;
  const tokens = graph.input(INPUTS.tokens, [positions], "u32");
  const order = graph.input(INPUTS.order, [positions], "u32");
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
 * @throws {RangeError} if a tensor, or the batches of a step, exceed the limits
 */
export function buildStepPlans(
  model: Model,
  options: StepPlanOptions,
  limits: AdapterLimits,
): StepPlans {
  const uploaded = options.accumulation * inputBytes(model, options).upload;
  if (uploaded > limits.maxBufferBytes) {
    throw new RangeError(
      `Cannot place the ${options.accumulation} micro-batches of a step (${uploaded} bytes): this adapter's buffers hold at most ${limits.maxBufferBytes} bytes; lower 'train.gradient_accumulation_steps' or the batch size`,
    );
  }
  const types = storageTypes(options);
  const { graph, trained } = gradientGraph(model, options.batchSize, {
    types,
    scaled: options.lossScaling !== undefined,
    recompute: options.recompute,
  });
  const layout = packParameters(
    trained,
    limits.maxBufferBytes,
    ({ name }) => isDecayed(options.adam.kind, name),
    parameterAlignment(types),
    model.joined,
  );
  const micro = makePlan("micro", graph, limits);
  const update = makePlan("update", updateGraph(layout, options), limits);
  const evaluate = makePlan(
    "evaluate",
    lossGraph(model, options.evalBatchSize, { suffix: ".eval", types }).graph,
    limits,
  );
  const report = options.report &&
    buildReport(
      model,
      options.batchSize,
      trained,
      options.report,
      limits,
      types,
    );
  const copies = copyGraph(layout, types);
  const copy = copies && makePlan("copy", copies, limits);
  const plans = [
    micro,
    update,
    evaluate,
    ...report ? [report.plan] : [],
    ...copy ? [copy] : [],
  ];
  return {
    model,
    options,
    layout,
    trained,
    micro,
    update,
    evaluate,
    copy,
    report,
    memory: estimateMemory(model, options, layout, plans),
  };
}

function updateGraph(layout: ParameterLayout, options: StepPlanOptions): Graph {
  const graph = new Graph(storageTypes(options)), records = stepRecords();
  const { scalars, control, history } = records, { lossScaling } = options;
  const shards = layout.shards.map((shard, i) => {
    const flat = (name: string): Tensor =>
      graph.persistent(`${name}.${i}`, [shard.elements]);
    return {
      weights: flat("weights"),
      gradients: flat("gradients"),
      m: flat("exp_avg"),
      v: flat("exp_avg_sq"),
      copy: shardCopy(graph, i, shard.elements),
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
    lossScaling: lossScaling && {
      options: lossScaling,
      record: graph.persistent(SCALING.record, [
        records.lossScaling.fields.length,
      ]),
      recent: graph.persistent(SCALING.recent, [
        recentRows(options),
        records.updateRates.fields.length,
      ]),
    },
  }, options.adam);
  return graph;
}
