import { assert, assertEquals, assertThrows } from "@std/assert";
import type { AdapterLimits } from "../../../../src/graph/dispatch.ts";
import {
  type Layout,
  type MatmulSpec,
  matmulVariants,
  tiledVariant,
  type Variant,
} from "../../../../src/graph/ops/matmul/matmul_kernels.ts";
import { fitsTwice, TILES } from "../../../../src/graph/ops/matmul/tiles.ts";
import type { Tensor } from "../../../../src/graph/tensor.ts";
import { Bench } from "./_matmul_device.ts";

const LAYOUTS: Layout[] = ["NN", "NT", "TN"];

const limits = (software: boolean, subgroupSize: number): AdapterLimits => ({
  software,
  subgroupSize,
  int64: false,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 31,
  offsetAlignment: 256,
});

/** A spec with the tightest pitches that vec4 loads allow, plus `gap`. */
function product(
  layout: Layout,
  [M, N, K]: number[],
  { gap = 0, ...rest }: Partial<MatmulSpec> & { gap?: number } = {},
): MatmulSpec {
  const pitch = (n: number) => 4 * Math.ceil(n / 4) + gap;
  return {
    layout,
    M,
    N,
    K,
    lda: pitch(layout === "TN" ? M : K),
    ldb: pitch(layout === "NT" ? K : N),
    ldc: pitch(N),
    accumulate: false,
    bias: false,
    ...rest,
  };
}

/**
 * Every element of C's buffer in float64, those outside C[M,N] as they were.
 */
function reference(
  spec: MatmulSpec,
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  bias: Float32Array,
): Float64Array {
  const { layout, M, N, K, lda, ldb, ldc, alpha = 1 } = spec;
  const out = Float64Array.from(c);
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) {
        sum += (layout === "TN" ? a[k * lda + m] : a[m * lda + k]) *
          (layout === "NT" ? b[n * ldb + k] : b[k * ldb + n]);
      }
      out[m * ldc + n] = alpha * sum + (spec.bias ? bias[n] : 0) +
        (spec.accumulate ? c[m * ldc + n] : 0);
    }
  }
  return out;
}

let seed = 1;
const random = (n: number) =>
  Float32Array.from({ length: n }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    return (seed >>> 8) / 2 ** 24 - 0.5;
  });

/**
 * Runs each case and compares the whole buffer of C, gaps and rows after it
 * included. `halves` names the operands that are stored as f16.
 */
async function compare(
  bench: Bench,
  cases: [Variant, MatmulSpec][],
  halves: string[] = [],
) {
  const offset = 256;
  const isHalf = ["a", "b", "c", "bias"].map((name) => halves.includes(name));
  const checks = cases.map(([variant, spec]) => {
    const { layout, M, N, K, lda, ldb, ldc } = spec;
    const place = (x: Float32Array, id: number) => {
      const half = isHalf[id], first = offset / (half ? 2 : 4);
      const length = first + x.length + x.length % 2;
      const all = half
        ? new Float16Array(length).fill(NaN)
        : new Float32Array(length).fill(NaN);
      all.set(x, first);
      if (half) x.set(all.subarray(first, first + x.length));
      return bench.upload(all);
    };
    // Pitch gaps of A and B hold NaN: a kernel that multiplies one shows in the
    // result.
    const a = gaps(
      random((layout === "TN" ? K : M) * lda),
      lda,
      layout === "TN" ? M : K,
    );
    const b = gaps(
      random((layout === "NT" ? N : K) * ldb),
      ldb,
      layout === "NT" ? K : N,
    );
    const c = random((M + 2) * ldc), bias = random(N);
    // Where parts of K go; nothing may rely on what is there.
    const scratch = new Float32Array(variant.scratch ?? 1).fill(NaN);
    const buffers = [a, b, c, bias, scratch].map(place);
    const operand = (id: number) => ({
      tensor: { id, dtype: isHalf[id] ? "f16" : "f32" } as Tensor,
      offset,
      size: buffers[id].size - offset,
    });
    const dispatches = variant.dispatches(spec, {
      a: operand(0),
      b: operand(1),
      c: operand(2),
      bias: spec.bias ? operand(3) : undefined,
      scratch: operand(4).tensor,
    });
    for (const dispatch of dispatches) {
      bench.run(dispatch, ({ tensor }) => buffers[tensor.id]);
    }
    return {
      variant,
      spec,
      buffer: buffers[2],
      want: reference(spec, a, b, c, bias),
    };
  });
  const results = await bench.download(checks.map((x) => x.buffer));
  checks.forEach(({ variant, spec, want }, i) => {
    const all = isHalf[2]
      ? Float32Array.from(new Float16Array(results[i].buffer))
      : results[i];
    const first = offset / (isHalf[2] ? 2 : 4);
    const got = all.subarray(first);
    let worst = 0, where = 0;
    want.forEach((x, at) => {
      const inside = at % spec.ldc < spec.N && at < spec.M * spec.ldc;
      const error = inside
        ? Math.abs(got[at] - x)
        : got[at] === x
        ? 0
        : Infinity;
      if (!(error <= worst)) [worst, where] = [error, at];
    });
    // |a b| <= 1/4 and about sqrt(K) roundings of partial sums below sqrt(K);
    // as f16 half a unit in the last of 11 bits.
    const unit = isHalf[2] ? 2 ** -11 : 1e-6;
    assert(
      worst <= unit * Math.sqrt(spec.K) + unit,
      `${variant.name} ${JSON.stringify(spec)}: off by ${worst} at row ${
        Math.floor(where / spec.ldc)
      }, column ${where % spec.ldc}`,
    );
    assertEquals(all.subarray(0, first).every(Number.isNaN), true);
  });
}

function gaps(x: Float32Array, pitch: number, width: number) {
  return x.map((v, i) => i % pitch < width ? v : NaN);
}

/** The variants of software drivers by name. */
function softwareVariants(
  { subgroupSize, int64 }: Bench,
): Record<string, Variant> {
  const all = [8, 64].flatMap((M) =>
    [true, false].flatMap((wide) =>
      matmulVariants(product("NN", [M, 64, 64]), {
        ...limits(true, subgroupSize),
        int64: int64 && wide,
      })
    )
  );
  return Object.fromEntries(all.map((v) => [v.name, v]));
}

/** A form of the tiled kernel for a product. */
function tiled(
  [BM, BN]: number[],
  STAGES: number,
  spec: MatmulSpec,
  parts = 1,
): [Variant, MatmulSpec] {
  const { BK, TM, TN } = TILES.find((t) => t.BM === BM && t.BN === BN)!;
  const kPart = parts === 1 ? spec.K : BK * Math.ceil(spec.K / BK / parts);
  const tile = { BM, BN, BK, TM, TN, STAGES };
  const whole = Math.ceil(spec.K / kPart);
  return [tiledVariant(spec, { tile, parts: whole, kPart }), spec];
}

/** Shapes that are multiples of no tile, not even of a vec4. */
const ODD = [[1, 3, 7], [33, 45, 101], [130, 7, 33], [7, 130, 1], [45, 101, 3]];

/**
 * A software driver takes up to 2 s to compile a kernel, and what a layout
 * changes is the same text for all variants of a kernel: these run in one, the
 * others in every layout.
 */
const ONE_LAYOUT: Record<string, Layout> = {
  subgroup_32x32: "TN",
  subgroup_16x32: "NT",
  subgroup_8x32: "NN",
};

const layoutsOf = ({ name }: Variant) =>
  name in ONE_LAYOUT ? [ONE_LAYOUT[name]] : LAYOUTS;

Deno.test("software drivers' kernels multiply odd shapes and change nothing outside C", async () => {
  using bench = await Bench.open();
  const cases = Object.values(softwareVariants(bench)).flatMap((variant, v) =>
    layoutsOf(variant).flatMap((layout, l) => {
      const accumulate = (v + l) % 2 === 0, bias = (v + l) % 3 !== 0;
      return ODD.map((shape, i): [Variant, MatmulSpec] => [
        variant,
        product(layout, shape, {
          accumulate,
          bias,
          gap: 4 * (i % 3),
          alpha: i % 2 ? -0.75 : undefined,
        }),
      ]);
    })
  );
  await compare(bench, cases);
});

/** Each tile with each layout once or more, and both numbers of stages. */
const TILED: [number[], number, Layout][] = [
  [[128, 128], 1, "TN"],
  [[128, 96], 1, "NN"],
  [[128, 96], 2, "NT"],
  [[128, 64], 1, "NT"],
  [[128, 64], 2, "TN"],
  [[64, 64], 1, "NT"],
  [[32, 32], 1, "NN"],
  [[32, 32], 1, "NT"],
  [[32, 32], 2, "TN"],
];

Deno.test("every tile multiplies odd shapes and changes nothing outside C", async () => {
  using bench = await Bench.open();
  const cases = TILED.flatMap(([tile, stages, layout], t) => {
    const accumulate = t % 2 === 0, bias = t % 3 !== 0;
    return ODD.map((shape, i) => {
      const alpha = i % 2 ? -0.75 : undefined;
      const more = { accumulate, bias, gap: 4 * (i % 3), alpha };
      return tiled(tile, stages, product(layout, shape, more));
    });
  });
  await compare(bench, cases);
});

Deno.test("tiles multiply whole tiles, in bands of 8 rows of them", async () => {
  using bench = await Bench.open();
  await compare(bench, [
    tiled([32, 32], 1, product("NN", [32 * 11, 96, 48], { gap: 8 })),
    tiled([128, 64], 1, product("NN", [256, 192, 40], { gap: 8 })),
  ]);
});

Deno.test("sums in parts are the same, add up and change nothing outside C", async () => {
  using bench = await Bench.open();
  const both = { accumulate: true, bias: true, alpha: -0.75 };
  await compare(bench, [
    tiled([32, 32], 1, product("NN", [33, 45, 203], both), 3),
    tiled([32, 32], 2, product("TN", [45, 101, 203], { gap: 4 }), 5),
    tiled([128, 96], 1, product("NT", [130, 7, 200], { bias: true }), 4),
    tiled([128, 96], 2, product("NT", [130, 100, 77]), 2),
    // A last part that is shorter than a slab.
    tiled([32, 32], 1, product("NN", [33, 45, 49]), 3),
  ]);
});

Deno.test("products of f16 operands add up in f32, into f16 or f32", async () => {
  using bench = await Bench.open();
  if (!bench.gpu.limits.f16) return console.log("skipped: no shader-f16 here");
  const spec = (layout: Layout) =>
    product(layout, [33, 45, 103], { accumulate: true, bias: true });
  const [plain] = matmulVariants({ ...spec("NT"), lda: 103 }, limits(true, 0));
  const into32: [Variant, MatmulSpec][] = [
    tiled([32, 32], 1, spec("NT")),
    [plain, spec("NT")],
  ];
  await compare(bench, into32, ["a", "b"]);
  const { subgroup_16x32: lanes } = softwareVariants(bench);
  const into16 = [tiled([32, 32], 1, spec("NN"), 3)];
  if (lanes) into16.push([lanes, spec("NN")]);
  await compare(bench, into16, ["b", "c", "bias"]);
});

Deno.test("tiles fit the workgroup memory of every adapter", () => {
  for (const tile of TILES) {
    const { BM, BN, BK, TM, TN } = tile;
    assert(16 * BK * (BM / 4 + BN / 4 + 2) <= 16_384);
    assert(BM / TM * (BN / TN) <= 256);
  }
  assertEquals(
    TILES.filter(fitsTwice).map((t) => t.BN),
    [96, 64, 32],
  );
});

Deno.test("matmul/any takes pitches that are no multiple of 4", async () => {
  using bench = await Bench.open();
  const cases = LAYOUTS.map((layout): [Variant, MatmulSpec] => {
    const spec = product(layout, [33, 45, 7], { gap: 3, bias: true });
    const variants = matmulVariants(spec, limits(true, 8));
    assertEquals(variants.map((v) => v.name), ["any"]);
    return [variants[0], spec];
  });
  await compare(bench, cases);
});

Deno.test("matmulVariants() offers what the adapter can run, likely fastest first", () => {
  const names = (shape: number[], t: AdapterLimits) =>
    matmulVariants(product("NN", shape), t).map((v) => v.name);
  assertEquals(names([512, 128, 128], limits(true, 8))[0], "subgroup_32x32");
  assertEquals(names([1, 128, 128], limits(true, 8)), ["subgroup_8x32", "any"]);
  // No more than half of the last tile is empty.
  assertEquals(names([80, 128, 128], limits(true, 8))[0], "subgroup_16x32");
  assertEquals(names([96, 128, 128], limits(true, 8))[0], "subgroup_32x32");
  assertEquals(names([512, 128, 128], limits(true, 0)), ["any"]);
  const h200 = { ...limits(false, 32), computeUnits: 132 };
  const first = (shape: number[]) => names(shape, h200)[0];
  assertEquals(first([4096, 3072, 768]), "tiled_128x128x8");
  // 256 tiles of 128 x 96 for 264 places.
  assertEquals(first([4096, 768, 3072]), "tiled_128x96x8");
  // Too few tiles: parts of a long sum.
  assert(/_k\d+$/.test(first([768, 768, 4096])), first([768, 768, 4096]));
  assert(/_k\d+$/.test(first([512, 768, 50_257])));
  assertEquals(names([64, 64, 64], h200)[0], "tiled_32x32x16");
  assertEquals(names([64, 64, 64], h200).at(-1), "any");
});

Deno.test("matmulVariants() refuses sizes and pitches that cannot be", () => {
  const spec = product("TN", [8, 8, 4]);
  const t = limits(true, 8);
  assertThrows(
    () => matmulVariants({ ...spec, lda: 7 }, t),
    RangeError,
    "'lda'",
  );
  assertThrows(() => matmulVariants({ ...spec, K: 0 }, t), RangeError, "'K'");
  assertThrows(
    () => {
      const operand = { tensor: { id: 0, dtype: "f32" } as Tensor };
      matmulVariants({ ...spec, bias: true }, t)[0]
        .dispatches({ ...spec, bias: true }, {
          a: operand,
          b: operand,
          c: operand,
        });
    },
    RangeError,
    "'bias' must be bound",
  );
});
