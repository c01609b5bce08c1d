import { assert, assertEquals, assertRejects } from "@std/assert";
import { Pipelines } from "../../src/gpu/pipelines.ts";
import type { Binding, Constant } from "../../src/graph/dispatch.ts";
import type { PlannedDispatch } from "../../src/plan/plan.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

const bound = (access: Binding["access"]) => ({
  location: { external: access },
  offset: 0,
  size: 32,
  dtype: "f32" as const,
  access,
});

/** A dispatch of `kernels/elementwise/add.wgsl`. */
const adding = (constants: Record<string, Constant>): PlannedDispatch => ({
  label: "add",
  kernel: "elementwise/add",
  constants,
  params: { count: 5 },
  bindings: { x: bound("read"), y: bound("readwrite") },
  workgroups: [1, 1, 1],
  flops: 0,
  bytes: 0,
  writes: [],
});

deviceTest(
  "Pipelines compiles each kernel and set of constants once",
  async () => {
    const pipelines = new Pipelines((await gpu()).device);
    const first = await pipelines.get(adding({ WG: 64 }));
    assert(await pipelines.get(adding({ WG: 64 })) === first);
    assert(await pipelines.get(adding({ WG: 32 })) !== first);
    assertEquals(pipelines.size, 2);
    // Kernels that declare the same share a layout.
    const second = await pipelines.get(adding({ WG: 32 }));
    assert(first.layout === second.layout);
  },
);

deviceTest(
  "Pipelines refuses a dispatch that is not what its kernel declares",
  async () => {
    const pipelines = new Pipelines((await gpu()).device);
    await pipelines.get(adding({ WG: 64 }));
    const cannot = "Cannot dispatch kernels/elementwise/add.wgsl as";
    // Compiled before or not.
    for (const WG of [64, 32]) {
      const right = adding({ WG });
      for (
        const [change, message] of [
          [{ params: {} }, "'count' of struct Params is missing"],
          [{ bindings: { x: right.bindings.x } }, "nothing is bound to 'y'"],
        ] as const
      ) {
        await assertRejects(
          () =>
            pipelines.get({ ...right, ...change as Partial<PlannedDispatch> }),
          TypeError,
          `${cannot} ${message}`,
        );
      }
    }
    assertEquals(pipelines.size, 1);
  },
);

deviceTest("Pipelines.of() is one for a device", async () => {
  const { device } = await gpu();
  assert(Pipelines.of(device) === Pipelines.of(device));
});

deviceTest(
  "Pipelines says which kernel does not compile, and why",
  async () => {
    const { device, check } = await gpu();
    const pipelines = new Pipelines(device);
    const error = await assertRejects(
      () => pipelines.get(adding({ WG: "true" })),
      Error,
      'kernels/elementwise/add.wgsl does not compile with {"WG":"true"}: ',
    );
    assert(error.message.length > 80, error.message);
    // What was caught here is not reported again.
    check();
  },
);
