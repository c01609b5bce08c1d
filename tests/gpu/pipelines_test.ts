import { assert, assertEquals, assertRejects } from "@std/assert";
import { Pipelines } from "../../src/gpu/pipelines.ts";
import type { Constant } from "../../src/graph/dispatch.ts";
import type { PlannedDispatch } from "../../src/plan/plan.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

/** A dispatch of `kernels/elementwise/add.wgsl`. */
const adding = (constants: Record<string, Constant>): PlannedDispatch => ({
  label: "add",
  kernel: "elementwise/add",
  constants,
  params: [5],
  bindings: (["read", "readwrite"] as const).map((access) => ({
    location: { external: access },
    offset: 0,
    size: 32,
    access,
  })),
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
    assert(pipelines.layout(adding({})) === pipelines.layout(adding({})));
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
