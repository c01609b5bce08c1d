import { shaped } from "../../../../src/graph/ops/shaped/shaped.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  type Given,
  given,
} from "../../../helpers/check_operation.ts";
import { deviceTest, GPU_KERNELS } from "../../../helpers/device.ts";

/** Shaped Attention's sum, with gains that are numbers or one a head. */
function sum([B, T, H, d]: number[], trained: boolean): Check {
  const shape = [B * T, H * d], D = H * d;
  const a = given(1, shape), v = given(2, shape);
  const perHead = (seed: number, value: number): Given => ({
    shape: [1, H, 1, 1],
    values: trained ? given(seed, [H]).values : new Float64Array(H).fill(value),
  });
  const gains = {
    resid: perHead(3, 0.75),
    skip: perHead(4, 1.5),
    centre: perHead(5, 0.5),
  };
  const { resid, skip, centre } = gains;
  const headOf = (i: number) => Math.floor(i % D / d);
  const tokenOf = (i: number) => Math.floor(i / D) % T;
  /** Means of v over the tokens up to each. */
  const mean = v.values.map((_, i) => {
    let total = 0;
    for (let t = 0; t <= tokenOf(i); t++) total += v.values[i - t * D];
    return total / (tokenOf(i) + 1);
  });
  return {
    activations: { a, v },
    parameters: trained ? gains : {},
    build(graph, tensors) {
      const gain = (name: keyof typeof gains) =>
        trained ? tensors[name] : gains[name].values[0];
      return shaped(graph, "y", tensors.a, tensors.v, {
        resid: gain("resid"),
        skip: gain("skip"),
        centre: gain("centre"),
      }, { sequenceLength: T, headDim: d });
    },
    y: a.values.map((x, i) => {
      const h = headOf(i);
      return resid.values[h] * x + skip.values[h] * v.values[i] -
        centre.values[h] * mean[i];
    }),
    gradients(dy) {
      const total = (x: Float64Array, sign: number) => {
        const out = new Float64Array(H);
        dy.forEach((g, i) => out[headOf(i)] += sign * g * x[i]);
        return out;
      };
      return {
        a: dy.map((g, i) => resid.values[headOf(i)] * g),
        v: dy.map((g, i) => {
          const h = headOf(i);
          let centred = 0;
          for (let t = tokenOf(i); t < T; t++) {
            centred += dy[i + (t - tokenOf(i)) * D] / (t + 1);
          }
          return skip.values[h] * g - centre.values[h] * centred;
        }),
        resid: total(a.values, 1),
        skip: total(v.values, 1),
        centre: total(mean, -1),
      };
    },
  };
}

deviceTest("shaped() holds on odd shapes", async () => {
  await checkOperation(sum([2, 13, 3, 5], false));
  await checkOperation(sum([2, 13, 3, 4], true));
});

deviceTest("shaped() holds cut to small bindings", async () => {
  const limits = { maxBindingBytes: 64 * 24 * 4 };
  await checkOperation(sum([5, 32, 3, 8], true), { limits });
});

deviceTest("shaped() holds for f16 tensors", async () => {
  await checkHalf(() => sum([2, 13, 3, 5], true));
  await checkHalf(() => sum([2, 13, 3, 4], true), { limits: GPU_KERNELS });
});
