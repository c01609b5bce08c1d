import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UserError } from "../../src/errors.ts";
import { openGpu } from "../../src/gpu/device.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

deviceTest(
  "openGpu() asks the device for everything a plan depends on",
  async () => {
    const { limits, name, info, device } = await gpu();
    assert(name.length > 0);
    assert([0, 4, 8, 16, 32, 64].includes(limits.subgroupSize));
    assertEquals(info.subgroup_size, limits.subgroupSize);
    // The limits that every WebGPU device grants, in whole alignment units.
    assert(limits.maxBindingBytes >= 2 ** 27 - 256);
    assert(limits.maxBufferBytes >= limits.maxBindingBytes);
    assertEquals(limits.maxBindingBytes % 256, 0);
    assertEquals(limits.maxBufferBytes % 256, 0);
    assertEquals(256 % limits.offsetAlignment, 0);
    assert(limits.maxBindingBytes <= device.limits.maxStorageBufferBindingSize);
  },
);

deviceTest("Gpu.check() throws what the device refused", async () => {
  const own = await openGpu();
  own.check();
  const small = own.device.createBuffer({
    size: 256,
    usage: GPUBufferUsage.COPY_DST,
  });
  own.device.queue.writeBuffer(small, 512, new Uint8Array(4));
  await own.device.queue.onSubmittedWorkDone();
  assertThrows(() => own.check(), Error, "WebGPU: ");
  await assertRejects(() => own.failure, Error, "WebGPU: ");
  own.close();
});

deviceTest(
  "Gpu.check() names the caller's remedy where memory runs out",
  async () => {
    let remedy = "";
    const own = await openGpu({ memoryRemedy: () => remedy });
    remedy = "use less of it";
    const event = new Event("uncapturederror");
    Object.defineProperty(event, "error", {
      value: { message: "Not enough memory left" },
    });
    own.device.dispatchEvent(event);
    const error = assertThrows(() => own.check(), UserError);
    assertEquals(
      error.message,
      "The device ran out of memory (Not enough memory left): use less of it",
    );
    own.close();
  },
);

deviceTest("Gpu.close() is no loss of the device", async () => {
  const own = await openGpu();
  own.close();
  await own.device.lost;
  own.check();
});

deviceTest("openGpu() says what to do where there is no adapter", async () => {
  const prototype = Object.getPrototypeOf(navigator.gpu);
  const ask = prototype.requestAdapter;
  prototype.requestAdapter = () => Promise.resolve(null);
  try {
    await assertRejects(() => openGpu(), UserError, "install a Vulkan driver");
  } finally {
    prototype.requestAdapter = ask;
  }
});
