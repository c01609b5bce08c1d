import { assertThrows } from "@std/assert";
import { Graph } from "../../../../src/graph/graph.ts";
import { attention } from "../../../../src/graph/ops/attention/attention.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  given,
} from "../../../helpers/check_operation.ts";
import { deviceTest, GPU_KERNELS } from "../../../helpers/device.ts";
import * as reference from "../../../reference/attention.ts";
import { matrixMask, type Random } from "../../../reference/dropout.ts";

/** Columns of matrices of `rows` rows side by side. */
function pack(matrices: Float64Array[], rows: number): Float64Array {
  const width = matrices[0].length / rows;
  const out: number[] = [];
  for (let r = 0; r < rows; r++) {
    for (const x of matrices) {
      out.push(...x.subarray(r * width, (r + 1) * width));
    }
  }
  return Float64Array.from(out);
}

/**
 * B sequences of T tokens with H heads of d. Scores are of the size of `size`².
 * The first `packed` of queries, keys and values lie in one matrix.
 */
function attended(
  [B, T, H, d]: number[],
  { packed = 2, cap = 0, size = 2, rate = 0 } = {},
): Check {
  const rows = B * T, width = H * d;
  const random: Random = [7, 3, 1], place = { rate, site: 5, random };
  const mask = rate > 0 ? matrixMask(place, T) : undefined;
  const shape = { B, T, H, d, cap, mask };
  const [q, k, v] = [1, 2, 3].map((s) => given(s, [rows, width], size));
  const attrs = { sequenceLength: T, heads: H, headDim: d, cap };
  const qk = {
    shape: [rows, 2 * width],
    values: pack([q.values, k.values], rows),
  };
  const qkv = {
    shape: [rows, 3 * width],
    values: pack([q.values, k.values, v.values], rows),
  };
  return {
    activations: packed === 3
      ? { qkv }
      : packed === 2
      ? { qk, v }
      : { q, k, v },
    inputs: rate > 0 ? { random: Uint32Array.from(random) } : {},
    build: (graph, { q, k, v, qk, qkv, random }) =>
      attention(
        graph,
        "o",
        packed === 3 ? { qkv } : packed === 2 ? { qk, v } : { q, k, v },
        attrs,
        rate > 0 ? { ...place, random } : undefined,
      ),
    y: reference.attention(q.values, k.values, v.values, shape),
    gradients(dO) {
      const d = reference.attentionGradient(
        dO,
        q.values,
        k.values,
        v.values,
        shape,
      );
      return {
        ...d,
        qk: pack([d.q, d.k], rows),
        qkv: pack([d.q, d.k, d.v], rows),
      };
    },
    tolerance: { relative: 2e-5 },
  };
}

// Sequences, tokens, heads, head width. Each head width is a separate kernel.

deviceTest("attention() holds for packed queries and keys", async () => {
  for (
    const shape of [[3, 7, 4, 3], [2, 20, 3, 5], [1, 33, 4, 12], [2, 33, 1, 12]]
  ) await checkOperation(attended(shape));
});

deviceTest("attention() holds for separate queries and keys", async () => {
  for (const shape of [[2, 20, 3, 5], [2, 33, 1, 12]]) {
    await checkOperation(attended(shape, { packed: 1 }));
  }
});

deviceTest(
  "attention() holds for queries, keys and values packed",
  async () => {
    for (const shape of [[2, 20, 3, 5], [1, 33, 4, 12]]) {
      await checkOperation(attended(shape, { packed: 3 }));
    }
    await checkOperation(attended([2, 13, 2, 5], { packed: 3, rate: 0.3 }));
  },
);

deviceTest(
  "attention() holds for heads as wide as this adapter likes them",
  async () => {
    // Some software drivers have kernels of their own for these.
    await checkOperation(attended([2, 33, 3, 8]));
    await checkOperation(attended([2, 45, 1, 32]));
    const options = { cap: 3, size: 3, packed: 1 };
    await checkOperation(attended([3, 20, 3, 8], options));
    await checkOperation(attended([5, 1, 2, 8], options));
  },
);

deviceTest("attention() holds with a soft cap", async () => {
  // Scores of up to 30 against a cap of 3: most of them are bent.
  const options = { cap: 3, size: 3 };
  await checkOperation(attended([1, 33, 4, 12], options));
  await checkOperation(attended([2, 20, 3, 3], { ...options, packed: 1 }));
});

deviceTest("attention() holds with the kernels of GPUs", async () => {
  const options = { limits: GPU_KERNELS };
  // So wide that two workgroups share the columns of a tile.
  const wide = attended([1, 67, 2, 132], { cap: 3, size: 1, packed: 3 });
  await checkOperation(wide, options);
});

deviceTest("attention() holds with weights dropped", async () => {
  const options = { rate: 0.1, packed: 1, cap: 3, size: 3 };
  await checkOperation(attended([1, 36, 3, 8], options));
});

deviceTest("attention() drops the same weights on GPUs", async () => {
  const options = { limits: GPU_KERNELS };
  // More than one tile, and rows of the mask that end within a call.
  const apart = { rate: 0.2, packed: 1 };
  await checkOperation(attended([1, 135, 2, 7], apart), options);
});

deviceTest("attention() holds for long sequences, cut and whole", async () => {
  const long = attended([1, 2048, 1, 8], { rate: 0.1, size: 1 });
  await checkOperation(long);
  // A binding holds 64 sequences of 7 tokens: masks go on where one ends.
  const limits = { maxBindingBytes: 64 * 7 * 32 * 4 };
  await checkOperation(attended([150, 7, 2, 8], { rate: 0.2 }), { limits });
});

deviceTest("attention() of one token is its value", async () => {
  // The second has more sequences than a dispatch may have along a dimension.
  for (const shape of [[5, 1, 2, 3], [70_000, 1, 1, 3]]) {
    const check = attended(shape);
    await checkOperation({ ...check, tolerance: { absolute: 1e-5 } });
  }
});

deviceTest(
  "attention() holds where the scores differ by hundreds",
  async () => {
    const check = attended([1, 20, 1, 12], { size: 25 });
    // A score of 600 is known to 6e-5, and so is its power.
    await checkOperation({ ...check, tolerance: { relative: 1e-4 } });
  },
);

Deno.test("attention() refuses widths that do not fit the heads", () => {
  const graph = new Graph();
  const qk = graph.input("qk", [6, 24]), v = graph.input("v", [6, 8]);
  assertThrows(
    () =>
      attention(graph, "o", { qk, v }, {
        sequenceLength: 3,
        heads: 2,
        headDim: 6,
        cap: 0,
      }),
    RangeError,
    "Cannot attend over 'v' of [6,8]: rows must be sequences of 3, 12 wide",
  );
});

// The gradient reads outputs that were rounded. The subgroup kernels, which
// take long to compile for f16, run in the golden fixtures.
deviceTest("attention() holds for f16 tensors", async () => {
  const options = { limits: GPU_KERNELS };
  await checkHalf(() => attended([2, 13, 2, 5], { rate: 0.3 }), {}, 8);
  await checkHalf(() => attended([2, 13, 1, 3], { packed: 1 }), {}, 8);
  // These take long to compile.
  const all = () => attended([2, 33, 3, 12], { packed: 3 });
  await checkHalf(all, options, 8, ["f16"]);
});
