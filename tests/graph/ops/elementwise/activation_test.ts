import { assertEquals } from "@std/assert";
import {
  type Activation,
  activation,
  ACTIVATIONS,
} from "../../../../src/graph/ops/elementwise/activation.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  type Given,
  given,
} from "../../../helpers/check_operation.ts";
import { deviceTest } from "../../../helpers/device.ts";
import { activations } from "../../../reference/activation.ts";

const KINDS = Object.keys(ACTIVATIONS) as Activation[];

function activated(kind: Activation, x: Given, slope = 0.1): Check {
  const { f, df } = activations[kind];
  return {
    activations: { x },
    build: (graph, { x }) => activation(graph, "y", x, kind, slope),
    y: x.values.map((v) => f(v, slope)),
    gradients: (dy) => ({ x: x.values.map((v, i) => dy[i] * df(v, slope)) }),
  };
}

for (const kind of KINDS) {
  deviceTest(`activation() holds for ${kind}`, async () => {
    for (const shape of [[1, 5], [7, 45], [33, 48]]) {
      await checkOperation(activated(kind, given(1, shape, 4)));
    }
  });

  deviceTest(`activation() holds for ${kind} at large numbers`, async () => {
    const values = Float64Array.from(
      [0, -0, 1e-30, 5, 8, 9.5, 12, 20, 45, 90, 300, 1e4],
      Math.fround,
    );
    const both = Float64Array.of(...values, ...values.map((v) => -v));
    const x = { shape: [both.length], values: both };
    await checkOperation(activated(kind, x));
  });

  deviceTest(
    `activation() stays finite for ${kind} where squares overflow`,
    async () => {
      // relu_squared itself overflows there: its square is its value.
      const size = kind === "relu_squared" ? 1e18 : 1e25;
      const values = Float64Array.of(size, -size, size / 7).map(Math.fround);
      const x = { shape: [3], values };
      await checkOperation({
        ...activated(kind, x),
        tolerance: { relative: 1e-6 },
      });
    },
  );

  deviceTest(
    `activation() holds for ${kind} cut to small bindings`,
    async () => {
      const limits = { maxBindingBytes: 1024 };
      await checkOperation(activated(kind, given(1, [33, 45], 4)), { limits });
    },
  );
}

Deno.test("every activation has a reference", () => {
  assertEquals(Object.keys(activations).sort(), [...KINDS].sort());
});

deviceTest("activation() holds for f16 tensors", async () => {
  for (const kind of Object.keys(ACTIVATIONS) as Activation[]) {
    await checkHalf(() => activated(kind, given(1, [7, 45], 4)));
  }
  const limits = { maxBindingBytes: 1024 };
  await checkHalf(() => activated("gelu", given(1, [33, 45], 4)), { limits });
});
