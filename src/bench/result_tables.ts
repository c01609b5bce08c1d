/** Turns the results of the bench into tables. @module */
import { formatBytes, formatCount } from "../terminal/format_numbers.ts";
import type { BenchResult, Comparison } from "./bench.ts";
import { dataTables } from "./data/result_tables.ts";
import { percent, type Table, threeDigits } from "./format_table.ts";
import type { KernelRow } from "./kernels/kernel_times.ts";
import type { MatmulRow } from "./kernels/matmul.ts";
import type { Peak } from "./kernels/peak.ts";
import type { Machine } from "./machine.ts";
import type { HostRow } from "./step/host_time.ts";
import { REPORT_EVERY, type ReportRow } from "./step/statistics_cost.ts";
import type { StepRow } from "./step/step.ts";

/** All tables of a bench, in order. */
export function benchTables(result: BenchResult): Table[] {
  const { machine, peak, peer, matmul, step, kernels, host, report, data } =
    result;
  return [
    machineTable(machine, peak),
    ...matmul ? [matmulTable(matmul, peak, peer)] : [],
    ...step ? [stepTable(step, peak)] : [],
    ...kernels?.map(({ name, rows }) => kernelTable(name, rows, peak)) ?? [],
    ...host ? [hostTable(host)] : [],
    ...report ? [reportTable(report)] : [],
    ...data ? dataTables(data) : [],
  ];
}

/** The machine, and its measured peaks. */
export function machineTable(machine: Machine, peak: Peak | null): Table {
  const { cpu, cores, load, version, commit, date, deno } = machine;
  return {
    title: "Machine",
    headings: ["what", "value"],
    rows: [
      ...machine.adapter === "none"
        ? []
        : [["adapter", machine.adapter], ["driver", machine.driver]],
      ["CPU", `${cpu}, ${cores} cores, load ${load.toFixed(1)} at the start`],
      ["date", date],
      ["blocksmith", `${version}, commit ${commit}, Deno ${deno}`],
      ...peak
        ? [
          [
            "peak",
            `${threeDigits(peak.gflops)} GFLOP/s, multiply-adds in registers`,
          ],
          ["memory", `${threeDigits(peak.gbytes)} GB/s, y += x beyond caches`],
        ]
        : [],
    ],
  };
}

/**
 * Matrix products, compared with the measured peak, and with NumPy if it was
 * timed.
 */
export function matmulTable(
  rows: readonly MatmulRow[],
  peak: Peak | null,
  peer: string,
): Table {
  const software = rows.some((row) => row.cpu !== null);
  const compared = rows.some((row) => row.peer);
  return {
    title: "Matrix products",
    headings: [
      "layout",
      "M x N x K",
      "kernel",
      "GFLOP/s",
      "best",
      ...software ? ["by CPU"] : [],
      "of peak",
      ...compared ? ["NumPy", "by CPU", "of NumPy", "by CPU"] : [],
    ],
    rows: rows.map(({ peer, ...row }) => [
      row.layout,
      `${row.M} x ${row.N} x ${row.K}`,
      row.variant,
      threeDigits(row.gflops),
      threeDigits(row.best),
      ...software ? [threeDigits(row.cpu ?? NaN)] : [],
      percent(peak && row.gflops / peak.gflops),
      ...compared
        ? [
          threeDigits(peer?.gflops ?? NaN),
          threeDigits(peer?.cpu ?? NaN),
          percent(peer?.ratio ?? null),
          percent(peer?.ratioCpu ?? null),
        ]
        : [],
    ]),
    notes: [
      `Medians of rounds on the device's clock. NumPy: ${peer}${
        compared ? ", on all cores, timed between our rounds." : "."
      }`,
      ...software
        ? [
          "By CPU: GFLOP per second of CPU time on every core (NumPy's from one thread), as on idle cores. If other programs run, compare this: they slow OpenBLAS far more than ours.",
        ]
        : [],
    ],
  };
}

/** Whole training steps. */
function stepTable(rows: readonly StepRow[], peak: Peak | null): Table {
  const software = rows.some((row) => row.msCpu !== null);
  return {
    title: "Training steps",
    headings: [
      "model",
      "parameters",
      "tokens",
      "ms/step",
      "best",
      ...software ? ["own CPU"] : [],
      "tokens/s",
      "GFLOP/s",
      "MFU",
      "memory",
      "dispatches",
      "first step",
      "open",
    ],
    rows: rows.map((row) => [
      row.name,
      formatCount(row.parameters),
      String(row.tokensPerStep),
      threeDigits(row.ms),
      threeDigits(row.msBest),
      ...software ? [threeDigits(row.msCpu ?? NaN)] : [],
      formatCount(Math.round(row.tokensPerSecond)),
      threeDigits(row.gflops),
      percent(peak && row.gflops / peak.gflops),
      formatBytes(row.allocated),
      String(row.dispatches),
      `${threeDigits(row.firstMs / 1e3)} s`,
      `${threeDigits(row.openMs / 1e3)} s`,
    ]),
    notes: [
      ...rows.map((row) => `${row.name}: ${row.note}.`),
      `ms/step is the median of rounds; the loss stays on the device.${
        software
          ? " own CPU is this process's CPU time divided by the cores: the minimum on idle cores."
          : ""
      } GFLOP/s and MFU (model FLOPs utilization, of the measured peak) count the model's products and causal attention, once forward and twice backward.`,
    ],
  };
}

/** Steps of this checkout and of another. */
export function againstTable(
  { machine, folder, commit, against }: Comparison,
): Table {
  return {
    title: `Steps of ${machine.commit} against ${commit} in ${folder}`,
    headings: [
      "model",
      "clock",
      "ms here",
      "ms there",
      "ratio",
      "from",
      "to",
      "by wall",
      "rounds",
      "steps",
    ],
    rows: against.map((row) => [
      row.name,
      row.clock,
      threeDigits(row.here),
      threeDigits(row.there),
      row.ratio.toFixed(3),
      row.low.toFixed(3),
      row.high.toFixed(3),
      row.wallRatio.toFixed(3),
      String(row.rounds),
      String(row.stepsPerRound),
    ]),
    notes: [
      "Both run in processes of their own and take turns. Ratio: the time of a step here by that there in the same round, the median over the rounds; a tenth of the rounds is below 'from', a tenth above 'to'. Below 1 this checkout is faster. own CPU: CPU time on all cores, with the first variant of every kernel.",
    ],
  };
}

/** The kernels in a step of one workload. */
export function kernelTable(
  name: string,
  rows: readonly KernelRow[],
  peak: Peak | null,
): Table {
  const total = rows.reduce((sum, row) => sum + row.ms, 0);
  return {
    title: `Kernels in a step of '${name}'`,
    headings: [
      "kernel",
      "product",
      "times",
      "ms",
      "share",
      "GFLOP/s",
      "of peak",
      "GB/s",
    ],
    rows: rows.map((row) => [
      row.kernel,
      row.product,
      String(row.count),
      threeDigits(row.ms),
      percent(row.share),
      threeDigits(row.gflops),
      percent(peak && row.gflops / peak.gflops),
      threeDigits(row.gbytes),
    ]),
    notes: [
      `${
        threeDigits(total)
      } ms in total: each dispatch in a separate pass between timestamps (on a GPU several runs of it), best of three.`,
    ],
  };
}

/** Host time per step. */
function hostTable(rows: readonly HostRow[]): Table {
  return {
    title: "Host time of a step",
    headings: [
      "model",
      "upload ms",
      "encode ms",
      "submit ms",
      "total ms",
      "of the step",
      "assemble ms",
    ],
    rows: rows.map((row) => [
      row.name,
      threeDigits(row.upload),
      threeDigits(row.encode),
      threeDigits(row.submit),
      threeDigits(row.total),
      percent(row.share),
      threeDigits(row.assemble),
    ]),
    notes: [
      "Medians; the queue is empty before each part. Assembling (shifting and sorting tokens) is not part of the total.",
    ],
  };
}

/** The cost of the reports on blocks. */
function reportTable(rows: readonly ReportRow[]): Table {
  return {
    title: "Reports",
    headings: ["model", "ms/report", "ms/step", "of training", "dispatches"],
    rows: rows.map((row) => [
      row.name,
      threeDigits(row.ms),
      threeDigits(row.stepMs),
      percent(row.share),
      `${row.dispatches}`,
    ]),
    notes: [
      `Gains, attention entropy, moments of hidden states and gradient norms together, every ${REPORT_EVERY} steps. Each time includes the wait of about 10 ms that reading back takes. Reports that are off cost nothing: no dispatch, no memory.`,
    ],
  };
}
