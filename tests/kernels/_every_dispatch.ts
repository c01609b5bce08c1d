/** Every form of every kernel that operations ask for. @module */
import { stepRecords } from "../../src/engine/step_records.ts";
import { differentiate } from "../../src/graph/differentiate.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import { Graph, type StorageTypes } from "../../src/graph/graph.ts";
import { attention } from "../../src/graph/ops/attention/attention.ts";
import {
  type Activation,
  activation,
  ACTIVATIONS,
} from "../../src/graph/ops/elementwise/activation.ts";
import {
  applyDropout,
  DropoutStreams,
} from "../../src/graph/ops/elementwise/dropout.ts";
import { scale } from "../../src/graph/ops/elementwise/scale.ts";
import { weightedSum } from "../../src/graph/ops/elementwise/weighted_sum.ts";
import { embed } from "../../src/graph/ops/embedding/embedding.ts";
import { linearCrossEntropy } from "../../src/graph/ops/loss/linear_cross_entropy.ts";
import { linear } from "../../src/graph/ops/matmul/linear.ts";
import { norm } from "../../src/graph/ops/norm/norm.ts";
import { shaped } from "../../src/graph/ops/shaped/shaped.ts";
import { shapedDropout } from "../../src/graph/ops/shaped/shaped_dropout.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { simplifiedModel } from "../../src/model/simplified/model.ts";
import { adamStep } from "../../src/optim/adam.ts";
import { lossScaling } from "../../src/optim/loss_scaling.ts";
import {
  makePlan,
  type Plan,
  type PlannedDispatch,
} from "../../src/plan/plan.ts";
import { buildReport } from "../../src/statistics/block_statistics.ts";
import { GPU_KERNELS, NO_SUBGROUPS } from "../helpers/device.ts";
import { defaultModel } from "../helpers/model_config.ts";

/** Activations in f16, and a residual stream in f32. */
export const FP16: StorageTypes = { activations: "f16", residual: "f32" };

/** Every operation in every form, with heads `d` wide, and all gradients. */
export function everything(d: number, rows = 6, types?: StorageTypes): Graph {
  const graph = new Graph(types), D = 2 * d;
  const parameters: Tensor[] = [];
  const parameter = (name: string, ...shape: number[]) => {
    const tensor = graph.persistent(name, shape);
    parameters.push(tensor);
    return tensor;
  };
  const input = (name: string) => graph.input(name, [rows], "u32");
  const ids = { tokens: input("tokens"), order: input("order") };
  const attrs = { sequenceLength: 3, firstPosition: 0, scale: 1 };
  const table = parameter("table", 7, D),
    positions = parameter("positions", 3, D);
  let x = embed(graph, "both", { ...ids, table, positions }, attrs);
  const alone = embed(graph, "alone", { ...ids, table }, attrs);
  x = weightedSum(graph, "sum", [{ x, gain: 0.5 }, {
    x: alone,
    gain: parameter("gain", 1),
  }]);
  for (const kind of Object.keys(ACTIVATIONS) as Activation[]) {
    // Both a fresh gradient and one that is added onto.
    const once = activation(graph, kind, x, kind, 0.1);
    const twice = activation(graph, `${kind} again`, x, kind, 0.1);
    x = weightedSum(
      graph,
      `after ${kind}`,
      [once, twice, x].map((x) => ({ x, gain: 1 })),
    );
  }
  for (const layout of ["in_out", "out_in"] as const) {
    for (const bias of [undefined, parameter(`${layout} bias`, D)]) {
      const w = parameter(`${layout} ${!!bias}`, D, D);
      const once = linear(graph, layout, x, w, bias, layout);
      const twice = linear(graph, layout, x, w, bias, layout);
      x = weightedSum(graph, "sum", [{ x: once, gain: 1 }, {
        x: twice,
        gain: 1,
      }]);
    }
  }
  for (const kind of ["ln", "rmsnorm"] as const) {
    for (const groups of [1, 2]) {
      for (const biased of [false, true]) {
        const width = D / groups, name = `${kind} ${groups} ${biased}`;
        const scales = Array.from({ length: groups }, (_, i) => ({
          scale: parameter(`${name} scale ${i}`, width),
          bias: biased ? parameter(`${name} bias ${i}`, width) : undefined,
        }));
        const normed = norm(graph, name, x, scales, {
          kind,
          eps: 1e-5,
          heads: 1,
        });
        const again = norm(graph, name, x, scales, {
          kind,
          eps: 1e-5,
          heads: 1,
        });
        x = weightedSum(
          graph,
          "sum",
          [normed, again].map((x) => ({ x, gain: 1 })),
        );
      }
    }
  }
  for (const cap of [0, 30]) {
    const shape = { sequenceLength: 3, heads: 2, headDim: d, cap };
    const qk = linear(
      graph,
      "qk",
      x,
      parameter(`qk ${cap}`, D, 2 * D),
      undefined,
      "in_out",
    );
    const o = attention(graph, "packed", { qk, v: x }, shape);
    x = attention(graph, "separate", { q: o, k: x, v: x }, shape);
  }
  const streams = new DropoutStreams(graph.input("random", [3], "u32"));
  for (const trained of [false, true]) {
    const gain = (name: string) => trained ? parameter(name, 1, 2, 1, 1) : 0.5;
    const gains = { resid: gain("r"), skip: gain("s"), centre: gain("c") };
    const shape = { sequenceLength: 3, headDim: d };
    x = shaped(graph, "shaped", x, x, gains, shape);
    const dropout = streams.next(0.1)!, cap = trained ? 30 : 0;
    const heads = { ...shape, heads: 2, cap };
    const qk = linear(
      graph,
      "qk",
      x,
      parameter(`dropped qk ${trained}`, D, 2 * D),
      undefined,
      "in_out",
    );
    const a = attention(graph, "packed", { qk, v: x }, heads, dropout);
    const o = attention(graph, "apart", { q: a, k: x, v: x }, heads, dropout);
    x = shapedDropout(graph, "dropped", o, x, gains, { ...shape, dropout });
    // Both a fresh gradient and one that is added onto.
    const once = applyDropout(graph, "once", x, streams.next(0.1));
    const twice = applyDropout(graph, "twice", x, streams.next(0.1));
    x = weightedSum(graph, "sum", [once, twice].map((x) => ({ x, gain: 1 })));
  }
  for (const n of [2, D]) {
    const once = scale(graph, "once", x, parameter(`scale ${n}`, n));
    const twice = scale(graph, "twice", x, parameter(`scale again ${n}`, n));
    x = weightedSum(graph, "sum", [once, twice].map((x) => ({ x, gain: 1 })));
  }
  const root = linearCrossEntropy(graph, {
    h: x,
    weight: table,
    targets: input("targets"),
    scale: graph.input("scale", [1]),
    loss: graph.persistent("loss", [1]),
    gradientScale: d === 5 ? graph.input("gradient scale", [1]) : undefined,
  });
  differentiate(graph, root, parameters);
  return graph;
}

/** A product with a sum so long that a GPU takes it in parts. */
function longSum(types?: StorageTypes): Graph {
  const graph = new Graph(types);
  const y = graph.persistent("y", [4, 8], types?.activations);
  const x = graph.input("x", [4, 2048]), w = graph.persistent("w", [2048, 8]);
  const made = linear(graph, "y", x, w, undefined, "in_out");
  graph.add(made.node!.operation, made.node!.inputs, made.node!.attrs, [made], {
    accumulateInto: y,
  });
  return graph;
}

/** No config key of loss scaling is set. */
const NO_KEYS = {
  fp16_init_scale: null,
  fp16_scale_window: null,
  fp16_scale_tolerance: null,
  min_loss_scale: null,
  threshold_loss_scale: null,
};

function optimizer(
  kind: "adamw_hf" | "adam_fairseq",
  copied: boolean,
): Graph {
  const graph = new Graph(),
    flat = (name: string) => graph.persistent(name, [64]);
  const records = stepRecords(), { scalars, control, history } = records;
  const shard = {
    weights: flat("weights"),
    gradients: flat("gradients"),
    m: flat("m"),
    v: flat("v"),
    copy: copied ? graph.persistent("copy", [64], "f16") : undefined,
    decayed: 32,
  };
  adamStep(graph, [shard], {
    loss: graph.persistent("loss", [1]),
    step: graph.input("step", [scalars.fields.length]),
    control: graph.persistent("control", [control.fields.length]),
    history: graph.persistent("history", [4, history.fields.length]),
    lossScaling: kind === "adamw_hf" ? undefined : {
      options: lossScaling(kind, NO_KEYS, 1),
      record: graph.persistent("scaling", [records.lossScaling.fields.length]),
      recent: graph.persistent("recent", [
        5,
        records.updateRates.fields.length,
      ]),
    },
  }, { kind, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 });
  return graph;
}

/** Everything that is reported of a model with heads `d` wide. */
function report(
  d: number,
  limits: AdapterLimits,
  types?: StorageTypes,
): Plan {
  const sizes = { n_layer: 1, n_head: 2, n_embd: 2 * d, vocab_size: 7 };
  const tokens = { context_length: 3, n_positions: 3 };
  const model = simplifiedModel(defaultModel({ ...sizes, ...tokens }));
  const all = { gains: true, attnEntropy: true, outliers: true };
  const options = { ...all, gradNorms: true };
  return buildReport(model, 2, model.parameters, options, limits, types)!.plan;
}

/** Every dispatch of a plan, all variants of those that have several. */
const all = (dispatches: PlannedDispatch[]): PlannedDispatch[] =>
  dispatches.flatMap((d) =>
    d.choice ? d.choice.variants.flatMap((v) => v.dispatches) : [d]
  );

/**
 * Every form of every kernel that operations ask for on adapters like `base`.
 */
export function* everyDispatch(
  base: AdapterLimits,
  types?: StorageTypes,
): Generator<PlannedDispatch> {
  const graphs = [
    everything(5, 6, types),
    everything(8, 6, types),
    longSum(types),
    optimizer("adamw_hf", !!types),
    optimizer("adam_fairseq", !!types),
  ];
  for (const pretended of [{}, NO_SUBGROUPS, GPU_KERNELS]) {
    const limits = { ...base, ...pretended };
    const plans = graphs.map((graph) => makePlan("all", graph, limits));
    for (
      const plan of [
        ...plans,
        report(5, limits, types),
        report(8, limits, types),
      ]
    ) {
      yield* all(plan.dispatches);
    }
  }
}
