/**
 * What is measured inside the blocks of a run? Attention entropy, moments of
 * hidden states, gradient norms per layer, gains. A separate plan computes them
 * at the steps asked for, on the last training batch; without a report there is
 * no such plan.
 *
 * With y the centred hidden states over their RMS (N rows, D columns), the
 * correlations of N rows need no N × N matrix where D < N: as the traces of
 * (yᵀy)² and (y yᵀ)² are equal,
 *
 *   Σ_{n≠m} (y yᵀ)²_nm = Σ_{i≠j} (yᵀy)²_ij + Σ_i (yᵀy)²_ii − Σ_n (y yᵀ)²_nn
 *
 * and both diagonals are sums of squares of columns and of rows. (Where N < D,
 * the roles are exchanged.) Their mean needs only the column sums:
 *
 *   Σ_{n≠m} (y yᵀ)_nm = ‖Σ_n y_n‖² − Σ_n ‖y_n‖²
 * @module
 */
import type { Executor } from "../gpu/executor.ts";
import { gradientName } from "../graph/differentiate.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import { FP32, Graph, type StorageTypes } from "../graph/graph.ts";
import { attentionEntropy } from "../graph/ops/statistics/attention_entropy.ts";
import {
  type HiddenMoments,
  hiddenMoments,
  type Parts,
  sumsOfSquares,
} from "../graph/ops/statistics/hidden_moments.ts";
import { bytes, count, type Tensor } from "../graph/tensor.ts";
import type { Model } from "../model/model.ts";
import { type ParameterSpec, startOf, wholesOf } from "../model/parameters.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import {
  constantValues,
  gainParameters,
  gainStatistics,
  placeOf,
} from "./gains.ts";

/** What to measure. */
export interface ReportOptions {
  gains: boolean;
  attnEntropy: boolean;
  outliers: boolean;
  gradNorms: boolean;
}

/** The plan of a report, and its tensors. */
export interface Report {
  options: ReportOptions;
  plan: Plan;
  /** Per layer: sums of entropies. */
  entropies: { sums: Tensor; queries: number }[];
  /**
   * Moments of the embedding, of each block's output except the last, and of
   * the final norm's output.
   */
  hidden: (HiddenMoments & { shape: readonly number[] })[];
  /** Sums of squares of the gradients. */
  gradients?: { sums: Tensor; parts: Parts[]; names: string[] };
}

/**
 * Plans a report.
 *
 * @param batchSize sequences of a micro-batch
 * @param trained parameters that have gradients on the device
 * @param types what tensors of the forward pass are stored as
 * @returns undefined if nothing is to be measured
 */
export function buildReport(
  model: Model,
  batchSize: number,
  trained: readonly ParameterSpec[],
  options: ReportOptions,
  limits: AdapterLimits,
  types: StorageTypes = FP32,
): Report | undefined {
  if (!Object.values(options).includes(true)) return undefined;
  const graph = new Graph(types), positions = batchSize * model.sequenceLength;
  const report: Omit<Report, "plan"> = { options, entropies: [], hidden: [] };
  const fetched: Tensor[] = [];
  if (options.attnEntropy || options.outliers) {
    const tokens = graph.input("tokens", [positions], "u32");
    const order = graph.input("order", [positions], "u32");
    const { hidden, final } = model.forward(graph, { tokens, order });
    if (options.attnEntropy) {
      const nodes = graph.nodes.filter((n) => n.operation.name === "attention");
      for (const [i, node] of nodes.entries()) {
        const sums = after(
          graph,
          node.outputs[0],
          () =>
            attentionEntropy(graph, `entropy ${i}`, node.inputs, node.attrs),
        );
        report.entropies.push({ sums, queries: positions * node.attrs.heads });
        fetched.push(sums);
      }
    }
    if (options.outliers) {
      // Hugging Face's numbering: the last hidden states are normalized.
      for (const [i, x] of [...hidden.slice(0, -1), final].entries()) {
        const moments = after(
          graph,
          x,
          () => hiddenMoments(graph, `hidden ${i}`, x),
        );
        report.hidden.push({ ...moments, shape: x.shape });
        fetched.push(moments.rows, moments.columns, moments.offDiagonal);
      }
    }
  }
  if (options.gradNorms) {
    const wholes = wholesOf(model.joined);
    const gradients = trained.map((p) => {
      const whole = wholes.get(p.name), { name, shape } = whole ?? p;
      return {
        tensor: graph.persistent(gradientName(name), shape),
        start: whole ? startOf(whole, p.name) : 0,
        count: count(p),
      };
    });
    const sums = sumsOfSquares(graph, "gradient norms", gradients, limits);
    report.gradients = { ...sums, names: trained.map((p) => p.name) };
    fetched.push(sums.sums);
  }
  return { ...report, plan: makePlan("report", graph, limits, fetched) };
}

/**
 * Places the nodes that `make` adds directly after the node of `x`, so that `x`
 * need not be kept until the end of the forward pass.
 */
function after<T>(graph: Graph, x: Tensor, make: () => T): T {
  const length = graph.nodes.length, made = make();
  const added = graph.nodes.splice(length);
  const at = x.node ? graph.nodes.indexOf(x.node) + 1 : 0;
  graph.nodes.splice(at, 0, ...added);
  return made;
}

/**
 * Reads the numbers of a report whose plan has run. Waits for the device once.
 *
 * @param gradientScale factor of the gradients on the device
 * @returns numbers by the names of `docs/metrics.md`
 */
export async function readReport(
  engine: MeasuredEngine,
  report: Report,
  gradientScale = 1,
): Promise<Record<string, number>> {
  const { model } = engine, { options, plan } = report;
  const places = [...plan.fetches].map(([tensor, location]) => ({
    location,
    size: bytes(tensor),
  }));
  const gains = options.gains ? gainParameters(model) : [];
  const onDevice = gains.filter((p) => engine.isTrained(p));
  const data = (await engine.executor.readAll([
    ...places,
    ...onDevice.map((p) => ({
      location: { external: p.name },
      size: 4 * count(p),
    })),
  ])).map((buffer) => new Float32Array(buffer));
  const fetched = new Map<Tensor, Float32Array>();
  [...plan.fetches.keys()].forEach((tensor, i) => fetched.set(tensor, data[i]));
  const out: Record<string, number> = {};
  if (options.gains) {
    const values = new Map(gains.map((p) => [p.name, constantValues(p)]));
    onDevice.forEach((p, i) => values.set(p.name, data[places.length + i]));
    Object.assign(out, gainStatistics(model, values));
  }
  report.entropies.forEach(({ sums, queries }, i) => {
    out[`attn.${i}.entropy`] = sum(fetched.get(sums)!) / queries;
  });
  report.hidden.forEach(({ rows, columns, offDiagonal, shape }, i) => {
    const numbers = outlierStatistics(
      fetched.get(rows)!,
      fetched.get(columns)!,
      fetched.get(offDiagonal)!,
      shape,
    );
    for (const [name, value] of Object.entries(numbers)) {
      out[`hidden_states.${i}.${name}`] = value;
    }
  });
  if (report.gradients) {
    const { sums, parts, names } = report.gradients, all = fetched.get(sums)!;
    Object.assign(
      out,
      gradientNorms(
        names,
        parts.map(({ first, count }) =>
          sum(all.subarray(first, first + count)) / gradientScale ** 2
        ),
      ),
    );
  }
  return out;
}

/** An engine whose report plan has run. */
export interface MeasuredEngine {
  readonly model: Model;
  readonly executor: Executor;
  isTrained(spec: ParameterSpec): boolean;
}

/** Measures of outlier features in the hidden states of one layer. */
export interface OutlierStatistics {
  x_rms: number;
  kurtosis: number;
  kurtosis_true: number;
  feat_corr_rms: number;
  batch_corr_mean: number;
  batch_corr_rms: number;
  max_median_ratio: number;
}

/**
 * The statistics of N rows of D features from their moments.
 *
 * @param rows `[N, 4]`; `columns` is `[2, D]` and `off` `[min(N, D)]`: see
 *   {@linkcode HiddenMoments}
 */
export function outlierStatistics(
  rows: Float32Array,
  columns: Float32Array,
  off: Float32Array,
  [N, D]: readonly number[],
): OutlierStatistics {
  let squares = 0, rowDiagonal = 0, tails = 0, ratios = 0;
  for (let n = 0; n < N; n++) {
    const [second, fourth, largest, median] = rows.subarray(4 * n, 4 * n + 4);
    squares += second;
    rowDiagonal += second * second;
    tails += D * fourth / (second * second);
    ratios += largest / median;
  }
  const features = columns.subarray(D);
  const columnDiagonal = sumSquares(features);
  const narrow = sum(off), difference = columnDiagonal - rowDiagonal;
  const [offColumns, offRows] = D <= N
    ? [narrow, narrow + difference]
    : [narrow - difference, narrow];
  const x_rms = Math.sqrt(squares / (N * D)) + 1e-8, unit = x_rms * x_rms;
  const mean = squares / (N * D * unit);
  let spread = 0;
  for (const f of features) spread += (f / (N * unit) - mean) ** 2;
  return {
    x_rms,
    kurtosis: spread / (D - 1),
    kurtosis_true: tails / N,
    feat_corr_rms: Math.sqrt(
      Math.max(0, offColumns) / (D * (D - 1)),
    ) / (N * unit),
    batch_corr_mean: (sumSquares(columns.subarray(0, D)) - squares) /
      (N * (N - 1) * D * unit),
    batch_corr_rms: Math.sqrt(Math.max(0, offRows) / (N * (N - 1))) /
      (D * unit),
    max_median_ratio: ratios / N,
  };
}

/**
 * L2 norms of gradients: per layer, and per kind of parameter in each layer.
 */
export function gradientNorms(
  names: readonly string[],
  squares: readonly number[],
): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (key: string, value: number) =>
    sums[key] = (sums[key] ?? 0) + value;
  names.forEach((name, i) => {
    const { layer, kind } = placeOf(name);
    if (layer === null) add(`grad_norm.${kind}`, squares[i]);
    else {
      add(`grad_norm.${layer}`, squares[i]);
      add(`grad_norm.${layer}.${kind}`, squares[i]);
    }
  });
  return Object.fromEntries(
    Object.entries(sums).map(([key, value]) => [key, Math.sqrt(value)]),
  );
}

const sum = (x: Float32Array) => x.reduce((a, b) => a + b, 0);
const sumSquares = (x: Float32Array) => x.reduce((a, b) => a + b * b, 0);
