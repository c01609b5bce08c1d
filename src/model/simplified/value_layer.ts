/**
 * What are the value and projection layers of "Simplifying Transformer Blocks"
 * (section 4.2, equation 6)? Absent, plain, or
 * `resid_gain · W + skip_gain · id`.
 * @module
 */
import type { SimplifiedModelConfig } from "../../config/mod.ts";
import type { Graph } from "../../graph/graph.ts";
import {
  type Gain,
  weightedSum,
} from "../../graph/ops/elementwise/weighted_sum.ts";
import { linear } from "../../graph/ops/matmul/linear.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { initialValues } from "../initialise.ts";
import type { FixedTensor, Weights } from "../model.ts";
import type { Init, ParameterSpec } from "../parameters.ts";

/**
 * Standard deviation of a block's initial matrices: the authors' layer has it
 * written in, whatever `initializer_range` is.
 */
export const MATRIX_STD = 0.02;

/** The two layers around attention. */
export type ValueLayer = "v_attn" | "c_proj";

/** The form of one of them. */
type Form =
  /** The identity: no parameters, no dispatch. */
  | { kind: "absent" }
  | { kind: "plain"; init: Init }
  | {
    kind: "reparameterised";
    resid: number;
    skip: number;
    trainable: boolean;
    type: SimplifiedModelConfig["val_init_type"];
  };

function formOf(
  model: SimplifiedModelConfig,
  layer: number,
  site: ValueLayer,
): Form {
  const value = site === "v_attn";
  const last = model.n_layer - 1;
  const override = value
    ? layer === 0 ? model.first_layer_value_resid_gain : null
    : layer === last
    ? model.last_layer_proj_resid_gain
    : null;
  const resid = override ??
    (value ? model.value_resid_gain : model.proj_resid_gain);
  const skip = value ? model.value_skip_gain : model.proj_skip_gain;
  const type = value ? model.val_init_type : model.proj_init_type;
  if (skip === 1 && resid === 0 && type === "id") return { kind: "absent" };
  if (skip === null) {
    const std = model.val_proj_init_std;
    const init: Init = std !== null
      ? { kind: "normal", std }
      : type === "orth"
      ? { kind: "orthogonal" }
      : type === "id"
      ? { kind: "identity" }
      : { kind: "normal", std: MATRIX_STD };
    return { kind: "plain", init };
  }
  const trainable = value
    ? model.trainable_value_gains
    : model.trainable_proj_gains;
  return { kind: "reparameterised", resid, skip, trainable, type };
}

/** Whether the layer is a matrix and nothing else. */
export const isPlain = (
  model: SimplifiedModelConfig,
  layer: number,
  site: ValueLayer,
): boolean => formOf(model, layer, site).kind === "plain";

const pathOf = (layer: number, site: ValueLayer) =>
  `transformer.h.${layer}.attn.${site}`;

/** The layer's parameters; none if it is absent. */
export function valueParameters(
  model: SimplifiedModelConfig,
  layer: number,
  site: ValueLayer,
): ParameterSpec[] {
  const form = formOf(model, layer, site), path = pathOf(layer, site);
  if (form.kind === "absent") return [];
  const D = model.n_embd;
  const constant = (
    name: string,
    shape: readonly number[],
    value: number,
    trainable: boolean,
  ): ParameterSpec => ({
    name: `${path}.${name}`,
    shape,
    init: { kind: "constant", value },
    trainable,
  });
  const weight = (init: Init): ParameterSpec => ({
    name: `${path}.weight`,
    shape: [D, D],
    init,
    trainable: true,
  });
  // The authors' code has this bias; it stays 0 and is not trained.
  const bias = constant("bias", [D], 0, false);
  if (form.kind === "plain") return [bias, weight(form.init)];
  const std = model.val_proj_init_std;
  return [
    bias,
    constant("resid_gain", [1], form.resid, form.trainable),
    constant("skip_gain", [1], form.skip, form.trainable),
    weight(
      std === null ? { kind: "constant", value: 0 } : { kind: "normal", std },
    ),
  ];
}

/**
 * The random matrices that replace the identity where `val_init_type` or
 * `proj_init_type` asks for them. They never change, but are saved.
 */
export function fixedMatrices(model: SimplifiedModelConfig): FixedTensor[] {
  const D = model.n_embd, out: FixedTensor[] = [];
  const own = (layer: number, site: ValueLayer) => (seed: number) =>
    initialValues({
      name: `${pathOf(layer, site)}.id`,
      shape: [D, D],
      trainable: false,
      init: matrixInit(formOf(model, layer, site), D),
    }, seed);
  for (let layer = 0; layer < model.n_layer; layer++) {
    for (const site of ["v_attn", "c_proj"] as const) {
      const form = formOf(model, layer, site);
      if (form.kind !== "reparameterised" || form.type === "id") continue;
      const tied = site === "c_proj" && model.tie_valproj_init;
      out.push({
        name: `${pathOf(layer, site)}.id`,
        shape: [D, D],
        saved: true,
        values: tied === "all_blocks"
          ? (seed) => transpose(own(layer, "v_attn")(seed), D)
          : tied === "last_block" && layer === model.n_layer - 1
          ? (seed) => transpose(productBefore(model, own, seed), D)
          : own(layer, site),
      });
    }
  }
  return out;
}

/** Initial values of the matrix that replaces the identity. */
function matrixInit(form: Form, D: number): Init {
  const type = form.kind === "reparameterised" ? form.type : "id";
  if (type === "id") return { kind: "identity" };
  return type === "orth"
    ? { kind: "orthogonal" }
    : { kind: "normal", std: 1 / Math.sqrt(D) };
}

/**
 * v₀ p₀ v₁ p₁ … v_last, which the last projection inverts with `last_block`.
 */
function productBefore(
  model: SimplifiedModelConfig,
  own: (layer: number, site: ValueLayer) => (seed: number) => Float32Array,
  seed: number,
): Float32Array<ArrayBuffer> {
  const D = model.n_embd;
  let product: Float32Array<ArrayBuffer> | undefined;
  for (let layer = 0; layer < model.n_layer; layer++) {
    for (const site of ["v_attn", "c_proj"] as const) {
      if (site === "c_proj" && layer === model.n_layer - 1) break;
      const next = own(layer, site)(seed);
      product = product ? multiply(product, next, D) : Float32Array.from(next);
    }
  }
  return product!;
}

function multiply(a: Float32Array, b: Float32Array, n: number) {
  const c = new Float32Array(n * n);
  const row = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    row.fill(0);
    for (let k = 0; k < n; k++) {
      const x = a[i * n + k];
      for (let j = 0; j < n; j++) row[j] += x * b[k * n + j];
    }
    c.set(row, i * n);
  }
  return c;
}

function transpose(a: Float32Array, n: number): Float32Array<ArrayBuffer> {
  const t = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) t[j * n + i] = a[i * n + j];
  }
  return t;
}

/** Applies the layer to `x` (`[N, D]`); an absent one returns `x` itself. */
export function applyValueLayer(
  graph: Graph,
  model: SimplifiedModelConfig,
  layer: number,
  site: ValueLayer,
  x: Tensor,
  weights: Weights,
): Tensor {
  const form = formOf(model, layer, site), path = pathOf(layer, site);
  if (form.kind === "absent") return x;
  const project = (weight: Tensor) =>
    linear(graph, path, x, weight, undefined, "in_out");
  if (form.kind === "plain") return project(weights(`${path}.weight`));
  const gain = (name: "resid" | "skip"): Gain =>
    form.trainable ? weights(`${path}.${name}_gain`) : form[name];
  if (form.type === "id") {
    // The authors' code leaves W out of the graph where the gain is exactly 0.
    return weightedSum(graph, `${path}.sum`, [
      ...form.resid === 0
        ? []
        : [{ x: project(weights(`${path}.weight`)), gain: gain("resid") }],
      { x, gain: gain("skip") },
    ]);
  }
  // One product with the summed matrix instead of two.
  return project(weightedSum(graph, `${path}.matrix`, [
    { x: weights(`${path}.weight`), gain: gain("resid") },
    { x: weights(`${path}.id`), gain: gain("skip") },
  ]));
}
