import { assert, assertEquals } from "@std/assert";
import {
  computeUnitsOf,
  deviceNamed,
  deviceOfAdapter,
  DEVICES,
  limitsOfDevice,
} from "../../src/plan/devices.ts";

Deno.test("every named device has whole figures and a source", () => {
  assertEquals(new Set(DEVICES.map((d) => d.name)).size, DEVICES.length);
  for (const device of DEVICES) {
    assertEquals(deviceNamed(device.name), device);
    assertEquals(deviceNamed(device.name.toUpperCase()), device);
    assert(device.source.length > 0, device.name);
    assert(Number.isInteger(device.computeUnits), device.name);
    if (device.perCore) continue;
    // Between 64 and 128 fp32 units a processor at 1 to 3 GHz.
    const perUnit = device.peak / device.computeUnits / 2e9;
    assert(perUnit > 64 && perUnit < 3 * 128, device.name);
    // Half a word to a few dozen FLOPs for each byte of memory traffic.
    const balance = device.peak / device.bandwidth;
    assert(balance > 5 && balance < 100, device.name);
  }
});

Deno.test("an adapter is found by its whole name, and by no similar one", () => {
  const found: [string, string | undefined, number][] = [
    ["NVIDIA H200", "h200", 132],
    ["NVIDIA H100 80GB HBM3", "h100", 132],
    ["NVIDIA H100 PCIe", "h100-pcie", 114],
    ["NVIDIA A100-SXM4-80GB", "a100", 108],
    ["NVIDIA A100-SXM4-40GB", "a100-40gb", 108],
    ["Tesla V100-SXM2-32GB", "v100", 80],
    ["NVIDIA RTX A5000", "a5000", 64],
    ["NVIDIA RTX A5000 Laptop GPU", undefined, 0],
    ["NVIDIA GeForce RTX 4090", "4090", 128],
    ["NVIDIA GeForce RTX 4090 D", undefined, 0],
    // A part of a card has fewer processors than the card.
    ["NVIDIA H100 80GB HBM3 MIG 1g.10gb", undefined, 0],
    // The plan for a CPU must not follow its number of cores.
    ["llvmpipe (LLVM 15.0.6, 256 bits)", "lavapipe", 0],
    ["", undefined, 0],
  ];
  for (const [adapter, name, units] of found) {
    assertEquals(deviceOfAdapter(adapter)?.name, name, adapter);
    assertEquals(computeUnitsOf(adapter), units, adapter);
  }
});

Deno.test("a named device's limits are those of its kind", () => {
  for (const device of DEVICES) {
    const limits = limitsOfDevice(device);
    assertEquals(limits.software, device.perCore);
    assertEquals(limits.f16, true);
    assertEquals(limits.maxBindingBytes % 256, 0);
    assert(limits.maxBindingBytes <= limits.maxBufferBytes);
  }
});
