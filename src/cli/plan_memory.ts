/** What `blocksmith plan` says of the memory of a run. @module */
import type { MemoryVariants } from "../engine/memory_variants.ts";
import { formatBytes } from "../terminal/format_numbers.ts";
import { print } from "../terminal/output.ts";

/** What recomputation costs and saves in a run that recomputes. */
export function recomputationLine(variants: MemoryVariants): string {
  const own = variants.plan(), kept = variants.plan({ recompute: "none" });
  const extra = (own.flops - kept.flops).toExponential(3);
  const activations = [own, kept].map((v) => formatBytes(v.memory.activations));
  return `${own.settings.recompute}: ${extra} of the FLOPs (+${
    percent(own.flops / kept.flops - 1)
  }), activations ${activations.join(" instead of ")}`;
}

/**
 * Prints a table of the run and its variants.
 *
 * @param free bytes of the device's memory, Infinity where not known
 */
export function printVariants(variants: MemoryVariants, free: number): void {
  const table = variants.table(), [first] = table;
  const rows = table.map(({ settings, memory, flops }) => [
    settings.precision,
    settings.recompute,
    `${settings.device_train_batch_size} × ${settings.gradient_accumulation_steps}`,
    formatBytes(memory.activations),
    formatBytes(memory.total),
    `+${percent(flops / first.flops - 1)}`,
    memory.total > free ? "does not fit" : "",
  ]);
  print("\nmemory by settings");
  const header = [
    "precision",
    "recompute",
    "batch",
    "activations",
    "total",
    "FLOPs",
  ];
  for (const row of [header, ...rows]) {
    const cells = row.map((cell, i) =>
      i < 3 ? cell.padEnd(10) : cell.padStart(11)
    );
    print(`  ${cells.join(" ").trimEnd()}`);
  }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
