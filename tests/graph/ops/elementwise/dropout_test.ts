import { assert, assertEquals, assertThrows } from "@std/assert";
import { kernelText } from "../../../../src/gpu/kernel_files.ts";
import { assemble } from "../../../../src/gpu/wgsl.ts";
import { Graph } from "../../../../src/graph/graph.ts";
import { attention } from "../../../../src/graph/ops/attention/attention.ts";
import {
  applyDropout,
  type Dropout,
  DropoutStreams,
} from "../../../../src/graph/ops/elementwise/dropout.ts";
import { philox } from "../../../../src/model/random.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  given,
} from "../../../helpers/check_operation.ts";
import {
  deviceTest,
  gpu,
  GPU_KERNELS,
  runGraph,
} from "../../../helpers/device.ts";
import { flatMask, type Random } from "../../../reference/dropout.ts";

type Words = [number, number, number, number];

/** Runs kernels/lib/philox.wgsl on one counter and key a lane. */
async function onDevice(counters: Words[], keys: [number, number][]) {
  const { device, check } = await gpu(), n = counters.length;
  const text = `#include lib/philox
@group(0) @binding(0) var<storage, read> counters: array<vec4u>;
@group(0) @binding(1) var<storage, read> keys: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> words: array<vec4u>;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  words[group.x] = philox(counters[group.x], keys[group.x]);
}`;
  const code = assemble(
    "known",
    {},
    (name) => name === "known" ? text : kernelText(name),
  );
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }) },
  });
  const buffers = [16 * n, 8 * n, 16 * n].map((size) =>
    device.createBuffer({
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST |
        GPUBufferUsage.COPY_SRC,
    })
  );
  device.queue.writeBuffer(buffers[0], 0, Uint32Array.from(counters.flat()));
  device.queue.writeBuffer(buffers[1], 0, Uint32Array.from(keys.flat()));
  const back = device.createBuffer({
    size: 16 * n,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({
        binding,
        resource: { buffer },
      })),
    }),
  );
  pass.dispatchWorkgroups(n);
  pass.end();
  encoder.copyBufferToBuffer(buffers[2], 0, back, 0, 16 * n);
  device.queue.submit([encoder.finish()]);
  await back.mapAsync(GPUMapMode.READ);
  const words = [...new Uint32Array(back.getMappedRange().slice(0))];
  for (const buffer of [...buffers, back]) buffer.destroy();
  check();
  return Array.from({ length: n }, (_, i) => words.slice(4 * i, 4 * i + 4));
}

deviceTest(
  "philox on the device gives the known answers of Random123",
  async () => {
    const full = 0xffffffff;
    assertEquals(
      await onDevice(
        [
          [0, 0, 0, 0],
          [full, full, full, full],
          [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        ],
        [[0, 0], [full, full], [0xa4093822, 0x299f31d0]],
      ),
      [
        [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
        [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
        [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
      ],
    );
  },
);

deviceTest("philox on the device is the host's", async () => {
  const counters: Words[] = [], keys: [number, number][] = [];
  const wanted: number[][] = [], words = new Uint32Array(4);
  for (let i = 0; i < 500; i++) {
    const [a, b] = [i * 2654435761 >>> 0, i * 40503 >>> 0];
    counters.push([a, b, ~a >>> 0, i]);
    keys.push([~b >>> 0, a]);
    philox(counters[i], keys[i], words);
    wanted.push([...words]);
  }
  assertEquals(await onDevice(counters, keys), wanted);
});

function dropped(shape: number[], rate: number): Check {
  const x = given(1, shape, 4), random: Random = [7, 3, 1];
  const place = { rate, site: 5, random };
  const mask = flatMask(place, x.values.length);
  return {
    activations: { x },
    inputs: { random: Uint32Array.from(random) },
    build: (graph, { x, random }) =>
      applyDropout(graph, "y", x, { ...place, random }),
    y: x.values.map((v, i) => mask[i] * v),
    gradients: (dy) => ({ x: mask.map((m, i) => m * dy[i]) }),
    tolerance: { relative: 1e-6 },
  };
}

deviceTest(
  "applyDropout() drops the same elements forward and backward",
  async () => {
    for (const shape of [[1, 5], [7, 45], [33, 48]]) {
      await checkOperation(dropped(shape, 0.1));
      await checkOperation(dropped(shape, 0.9));
    }
  },
);

deviceTest(
  "applyDropout() holds cut to small bindings, and on a GPU",
  async () => {
    const limits = { maxBindingBytes: 1024 };
    await checkOperation(dropped([33, 45], 0.3), { limits });
    await checkOperation(dropped([33, 45], 0.3), { limits: GPU_KERNELS });
  },
);

/** Masks of ones for several streams of random numbers. */
async function masks(n: number, rate: number, streams: [Random, number][]) {
  const out: Float32Array[] = [];
  for (const [random, site] of streams) {
    const graph = new Graph(), x = graph.input("x", [n]);
    const words = graph.input("random", [3], "u32");
    const y = applyDropout(graph, "y", x, { rate, site, random: words });
    const values = { x: new Float32Array(n).fill(1), random };
    out.push((await runGraph(graph, values, [y])).fetched[0]);
  }
  return out;
}

const mean = (x: ArrayLike<number>) =>
  Array.from(x).reduce((a, b) => a + b, 0) / x.length;

deviceTest(
  "applyDropout() keeps mean and variance of what it says",
  async () => {
    const n = 200_000;
    for (const rate of [0.1, 0.5, 0.9]) {
      const [mask] = await masks(n, rate, [[[1, 1, 0], 1]]);
      const scale = 1 / (1 - rate), variance = rate / (1 - rate);
      for (const m of mask) {
        assert(m === 0 || Math.abs(m - scale) < 1e-5 * scale, `${m}`);
      }
      // Five standard errors: each fails once in two million seeds.
      const off = mean(mask) - 1;
      assert(Math.abs(off) < 5 * Math.sqrt(variance / n), `mean 1 + ${off}`);
      // The mask takes two values, so its square's mean has this deviation.
      const second = mean(mask.map((m) => m * m));
      const error = scale * scale * Math.sqrt(rate * (1 - rate) / n);
      assert(Math.abs(second - scale) < 5 * error, `second moment ${second}`);
      for (const lag of [1, 2, 3, 4, 64]) {
        const pairs = mask.subarray(lag).map((m, i) => (m - 1) * (mask[i] - 1));
        const bound = 5 * variance / Math.sqrt(n - lag);
        assert(Math.abs(mean(pairs)) < bound, `lag ${lag}: ${mean(pairs)}`);
      }
    }
  },
);

deviceTest(
  "applyDropout() draws another mask for each seed, step, micro-batch and site",
  async () => {
    const n = 20_000, rate = 0.5;
    const streams: [Random, number][] = [
      [[1, 1, 0], 1],
      [[2, 1, 0], 1],
      [[1, 2, 0], 1],
      [[1, 1, 1], 1],
      [[1, 1, 0], 2],
    ];
    const drawn = await masks(n, rate, streams);
    assertEquals(await masks(n, rate, streams.slice(0, 1)), drawn.slice(0, 1));
    drawn.forEach((a, i) => {
      for (const b of drawn.slice(i + 1)) {
        const product = mean(a.map((m, j) => (m - 1) * (b[j] - 1)));
        assert(Math.abs(product) < 5 / Math.sqrt(n), `${product}`);
      }
    });
  },
);

deviceTest("attention() drops a weight as often as it says", async () => {
  // Equal scores: o_t is the share of kept weights over the kept probability.
  const B = 4, T = 64, H = 8, d = 4, rate = 0.2;
  const graph = new Graph(), shape = [B * T, H * d];
  const [q, k, v] = ["q", "k", "v"].map((name) => graph.input(name, shape));
  const random = graph.input("random", [3], "u32");
  const attrs = { sequenceLength: T, heads: H, headDim: d, cap: 0 };
  const o = attention(graph, "o", { q, k, v }, attrs, {
    rate,
    site: 1,
    random,
  });
  const ones = new Float32Array(B * T * H * d).fill(1);
  const { fetched: [y] } = await runGraph(
    graph,
    { v: ones, random: [1, 1, 0] },
    [o],
  );
  // The weights of row t are 1/(t+1): means over rows of unequal variance.
  let sum = 0, variance = 0;
  for (let row = 0; row < B * T; row++) {
    for (let h = 0; h < H; h++) {
      sum += y[(row * H + h) * d];
      variance += rate / (1 - rate) / (row % T + 1);
    }
  }
  const n = B * T * H, bound = 5 * Math.sqrt(variance) / n;
  assert(Math.abs(sum / n - 1) < bound, `${sum / n} within ${bound}`);
  // And no two heads, nor sequences, alike.
  const heads = new Set<string>();
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const rows = Array.from(
        { length: T },
        (_, t) => y[((b * T + t) * H + h) * d],
      );
      heads.add(rows.join());
    }
  }
  assertEquals(heads.size, B * H);
});

Deno.test("DropoutStreams numbers places, and has none where nothing is dropped", () => {
  const graph = new Graph(), random = graph.input("random", [3], "u32");
  const streams = new DropoutStreams(random);
  const places = [0.1, 0, 0.2].map((rate) => streams.next(rate));
  assertEquals(places, [{ rate: 0.1, site: 1, random }, undefined, {
    rate: 0.2,
    site: 2,
    random,
  }]);
  assertEquals(new DropoutStreams().next(0.1), undefined);
});

Deno.test("applyDropout() adds nothing where nothing is dropped, and refuses rates that are none", () => {
  const graph = new Graph(), x = graph.input("x", [4]);
  assertEquals(applyDropout(graph, "y", x), x);
  assertEquals(graph.nodes.length, 0);
  const random = graph.input("random", [3], "u32");
  for (const rate of [0, 1, -0.1, NaN]) {
    const place: Dropout = { rate, site: 1, random };
    assertThrows(
      () => applyDropout(graph, "y", x, place),
      RangeError,
      `Cannot drop elements of 'x' as the rate must be above 0 and below 1: got ${rate}`,
    );
  }
});

deviceTest("dropout() holds for f16 tensors", async () => {
  await checkHalf(() => dropped([7, 45], 0.3));
  await checkHalf(() => dropped([33, 45], 0.3), {
    limits: { maxBindingBytes: 1024 },
  });
});
