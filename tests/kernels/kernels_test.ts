import { assert, assertEquals, assertThrows } from "@std/assert";
import { kernelNames, kernelText } from "../../src/gpu/kernel_files.ts";
import {
  checkCall,
  parseKernelInterface,
} from "../../src/gpu/kernel_interface.ts";
import { elementsOf, Pipelines } from "../../src/gpu/pipelines.ts";
import { assemble } from "../../src/gpu/wgsl.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import { count } from "../../src/graph/tensor.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { everyDispatch, everything, FP16 } from "./_every_dispatch.ts";
import { deviceTest, gpu, runGraph } from "../helpers/device.ts";
import { assertClose, randoms } from "../reference/numbers.ts";

/** Kernels that no operation runs: the bench tests its own. */
const NOT_OPERATIONS = ["bench/peak"];

Deno.test("kernelText() names a kernel that does not exist", () => {
  assertThrows(() => kernelText("gone"), RangeError, "No kernel named 'gone'");
});

/** Kernels of `everything` whose operands are small. */
const ONE_DISPATCH = [
  "loss/cross_entropy",
  "reduce/segment_sum",
  "reduce/sum",
];

deviceTest(
  "every operation computes the same cut to small bindings",
  async () => {
    const rows = 384, graph = everything(8, rows);
    const values: Record<string, ArrayLike<number>> = { scale: [1 / rows] };
    let seed = 0;
    for (const { name, shape, dtype, role } of graph.externals.values()) {
      if (dtype === "u32") {
        values[name] = Array.from(
          { length: count({ shape }) },
          (_, i) => i % 7,
        );
      } else if (role === "persistent" && !/^(grad\.|loss)/.test(name)) {
        values[name] = randoms(count({ shape }), ++seed, 0.3);
      }
    }
    // Rows by their tokens.
    values.order = Array.from({ length: rows }, (_, i) => i)
      .sort((a, b) => a % 7 - b % 7 || a - b);
    // What has a row a token: activations and their gradients.
    const fetch = graph.nodes.flatMap(({ outputs }) =>
      outputs.filter((t) => t.shape[0] === rows)
    );
    const whole = await runGraph(graph, values, fetch);
    // The heads' statistics are aligned on every 96th row.
    const limits = { maxBindingBytes: 96 * 4 * 32 };
    const cut = await runGraph(graph, values, fetch, { limits });
    const uses = ({ dispatches }: Plan) =>
      Map.groupBy(dispatches, ({ kernel }) => kernel);
    const before = uses(whole.plan);
    for (const [kernel, times] of uses(cut.plan)) {
      const once = ONE_DISPATCH.includes(kernel);
      assert(
        once || times.length > before.get(kernel)!.length,
        `${kernel} is not cut`,
      );
    }
    fetch.forEach(({ name }, i) => {
      assert(cut.fetched[i].every(Number.isFinite), name);
      assertEquals(cut.fetched[i], whole.fetched[i], name);
    });
    for (const [name, expected] of Object.entries(whole.after)) {
      if (name.startsWith("grad.")) {
        assertClose(name, cut.after[name], Float64Array.from(expected), {
          relative: 1e-5,
        });
      }
    }
  },
);

/** A software driver with everything that kernels are chosen by. */
const SOFTWARE: AdapterLimits = {
  software: true,
  subgroupSize: 8,
  int64: true,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 31,
  offsetAlignment: 256,
};

Deno.test("every dispatch gives its kernel the parameters and bindings it declares", () => {
  const declared = new Map<string, ReturnType<typeof parseKernelInterface>>();
  const used = new Set<string>();
  const halves = everyDispatch(SOFTWARE, FP16);
  for (const dispatch of [...everyDispatch(SOFTWARE), ...halves]) {
    const { kernel, constants } = dispatch;
    const key = `${kernel} ${JSON.stringify(constants)}`;
    if (!declared.has(key)) {
      const code = assemble(kernel, constants, kernelText);
      declared.set(key, parseKernelInterface(kernel, code));
    }
    checkCall(declared.get(key)!, dispatch);
    used.add(kernel);
  }
  const operations = kernelNames().filter((name) =>
    kernelText(name).includes("@compute") && !NOT_OPERATIONS.includes(name)
  );
  assertEquals(operations.filter((name) => !used.has(name)), []);
});

deviceTest(
  "every kernel compiles in every form that operations ask for",
  async () => {
    const device = await gpu(), pipelines = new Pipelines(device.device);
    const used = new Set<string>();
    for (const dispatch of everyDispatch(device.limits)) {
      await pipelines.get(dispatch);
      used.add(dispatch.kernel);
    }
    device.check();
    const { software, subgroupSize } = device.limits;
    const possible = (name: string) =>
      software && subgroupSize > 0 || !name.includes("subgroup");
    const operations = kernelNames().filter((name) =>
      kernelText(name).includes("@compute") && !NOT_OPERATIONS.includes(name)
    );
    assertEquals(
      operations.filter((name) => possible(name) && !used.has(name)),
      [],
    );
    // Kernels that some adapter alone runs are compiled in full nowhere else.
    assert(pipelines.size > 100, `${pipelines.size} pipelines`);
  },
);

deviceTest("every kernel is valid with f16 activations", async () => {
  const { device, limits } = await gpu();
  if (!limits.f16) return console.log("skipped: no shader-f16 here");
  const seen = new Set<string>();
  for (const dispatch of everyDispatch(limits, FP16)) {
    const { kernel, constants } = dispatch, elements = elementsOf(dispatch);
    const code = assemble(kernel, constants, kernelText, elements);
    if (seen.has(code)) continue;
    seen.add(code);
    device.pushErrorScope("validation");
    device.createShaderModule({ code });
    assertEquals((await device.popErrorScope())?.message, undefined, kernel);
  }
});
