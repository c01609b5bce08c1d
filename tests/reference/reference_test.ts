/**
 * The references' gradients against central finite differences of their values.
 */
import { assertAlmostEquals } from "@std/assert";
import { activations, erf } from "./activation.ts";
import { attention, attentionGradient } from "./attention.ts";
import { embed, embedGradient } from "./embed.ts";
import { linear, linearGradient } from "./linear.ts";
import { linearCrossEntropy } from "./linear_cross_entropy.ts";
import { norm, normGradient } from "./norm.ts";
import {
  assertClose,
  inner,
  integers,
  numericalGradient,
  randoms,
} from "./numbers.ts";

const NEAR = { relative: 1e-7, absolute: 1e-9 };

/**
 * Compares `gradients` with the differences of `dy · f()`, changing each of
 * `inputs`.
 */
function check(
  f: () => Float64Array,
  dy: Float64Array,
  pairs: Record<string, [input: Float64Array, gradient: Float64Array]>,
) {
  for (const [name, [input, gradient]] of Object.entries(pairs)) {
    const differences = numericalGradient(() => inner(dy, f()), input);
    assertClose(`d ${name}`, gradient, differences, NEAR);
  }
}

for (const outIn of [false, true]) {
  Deno.test(`linearGradient() is the slope of linear(), ${outIn ? "[out, in]" : "[in, out]"}`, () => {
    const shape = { N: 3, I: 4, O: 5, outIn };
    const x = randoms(12, 1), w = randoms(20, 2), b = randoms(5, 3);
    const dy = randoms(15, 4);
    const d = linearGradient(dy, x, w, shape);
    const f = () => linear(x, w, b, shape);
    check(f, dy, { x: [x, d.x], w: [w, d.w], b: [b, d.b] });
  });
}

for (const kind of ["ln", "rmsnorm"] as const) {
  for (const groups of [1, 2]) {
    Deno.test(`normGradient() is the slope of norm(), ${kind} with ${groups} scales`, () => {
      // A large eps, so that its place matters.
      const shape = { R: 8, D: 3, kind, eps: 0.1, heads: 2 };
      const x = randoms(24, 1), dy = randoms(24, 2);
      const scales = [randoms(3, 3), randoms(3, 4)].slice(0, groups);
      const biases = [randoms(3, 5), randoms(3, 6)].slice(0, groups);
      const d = normGradient(dy, x, scales, shape);
      check(() => norm(x, scales, biases, shape), dy, {
        x: [x, d.x],
        ...Object.fromEntries(scales.flatMap((_, i) => [
          [`scale ${i}`, [scales[i], d.scales[i]]],
          [`bias ${i}`, [biases[i], d.biases[i]]],
        ])),
      });
    });
  }
}

for (const [kind, { f, df }] of Object.entries(activations)) {
  Deno.test(`the derivative of ${kind} is the slope of its value`, () => {
    // Steps between -3 and 3 that miss the kinks at 0, and large ones.
    const x = Float64Array.from({ length: 40 }, (_, i) => (i - 19.7) * 0.15);
    x.set([-100, -30, -8, 8, 30, 100]);
    const slopes = x.map((_, i) =>
      numericalGradient(() => f(x[i], 0.1), x.subarray(i, i + 1))[0]
    );
    assertClose(kind, x.map((v) => df(v, 0.1)), slopes, NEAR);
  });
}

Deno.test("erf() has the tabulated values", () => {
  // Abramowitz and Stegun, table 7.1, and 1 - erfc(4).
  assertAlmostEquals(erf(0.5), 0.5204998778130465, 1e-14);
  assertAlmostEquals(erf(-2), -0.9953222650189527, 1e-14);
  assertAlmostEquals(erf(4), 1 - 1.541725790028002e-8, 1e-15);
});

for (const cap of [0, 2]) {
  Deno.test(`attentionGradient() is the slope of attention(), cap ${cap}`, () => {
    const shape = { B: 2, T: 4, H: 2, d: 3, cap }, n = 48;
    const [q, k, v, dO] = [1, 2, 3, 4].map((seed) => randoms(n, seed, 2));
    const d = attentionGradient(dO, q, k, v, shape);
    const f = () => attention(q, k, v, shape);
    check(f, dO, { q: [q, d.q], k: [k, d.k], v: [v, d.v] });
  });
}

Deno.test("embedGradient() is the slope of embed()", () => {
  const shape = { T: 4, D: 3, first: 1, scale: 1.5 };
  const tokens = Uint32Array.of(1, 0, 1, 3, 3, 3, 0, 1);
  const table = randoms(15, 1), positions = randoms(18, 2), dy = randoms(24, 3);
  const d = embedGradient(dy, tokens, { table: 15, positions: 18 }, shape);
  check(() => embed(tokens, table, positions, shape), dy, {
    table: [table, d.table],
    positions: [positions, d.positions],
  });
});

Deno.test("linearCrossEntropy() gives the slopes of its loss", () => {
  const shape = { N: 5, D: 3, V: 4, scale: 0.3 };
  const h = randoms(15, 1, 2), w = randoms(12, 2, 2);
  const targets = integers(5, 3, 4);
  targets[2] = 4; // ignored
  const d = linearCrossEntropy(h, w, targets, shape);
  const loss = () => linearCrossEntropy(h, w, targets, shape).loss;
  assertClose("dh", d.h, numericalGradient(loss, h), NEAR);
  assertClose("dw", d.w, numericalGradient(loss, w), NEAR);
});
