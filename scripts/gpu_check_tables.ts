/** The tables of `gpu_check.ts`. @module */
import {
  type GoldenRow,
  kernelTable,
  machineTable,
  matmulTable,
  percent,
  type Product,
  type Table,
  threeDigits,
} from "../src/bench/mod.ts";
import { formatBytes, formatCount } from "../src/terminal/format_numbers.ts";
import type { Result } from "./gpu_check_stages.ts";

/** Tables of all results so far, the ratios last. */
export function tablesOf(result: Result): Table[] {
  const { machine, peak = null, golden, products, kernels, steps } = result;
  return [
    ...machine ? [machineTable(machine, peak), adapterTable(result)] : [],
    ...golden.length > 0 ? [goldenTable(golden)] : [],
    ...["f32", "f16"].flatMap((dtype) => {
      const rows = products.filter((row) => row.dtype === dtype);
      if (rows.length === 0) return [];
      const table = matmulTable(rows, peak, "not compared");
      return [{ ...table, title: `${table.title} of ${dtype}` }];
    }),
    ...steps.length > 0 || result.torch.length > 0 ? [stepTable(result)] : [],
    ...kernels.map(({ name, rows }) => kernelTable(name, rows, peak)),
    stageTable(result),
    ratioTable(result),
  ].filter((table) => table.rows.length > 0);
}

function adapterTable({ machine, features, limits }: Result): Table {
  return {
    title: "Adapter",
    headings: ["fact", "value"],
    rows: [
      ...Object.entries({ ...machine?.info, ...limits })
        .map(([k, v]) => [k, String(v)]),
      ["features", features?.join(" ") ?? "-"],
    ],
  };
}

function goldenTable(rows: GoldenRow[]): Table {
  return {
    title: "Golden fixtures",
    headings: ["fixture", "verdict", "difference", "tolerance", "where"],
    rows: rows.map(({ fixture, verdict, worst, reason }) => [
      fixture,
      verdict,
      worst?.difference.toExponential(2) ?? "-",
      worst?.tolerance.toExponential(2) ?? "-",
      reason ?? `${worst!.quantity} ${worst!.where}`.trim(),
    ]),
    notes: [
      "The quantity with the largest difference relative to its tolerance.",
    ],
  };
}

function stepTable({ steps, torch, peak }: Result): Table {
  return {
    title: "Training steps of GPT-2's shapes",
    headings: [
      "program",
      "ms/step",
      "best",
      "tokens/s",
      "GFLOP/s",
      "MFU",
      "memory",
      "in use",
      "dispatches",
      "first step",
    ],
    rows: [
      ...steps.map((s) => [
        `blocksmith ${s.name}`,
        threeDigits(s.ms),
        threeDigits(s.msBest),
        String(Math.round(s.tokensPerSecond)),
        threeDigits(s.gflops),
        percent(peak ? s.gflops / peak.gflops : null),
        formatBytes(s.allocated),
        s.used === null ? "-" : formatBytes(s.used),
        String(s.dispatches),
        `${threeDigits(s.firstMs / 1e3)} s`,
      ]),
      ...torch.map((t) => [
        `${t.peer} ${t.precision} ${t.attention} on ${t.device}`,
        threeDigits(t.ms_per_step),
        "-",
        String(t.tokens_per_s),
        "-",
        "-",
        t.peak_gb === null ? "-" : formatBytes(t.peak_gb * 2 ** 30),
        "-",
        "-",
        "-",
      ]),
    ],
    notes: [
      ...steps.slice(0, 1).map((s) =>
        `${s.note}, ${formatCount(s.parameters)} parameters.`
      ),
      "Memory: all buffers of this program, or the most that PyTorch allocated; in use: bytes of all programs, as the driver reports them. MFU is relative to the measured fp32 peak.",
    ],
  };
}

function stageTable({ seconds, absent, failures }: Result): Table {
  const names = [
    ...new Set([
      ...Object.keys(seconds),
      ...[...absent, ...failures].map((s) => s.stage),
    ]),
  ];
  return {
    title: "Stages",
    headings: ["stage", "seconds", "outcome"],
    rows: names.map((name) => {
      const failed = failures.find((f) => f.stage === name);
      const missing = absent.find((a) => a.stage === name);
      return [
        name,
        threeDigits(seconds[name] ?? NaN),
        failed
          ? `failed: ${failed.message}`
          : missing
          ? `not available: ${missing.why}`
          : "done",
      ];
    }),
  };
}

const shapeOf = ({ layout, M, N, K }: Product) => `${layout} ${M}x${N}x${K}`;

/** What this program reaches of its peers' speed, each on this machine. */
export function ratioTable({ steps, torch, products, cublas }: Result): Table {
  const row = (what: string, ours: number, theirs: number, unit: string) => [
    what,
    `${threeDigits(ours)} ${unit}`,
    `${threeDigits(theirs)} ${unit}`,
    threeDigits(ours / theirs),
  ];
  const rows = steps.flatMap((step) =>
    torch.map((peer) =>
      row(
        `step ${step.precision} of PyTorch ${peer.precision} ${peer.attention}`,
        step.tokensPerSecond,
        peer.tokens_per_s,
        "tokens/s",
      )
    )
  );
  for (const precision of ["fp32", "fp16"] as const) {
    const ratios: number[] = [];
    for (const product of products) {
      if (product.dtype !== (precision === "fp16" ? "f16" : "f32")) continue;
      const peer = cublas?.rows.find((r) => shapeOf(r) === shapeOf(product));
      if (!peer) continue;
      const ours = product.gflops / 1e3, theirs = peer[precision];
      ratios.push(ours / theirs);
      const what = `product ${precision} ${shapeOf(product)} of cuBLAS`;
      rows.push(row(what, ours, theirs, "TFLOP/s"));
    }
    if (ratios.length === 0) continue;
    const logs = ratios.reduce((sum, r) => sum + Math.log(r), 0);
    rows.push([
      `products ${precision}, geometric mean`,
      "-",
      "-",
      threeDigits(Math.exp(logs / ratios.length)),
    ]);
  }
  return {
    title: "Ratios",
    headings: ["what", "ours", "theirs", "ratio"],
    rows,
    notes: [
      "cuBLAS in fp32 without TF32, in fp16 on matrix units; ours stores fp16 and computes in fp32. Above 1, ours is faster.",
      ...cublas
        ? [
          `A copy through PyTorch moves ${
            threeDigits(cublas.copy_gbytes)
          } GB/s, read and written.`,
        ]
        : [],
    ],
  };
}
