import { assert, assertEquals } from "@std/assert";
import { ASSUMED } from "../../src/cli/plan.ts";
import { deviceMemory } from "../../src/gpu/device_memory.ts";

Deno.test("deviceMemory() knows known GPUs, and what is free of the machine's", () => {
  const gpu = (name: string) => deviceMemory({ name, limits: ASSUMED });
  assertEquals(gpu("NVIDIA RTX A5000"), 24e9);
  assertEquals(gpu("another GPU"), Infinity);
  const limits = { ...ASSUMED, software: true };
  const free = deviceMemory({ name: "llvmpipe (LLVM 15.0.6)", limits });
  assert(free > 0 && free <= Deno.systemMemoryInfo().total);
});
