/** What the float64 models of both families are made of. @module */
import type { Batch } from "../../src/data/loader/batch.ts";
import { flatMask, matrixMask, type Random } from "../reference/dropout.ts";
import { linear } from "../reference/linear.ts";
import { norm } from "../reference/norm.ts";

/** Looks a parameter or a fixed matrix up by its name. */
export type Values = (name: string) => Float64Array;

/** A model's mean loss on a batch, in nats. */
export type Loss = (values: Values, batch: Batch, drops: Drops) => number;

/** Factor of element (t, s) of a head's matrix. */
type Mask = (matrix: number, t: number, s: number) => number;

/**
 * The places that drop, numbered as they come: those with a rate of 0 have no
 * number.
 */
export class Drops {
  #site = 0;

  /** @param random seed, step and micro-batch; null drops nothing */
  constructor(private readonly random: Random | null) {}

  #place(rate: number) {
    if (!this.random || rate === 0) return null;
    return { rate, site: ++this.#site, random: this.random };
  }

  /** `x` as the next place leaves it. */
  flat(x: Float64Array, rate: number): Float64Array {
    const place = this.#place(rate);
    if (!place) return x;
    const mask = flatMask(place, x.length);
    return x.map((value, i) => value * mask[i]);
  }

  /** The next place's mask of T × T matrices. */
  matrix(rate: number, T: number): Mask {
    const place = this.#place(rate);
    return place ? matrixMask(place, T) : () => 1;
  }
}

/** Σ gain · x. */
export const sum = (...terms: [gain: number, x: Float64Array][]) =>
  terms[0][1].map((_, i) => terms.reduce((y, [gain, x]) => y + gain * x[i], 0));

/**
 * Each row times `scale`, whose elements stand for equally many columns each.
 */
export function scaled(x: Float64Array, scale: Float64Array, D: number) {
  const each = D / scale.length;
  return x.map((value, i) => value * scale[Math.floor(i % D / each)]);
}

/** Columns `from` to `to` of rows of `width`. */
export function columns(
  x: Float64Array,
  width: number,
  from: number,
  to: number,
): Float64Array {
  const n = x.length / width, out = new Float64Array(n * (to - from));
  for (let r = 0; r < n; r++) {
    out.set(x.subarray(r * width + from, r * width + to), r * (to - from));
  }
  return out;
}

/**
 * The norm at `path`, over rows as wide as its parameters.
 *
 * @param kind `none` passes `x` on
 */
export function normed(
  values: Values,
  path: string,
  x: Float64Array,
  kind: "none" | "ln" | "rmsnorm",
): Float64Array {
  if (kind === "none") return x;
  const scale = values(`${path}.${kind === "ln" ? "weight" : "scale"}`);
  const biases = kind === "ln" ? [values(`${path}.bias`)] : [];
  const D = scale.length, shape = { R: x.length / D, D, heads: 1 };
  return norm(x, [scale], biases, { ...shape, kind, eps: 1e-5 });
}

/** x W + b over rows of I. */
export function dense(
  x: Float64Array,
  I: number,
  w: Float64Array,
  b?: Float64Array,
  outIn = false,
): Float64Array {
  return linear(x, w, b, { N: x.length / I, I, O: w.length / I, outIn });
}

/** Mean cross-entropy of the head's logits on the targets that count. */
export function crossEntropy(
  h: Float64Array, // [N, D]
  head: Float64Array, // [V, D]
  D: number,
  { targets, counted }: Batch,
): number {
  const V = head.length / D, logits = dense(h, D, head, undefined, true);
  let loss = 0;
  targets.forEach((target, n) => {
    if (target >= V) return;
    const row = logits.subarray(n * V, (n + 1) * V);
    const powers = row.reduce((total, x) => total + Math.exp(x), 0);
    loss += Math.log(powers) - row[target];
  });
  return loss / counted;
}
