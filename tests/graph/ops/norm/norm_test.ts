import { assertThrows } from "@std/assert";
import { Graph } from "../../../../src/graph/graph.ts";
import { norm } from "../../../../src/graph/ops/norm/norm.ts";
import type { Tensor } from "../../../../src/graph/tensor.ts";
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
import * as reference from "../../../reference/norm.ts";

interface Options {
  kind: "ln" | "rmsnorm";
  heads?: number;
  groups?: number;
  biased?: boolean;
  eps?: number;
  /** Size of the numbers normalised. */
  size?: number;
}

/** N rows of `groups` times `heads` heads of D. */
function normed(N: number, D: number, options: Options): Check {
  const { kind, heads = 1, groups = 1, biased = kind === "ln" } = options;
  const eps = options.eps ?? 1e-5;
  const width = groups * heads * D;
  const x = given(1, [N, width], options.size ?? 2);
  const of = (name: string, seed: number, n: number) =>
    Array.from(
      { length: n },
      (_, i) => [`${name}${i}`, given(seed + i, [D])] as const,
    );
  const scales = of("scale", 10, groups),
    biases = of("bias", 20, biased ? groups : 0);
  const shape = { R: N * groups * heads, D, kind, eps, heads };
  const values = (list: typeof scales) => list.map(([, { values }]) => values);
  return {
    activations: { x },
    parameters: Object.fromEntries([...scales, ...biases]),
    build: (graph, tensors) =>
      norm(
        graph,
        "y",
        tensors.x,
        scales.map((_, i) => ({
          scale: tensors[`scale${i}`],
          bias: tensors[`bias${i}`] as Tensor | undefined,
        })),
        { kind, eps, heads },
      ),
    y: reference.norm(x.values, values(scales), values(biases), shape),
    gradients(dy) {
      const d = reference.normGradient(dy, x.values, values(scales), shape);
      return Object.fromEntries([
        ["x", d.x],
        ...d.scales.map((g, i) => [`scale${i}`, g]),
        ...d.biases.map((g, i) => [`bias${i}`, g]),
      ]);
    },
  };
}

for (const kind of ["ln", "rmsnorm"] as const) {
  for (const biased of [true, false]) {
    const name = `${kind} ${biased ? "with" : "without"} a bias`;
    deviceTest(`norm() holds for ${name}`, async () => {
      for (const [N, D] of [[1, 5], [7, 12], [20, 45], [33, 48]]) {
        await checkOperation(normed(N, D, { kind, biased }));
      }
    });
  }

  deviceTest(
    `norm() holds for ${kind} of each head with two scales`,
    async () => {
      for (const biased of [true, false]) {
        // Head widths of QK-norm, and one head.
        for (const [N, D, heads] of [[7, 3, 4], [20, 12, 3], [33, 5, 1]]) {
          await checkOperation(
            normed(N, D, { kind, heads, groups: 2, biased }),
          );
        }
      }
    },
  );

  deviceTest(`norm() holds for ${kind} without subgroups`, async () => {
    for (const limits of [NO_SUBGROUPS, GPU_KERNELS]) {
      await checkOperation(normed(7, 45, { kind }), { limits });
    }
    const options = { kind, heads: 2, groups: 2 } as const;
    await checkOperation(normed(20, 12, options), { limits: NO_SUBGROUPS });
  });

  deviceTest(
    `norm() adds scale gradients of ${kind} up over several blocks of rows`,
    async () => {
      await checkOperation(normed(301, 12, { kind }));
      await checkOperation(normed(151, 3, { kind, heads: 2, groups: 2 }));
    },
  );

  deviceTest(`norm() puts eps of ${kind} where the authors do`, async () => {
    // As large as the numbers themselves: inside or outside the root differ by
    // half.
    await checkOperation(normed(7, 12, { kind, eps: 0.25, size: 0.5 }));
  });
}

deviceTest(
  "norm() of a row of zeros gives zeros and a finite gradient",
  async () => {
    const check = normed(7, 12, { kind: "rmsnorm", eps: 1, size: 0 });
    await checkOperation(check);
  },
);

Deno.test("norm() refuses heads that do not fill a row", () => {
  const graph = new Graph();
  const x = graph.input("x", [3, 12]), scale = graph.persistent("scale", [5]);
  assertThrows(
    () => norm(graph, "y", x, [{ scale }], { kind: "ln", eps: 1e-5, heads: 2 }),
    RangeError,
    "1 × 2 heads of 5 do not fill a row of 12",
  );
});

deviceTest("norm() holds for f16 tensors", async () => {
  for (const kind of ["ln", "rmsnorm"] as const) {
    await checkHalf(() => normed(7, 45, { kind, biased: true }));
    await checkHalf(() => normed(20, 12, { kind, heads: 2, groups: 2 }));
  }
});
