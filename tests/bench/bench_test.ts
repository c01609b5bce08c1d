import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  needsGpu,
  runBench,
  SECTIONS,
  sectionsOf,
} from "../../src/bench/bench.ts";
import { asText } from "../../src/bench/format_table.ts";
import { benchTables } from "../../src/bench/result_tables.ts";
import { bench } from "../../src/cli/bench.ts";
import { parseCommand } from "../../src/cli/command.ts";
import { UserError } from "../../src/errors.ts";
import { deviceTest, gpu } from "../helpers/device.ts";
import { withPython } from "./_stub.ts";

const finite = (...values: number[]) =>
  assert(values.every((x) => Number.isFinite(x) && x > 0), `${values}`);

deviceTest("runBench() measures every section", async () => {
  await withPython(null, async () => {
    const device = await gpu(), choices = {};
    const result = await runBench(device, {
      sections: new Set(SECTIONS),
      quick: true,
      choices,
    });
    const { machine, peer, matmul, step, kernels, host, report, data } = result;
    assertEquals(machine.adapter, device.name);
    finite(result.peak!.gflops, result.peak!.gbytes);
    if (device.limits.software) assertStringIncludes(peer, "not available");
    assertEquals(
      new Set(matmul!.map((r) => r.layout)),
      new Set(["NN", "NT", "TN"]),
    );
    for (const row of matmul!) {
      finite(row.gflops, row.best);
      assertEquals(row.peer, null);
    }
    const [tiny] = step!;
    finite(tiny.ms, tiny.firstMs, tiny.tokensPerSecond, tiny.loss);
    assert(tiny.modelFlops < tiny.plannedFlops);
    assertEquals(tiny.tokensPerStep, 512);
    // The plan's estimate of memory is within 10 % of the allocated bytes.
    assert(Math.abs(tiny.allocated / tiny.memory.total - 1) < 0.1);
    const [{ rows }] = kernels!;
    assertEquals(
      rows.reduce((sum, row) => sum + row.count, 0),
      tiny.dispatches,
    );
    assert(rows.some((row) => row.product.startsWith("TN+ ")));
    const [{ upload, encode, submit, total }] = host!;
    assertEquals(total, upload + encode + submit);
    finite(report![0].ms, report![0].stepMs, report![0].dispatches);
    finite(data!.text.bytes, data!.tokenizers.length);
    const text = benchTables(result).map(asText).join("\n");
    for (
      const title of [
        "Machine",
        "Matrix products",
        "Training steps",
        "Kernels in",
        "Host time",
        "Reports",
        "Data: prepare",
      ]
    ) {
      assertStringIncludes(text, `${title}`);
    }
    assert(!/undefined|NaN|Infinity/.test(text), text);
  });
});

Deno.test("sectionsOf() parses a list and names the known sections", () => {
  assertEquals(sectionsOf("step, host"), new Set(["step", "host"] as const));
  assertEquals(sectionsOf(undefined).size, 6);
  assertThrows(
    () => sectionsOf("steps"),
    UserError,
    "some of matmul, step, kernels, host, report, data: got 'steps'",
  );
});

Deno.test("needsGpu() is false for the data section alone", () => {
  assertEquals(needsGpu(sectionsOf("data")), false);
  assertEquals(needsGpu(sectionsOf("data,step")), true);
});

Deno.test("bench refuses arguments, and an unwritable file, before it measures", async () => {
  const run = (...args: string[]) => bench.run(parseCommand(bench, args));
  await assertRejects(() => run("tiny"), UserError, "takes options only");
  await assertRejects(
    () => run("--json", "/no/such/folder/x.json"),
    UserError,
    "Cannot write '/no/such/folder/x.json'",
  );
});
