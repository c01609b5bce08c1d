import { assertRejects, assertThrows } from "@std/assert";
import { Graph } from "../../../../src/graph/graph.ts";
import { linear } from "../../../../src/graph/ops/matmul/linear.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  given,
} from "../../../helpers/check_operation.ts";
import {
  deviceTest,
  GPU_KERNELS,
  NO_SUBGROUPS,
} from "../../../helpers/device.ts";
import * as reference from "../../../reference/linear.ts";

/** A layer from I to O features, the first of them biased, on N rows. */
function layer(
  [N, I, O]: number[],
  { outIn = false, biased = O }: {
    outIn?: boolean;
    biased?: number | undefined;
  } = {},
): Check {
  const x = given(1, [N, I]), w = given(2, outIn ? [O, I] : [I, O]);
  const b = biased > 0 ? given(3, [biased]) : undefined;
  const bias = b &&
    Float64Array.from({ length: O }, (_, i) => b.values[i] ?? 0);
  const shape = { N, I, O, outIn };
  return {
    activations: { x },
    parameters: b ? { w, b } : { w },
    build: (graph, { x, w, b }) =>
      linear(graph, "y", x, w, b, outIn ? "out_in" : "in_out"),
    y: reference.linear(x.values, w.values, bias, shape),
    gradients(dy) {
      const all = reference.linearGradient(dy, x.values, w.values, shape);
      return { ...all, b: all.b.slice(0, biased) };
    },
  };
}

const ODD = [[1, 5, 7], [7, 45, 101], [33, 5, 45]];

for (const outIn of [false, true]) {
  const name = outIn ? "[out, in]" : "[in, out]";
  deviceTest(`linear() holds for ${name} on odd shapes`, async () => {
    for (const shape of ODD) {
      await checkOperation(layer(shape, { outIn }));
      await checkOperation(layer(shape, { outIn, biased: 0 }));
    }
  });

  deviceTest(`linear() holds for ${name} without subgroups`, async () => {
    const options = { limits: NO_SUBGROUPS };
    await checkOperation(layer([20, 12, 48], { outIn }), options);
  });

  deviceTest(`linear() holds for ${name} cut to small bindings`, async () => {
    // 64 rows of 101 floats fit one: tokens, inputs and outputs are cut.
    const options = { limits: { maxBindingBytes: 64 * 101 * 4 } };
    const cut = (shape: number[], biased?: number) =>
      checkOperation(layer(shape, { outIn, biased }), options);
    await cut([130, 101, 90], 0);
    await cut([130, 90, 101], 0);
    await cut([60, 101, 90]);
  });
}

// Rows of whole vec4s run this adapter's own kernel, each form of which takes a
// second to compile: one layout has to do. `matmul_kernels_test.ts` tries them
// all.
deviceTest("linear() holds with the kernels of this adapter", async () => {
  await checkOperation(layer([20, 12, 48]));
});

deviceTest("linear() holds with the kernels of GPUs", async () => {
  const options = { limits: GPU_KERNELS };
  await checkOperation(layer([33, 48, 12], { outIn: true }), options);
  await checkOperation(layer([7, 45, 5], { outIn: true }), options);
  // Sums so long that their parts are added by a second dispatch: over the
  // features in, over the rows, over the features out.
  await checkOperation(layer([5, 1040, 12], { outIn: true }), options);
  await checkOperation(layer([1040, 12, 5]), options);
  await checkOperation(layer([5, 12, 1040], { biased: 0 }), options);
});

deviceTest("linear() sums a bias gradient within the weight's", async () => {
  // In two parts of K.
  await checkOperation(layer([520, 12, 36]), { limits: GPU_KERNELS });
});

deviceTest("linear() adds a bias to the first outputs alone", async () => {
  await checkOperation(layer([7, 45, 11], { biased: 6 }));
  await checkOperation(layer([20, 12, 48], { biased: 33 }));
  const limits = GPU_KERNELS, shape = [33, 48, 12];
  await checkOperation(layer(shape, { outIn: true, biased: 8 }), { limits });
  // Rows of the weight are cut, and the bias ends in the first stretch.
  const cut = { limits: { maxBindingBytes: 64 * 101 * 4 } };
  const long = layer([60, 101, 90], { outIn: true, biased: 50 });
  await checkOperation(long, cut);
});

deviceTest(
  "linear() sums a bias gradient where an f16 weight fits a binding and its gradient does not",
  async () => {
    const limits = { ...GPU_KERNELS, maxBindingBytes: 2048 };
    await checkHalf(() => layer([8, 64, 12]), { limits });
  },
);

deviceTest(
  "linear() adds a bias gradient up over several blocks of rows",
  async () => {
    await checkOperation(layer([301, 5, 12], { outIn: true }), {
      limits: NO_SUBGROUPS,
    });
    await checkOperation(layer([301, 5, 7]), { limits: NO_SUBGROUPS });
  },
);

Deno.test("linear() refuses a weight that does not fit", () => {
  const graph = new Graph();
  const x = graph.input("x", [3, 4]), w = graph.persistent("w", [5, 4]);
  assertThrows(
    () => linear(graph, "y", x, w, undefined, "in_out"),
    RangeError,
    "takes 5 features, 'x' has 4",
  );
});

deviceTest(
  "linear() says what cannot be cut to an adapter's bindings",
  async () => {
    const check = layer([70, 101, 5]);
    const options = {
      limits: { maxBindingBytes: 16_384, offsetAlignment: 256 },
    };
    await assertRejects(
      () => checkOperation(check, options),
      RangeError,
      "64 rows of a matrix must fit one storage binding of this adapter: 40 do",
    );
  },
);

deviceTest("linear() holds for f16 tensors", async () => {
  for (const outIn of [false, true]) {
    await checkHalf(() => layer([33, 45, 7], { outIn }));
  }
  const options = { limits: GPU_KERNELS };
  await checkHalf(() => layer([33, 48, 12], { outIn: true }), options);
  const limits = { maxBindingBytes: 128 * 101 * 4 };
  await checkHalf(() => layer([290, 90, 101]), { limits });
});
