import { assert, assertEquals } from "@std/assert";
import { Graph } from "../../../../src/graph/graph.ts";
import { attention } from "../../../../src/graph/ops/attention/attention.ts";
import { attentionEntropy } from "../../../../src/graph/ops/statistics/attention_entropy.ts";
import {
  hiddenMoments,
  sumsOfSquares,
} from "../../../../src/graph/ops/statistics/hidden_moments.ts";
import { outlierStatistics } from "../../../../src/statistics/block_statistics.ts";
import {
  deviceTest,
  gpu,
  NO_SUBGROUPS,
  runGraph,
} from "../../../helpers/device.ts";
import { assertClose, randoms } from "../../../reference/numbers.ts";

const numbers = (n: number, seed: number) =>
  Float32Array.from(randoms(n, seed));

/**
 * The statistics as `tests/golden/README.md` defines them, with whole Gram
 * matrices.
 */
function reference(x: Float32Array, N: number, D: number) {
  const centred = Array.from({ length: N }, (_, n) => {
    const row = [...x.subarray(n * D, (n + 1) * D)];
    const mean = row.reduce((a, b) => a + b) / D;
    return row.map((v) => v - mean);
  });
  const all = centred.flat();
  const rms = Math.sqrt(all.reduce((a, b) => a + b * b, 0) / all.length) + 1e-8;
  const y = centred.map((row) => row.map((v) => v / rms));
  const dot = (a: number[], b: number[]) =>
    a.reduce((sum, v, i) => sum + v * b[i], 0);
  const columns = Array.from({ length: D }, (_, j) => y.map((row) => row[j]));
  const f = columns.map((c) => dot(c, c) / N);
  const centre = f.reduce((a, b) => a + b) / D;
  const off = (vectors: number[][], unit: number) =>
    vectors.flatMap((a, i) =>
      vectors.flatMap((b, j) => i === j ? [] : [dot(a, b) / unit])
    );
  const mean = (v: number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  const rootMeanSquare = (v: number[]) => Math.sqrt(mean(v.map((a) => a * a)));
  const batch = off(y, D);
  return {
    x_rms: rms,
    kurtosis: f.reduce((sum, v) => sum + (v - centre) ** 2, 0) / (D - 1),
    kurtosis_true: mean(
      y.map((row) =>
        mean(row.map((v) => v ** 4)) / mean(row.map((v) => v ** 2)) ** 2
      ),
    ),
    feat_corr_rms: rootMeanSquare(off(columns, N)),
    batch_corr_mean: mean(batch),
    batch_corr_rms: rootMeanSquare(batch),
    max_median_ratio: mean(centred.map((row) => {
      const sizes = row.map(Math.abs).sort((a, b) => a - b);
      return sizes[D - 1] / sizes[Math.floor((D - 1) / 2)];
    })),
  };
}

// More rows than features and fewer, odd and even counts, one block and
// several, in the types of the residual stream.
for (
  const [N, D, dtype] of [
    [300, 24, "f32"],
    [7, 45, "f32"],
    [12, 64, "f32"],
    [150, 7, "f32"],
    [150, 7, "f16"],
    [12, 64, "f16"],
  ] as const
) {
  for (const limits of [{}, NO_SUBGROUPS]) {
    const where = "subgroupSize" in limits ? " without subgroups" : "";
    deviceTest(
      `hiddenMoments() of ${N} rows of ${D} in ${dtype}${where} give the statistics`,
      async () => {
        if (dtype === "f16" && !(await gpu()).limits.f16) return;
        // A mean and two large features, so that nothing is small by chance.
        const given = numbers(N * D, N + D).map((v, i) =>
          0.3 + v * (i % D < 2 ? 6 : 1)
        );
        const x = dtype === "f16"
          ? Float32Array.from(new Float16Array(given))
          : given;
        const graph = new Graph();
        const { rows, columns, offDiagonal } = hiddenMoments(
          graph,
          "h",
          graph.input("x", [N, D], dtype),
        );
        const { fetched: [r, c, o] } = await runGraph(
          graph,
          { x },
          [rows, columns, offDiagonal],
          { limits },
        );
        const got = outlierStatistics(r, c, o, [N, D]);
        const want = reference(x, N, D);
        assertEquals(Object.keys(got).sort(), Object.keys(want).sort());
        for (const [name, value] of Object.entries(want)) {
          const found = got[name as keyof typeof got];
          assertClose(name, [found], [value], {
            relative: 2e-5,
            absolute: 1e-6,
          });
        }
      },
    );
  }
}

for (
  const { packed, headDim, cap, B, T, dtype } of [
    { packed: true, headDim: 12, cap: 0, B: 40, T: 19, dtype: "f32" },
    { packed: false, headDim: 5, cap: 30, B: 2, T: 33, dtype: "f32" },
    { packed: false, headDim: 8, cap: 0, B: 1, T: 1, dtype: "f32" },
    { packed: true, headDim: 12, cap: 0, B: 2, T: 19, dtype: "f16" },
    { packed: false, headDim: 5, cap: 30, B: 2, T: 33, dtype: "f16" },
  ] as const
) {
  deviceTest(
    `attentionEntropy() of ${B} × ${T} tokens${
      packed ? " with packed keys" : ""
    } in ${dtype} is −Σ p ln p of the softmax`,
    async () => {
      if (dtype === "f16" && !(await gpu()).limits.f16) return;
      const heads = 3, width = heads * headDim, graph = new Graph();
      const rows = B * T, attrs = { sequenceLength: T, heads, headDim, cap };
      const v = graph.input("v", [rows, width]);
      const given = numbers(rows * 2 * width, 3).map((x) => 4 * x);
      const pair = dtype === "f16"
        ? Float32Array.from(new Float16Array(given))
        : given;
      const values: Record<string, Float32Array> = {
        v: numbers(rows * width, 1),
      };
      if (packed) values.qk = pair;
      else {
        for (const [name, start] of [["q", 0], ["k", width]] as const) {
          values[name] = new Float32Array(rows * width).map((_, i) =>
            pair[Math.floor(i / width) * 2 * width + start + i % width]
          );
        }
      }
      attention(
        graph,
        "attend",
        packed ? { qk: graph.input("qk", [rows, 2 * width], dtype), v } : {
          q: graph.input("q", [rows, width], dtype),
          k: graph.input("k", [rows, width], dtype),
          v,
        },
        attrs,
      );
      const sums = attentionEntropy(graph, "e", graph.nodes[0].inputs, attrs);
      const { fetched: [got] } = await runGraph(graph, values, [sums]);
      let want = 0;
      for (let n = 0; n < rows; n++) {
        for (let h = 0; h < heads; h++) {
          const t = n % T, scores: number[] = [];
          for (let m = n - t; m <= n; m++) {
            let a = 0;
            for (let d = 0; d < headDim; d++) {
              a += pair[n * 2 * width + h * headDim + d] *
                pair[m * 2 * width + width + h * headDim + d];
            }
            a /= Math.sqrt(headDim);
            scores.push(cap ? cap * Math.tanh(a / cap) : a);
          }
          const top = Math.max(...scores);
          const weights = scores.map((a) => Math.exp(a - top));
          const total = weights.reduce((a, b) => a + b);
          for (const w of weights) {
            const p = w / total;
            if (p > 0) want -= p * Math.log(p);
          }
        }
      }
      const found = got.reduce((a, b) => a + b, 0);
      assertClose("entropy", [found], [want], {
        relative: 1e-5,
        absolute: 1e-6,
      });
      assert(T === 1 || found > 0);
    },
  );
}

deviceTest("sumsOfSquares() leaves parts for each stretch", async () => {
  const graph = new Graph(), { limits } = await gpu();
  const sizes = [1, 7, 5000, 64, 5000, 9000];
  // Bindings begin on whole blocks, stretches anywhere between.
  const starts = [0, 0, 0, 0, 1244, 516];
  const stretches = sizes.map((n, i) => ({
    tensor: graph.input(`t${i}`, [n]),
    start: starts[i],
    count: Math.min(n, 4100) - starts[i],
  }));
  const { sums, parts } = sumsOfSquares(graph, "norms", stretches, limits);
  const values = Object.fromEntries(
    sizes.map((n, i) => [`t${i}`, numbers(n, i)]),
  );
  const { fetched: [got] } = await runGraph(graph, values, [sums]);
  parts.forEach(({ first, count }, i) => {
    const found = got.subarray(first, first + count).reduce((a, b) => a + b, 0);
    const { start, count: elements } = stretches[i];
    const want = values[`t${i}`].slice(start, start + elements)
      .reduce((sum, x) => sum + x * x, 0);
    assertClose(`t${i}`, [found], [want], { relative: 1e-5, absolute: 0 });
  });
});
