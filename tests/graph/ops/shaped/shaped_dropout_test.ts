import { assert } from "@std/assert";
import { Graph } from "../../../../src/graph/graph.ts";
import { attention } from "../../../../src/graph/ops/attention/attention.ts";
import { shaped } from "../../../../src/graph/ops/shaped/shaped.ts";
import { shapedDropout } from "../../../../src/graph/ops/shaped/shaped_dropout.ts";
import type { Tensor } from "../../../../src/graph/tensor.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  given,
} from "../../../helpers/check_operation.ts";
import { deviceTest, GPU_KERNELS, runGraph } from "../../../helpers/device.ts";
import * as reference from "../../../reference/attention.ts";
import { matrixMask, type Random } from "../../../reference/dropout.ts";
import { assertClose } from "../../../reference/numbers.ts";

const RANDOM: Random = [7, 3, 1];

/**
 * Shaped Attention with the given numbers as gains, or (`trained`) tensors of
 * them a head.
 */
function masked(
  [B, T, H, d]: number[],
  { rate = 0.3, trained = false } = {},
): Check {
  const rows = B * T, width = H * d, place = { rate, site: 2, random: RANDOM };
  const mask = matrixMask(place, T);
  const shape = { B, T, H, d, cap: 0, mask };
  const [q, k, v] = [1, 2, 3].map((s) => given(s, [rows, width], 2));
  const perHead = (seed: number, value: number) => ({
    shape: [1, H, 1, 1],
    values: trained
      ? given(seed, [H]).values.map((x) => x + value)
      : new Float64Array(H).fill(value),
  });
  const gains = {
    resid: perHead(4, 0.75),
    skip: perHead(5, 1.5),
    centre: perHead(6, 0.5),
  };
  const { resid, skip, centre } = gains;
  const a = reference.attention(q.values, k.values, v.values, shape);
  const e = new Float64Array(a.length), u = new Float64Array(a.length);
  /** Calls `each` on every pair of elements of v that a mask ties. */
  const walk = (
    each: (h: number, to: number, from: number, m: number, t: number) => void,
  ) => {
    for (let matrix = 0; matrix < B * H; matrix++) {
      const b = Math.floor(matrix / H), h = matrix % H;
      for (let t = 0; t < T; t++) {
        for (let s = 0; s <= t; s++) {
          const m = mask(matrix, t, s);
          for (let i = 0; i < d; i++) {
            const at = (t: number) => ((b * T + t) * H + h) * d + i;
            each(h, at(t), at(s), m, t);
          }
        }
      }
    }
  };
  walk((_, to, from, m, t) => {
    if (to === from) e[to] = m * v.values[to];
    u[to] += m * v.values[from] / (t + 1);
  });
  const headOf = (i: number) => Math.floor(i / d) % H;
  return {
    activations: { q, k, v },
    parameters: trained ? gains : {},
    inputs: { random: Uint32Array.from(RANDOM) },
    build(graph, tensors) {
      const { q, k, v, random } = tensors;
      const dropout = { ...place, random };
      const attrs = { sequenceLength: T, heads: H, headDim: d, cap: 0 };
      const a = attention(graph, "a", { q, k, v }, attrs, dropout);
      const gain = (name: keyof typeof gains): Tensor | number =>
        trained ? tensors[name] : gains[name].values[0];
      return shapedDropout(graph, "y", a, v, {
        resid: gain("resid"),
        skip: gain("skip"),
        centre: gain("centre"),
      }, { sequenceLength: T, headDim: d, dropout });
    },
    y: a.map((x, i) => {
      const h = headOf(i);
      return resid.values[h] * x + skip.values[h] * e[i] -
        centre.values[h] * u[i];
    }),
    gradients(dy) {
      const sum = (x: Float64Array, sign: number) => {
        const total = new Float64Array(H);
        dy.forEach((g, i) => total[headOf(i)] += sign * g * x[i]);
        return total;
      };
      const da = dy.map((g, i) => resid.values[headOf(i)] * g);
      const d = reference.attentionGradient(
        da,
        q.values,
        k.values,
        v.values,
        shape,
      );
      walk((h, to, from, m, t) => {
        if (to === from) d.v[to] += m * skip.values[h] * dy[to];
        d.v[from] -= m * centre.values[h] * dy[to] / (t + 1);
      });
      return { ...d, resid: sum(a, 1), skip: sum(e, 1), centre: sum(u, -1) };
    },
    tolerance: { relative: 3e-5 },
  };
}

deviceTest("shapedDropout() holds with gains that are numbers", async () => {
  await checkOperation(masked([2, 13, 2, 5]));
  await checkOperation(masked([1, 36, 3, 8], { rate: 0.1 }));
});

deviceTest("shapedDropout() holds with gains trained per head", async () => {
  await checkOperation(masked([2, 13, 3, 4], { trained: true }));
  await checkOperation(masked([2, 35, 1, 7], { trained: true }), {
    limits: GPU_KERNELS,
  });
});

deviceTest(
  "shapedDropout() is shaped() where hardly anything is dropped",
  async () => {
    const B = 2, T = 21, H = 3, d = 4, shape = [B * T, H * d];
    const graph = new Graph();
    const names = ["q", "k", "v"],
      given_ = names.map((_, i) => given(i + 1, shape));
    const [q, k, v] = names.map((name) => graph.input(name, shape));
    const random = graph.input("random", [3], "u32");
    // One element in 10^9.
    const dropout = { rate: 1e-9, site: 1, random };
    const gains = { resid: 0.7, skip: 1.2, centre: 0.9 };
    const attrs = { sequenceLength: T, heads: H, headDim: d, cap: 0 };
    const matrices = { q, k, v };
    const plain = attention(graph, "a", matrices, attrs);
    const masked = attention(graph, "m", matrices, attrs, dropout);
    const both = [
      shaped(graph, "x", plain, v, gains, attrs),
      shapedDropout(graph, "y", masked, v, gains, { ...attrs, dropout }),
    ];
    const values = Object.fromEntries(
      names.map((name, i) => [name, given_[i].values]),
    );
    const { fetched: [x, y] } = await runGraph(
      graph,
      { ...values, random: RANDOM },
      both,
    );
    assert(x.some((value) => value !== 0));
    assertClose("shaped", y, Float64Array.from(x), { relative: 1e-5 });
  },
);

// Its terms are stored too.
deviceTest("shapedDropout() holds for f16 tensors", async () => {
  await checkHalf(() => masked([2, 13, 3, 4], { trained: true }), {}, 8);
  await checkHalf(() => masked([2, 13, 2, 5]), {}, 8);
});
