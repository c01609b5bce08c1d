/**
 * Checks and times this version on the GPU of a machine without network:
 *
 *     deno run -A scripts/gpu_check.ts [--small] [--torch <script>]
 *
 * Stages: the adapter, parity with every golden fixture, matrix products
 * compared with the measured peak, training steps of GPT-2's shapes, and
 * PyTorch at the same sizes if its script exists. Prints tables, and writes
 * them to gpu_check.md and gpu_check.json after each stage. A stage that fails
 * is reported, and the others still run. The exit code is 1 if parity does not
 * hold.
 *
 * Environment: GOLDEN is the folder of fixtures (default tests/golden), OUT the
 * folder for results (default dist), PYTHON the interpreter that runs PyTorch.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "@std/cli/parse-args";
import {
  asMarkdown,
  asText,
  benchMatmul,
  benchTorch,
  buildWorkload,
  BYTES,
  checkGolden,
  describeMachine,
  type GoldenRow,
  GPT2_TOKENS,
  inAllLayouts,
  kernelTable,
  kernelTimes,
  type Machine,
  machineTable,
  type MatmulRow,
  matmulTable,
  measurePeak,
  openWorkload,
  type Peak,
  percent,
  productsOf,
  sizeOverrides,
  type Sizes,
  type StepRow,
  type Table,
  threeDigits,
  timeSteps,
  toJson,
  type TorchRow,
} from "../src/bench/mod.ts";
import { type Gpu, openGpu } from "../src/gpu/device.ts";
import type { KernelChoices } from "../src/gpu/tuner.ts";
import { formatBytes, formatCount } from "../src/terminal/format_numbers.ts";

/** A model to time. */
interface Preset {
  name: string;
  sizes: Sizes;
}

/** All results so far. */
export interface Result {
  machine?: Machine;
  features?: string[];
  peak?: Peak;
  golden?: GoldenRow[];
  matmul?: MatmulRow[];
  /**
   * `used`: bytes in use on the GPU during the steps, as reported by its
   * driver.
   */
  steps: (StepRow & { used: number | null })[];
  kernels?: Awaited<ReturnType<typeof kernelTimes>>;
  torch: (TorchRow & { preset: string })[];
  choices: { product: string; kernel: string }[];
  failures: { stage: string; message: string }[];
}

const preset = (layers: number, vocabSize: number): Preset => ({
  name: `${layers} x 768, ${vocabSize === BYTES ? "bytes" : vocabSize}`,
  sizes: {
    layers,
    width: 768,
    heads: 12,
    sequenceLength: 128,
    batchSize: 32,
    accumulation: 4,
    vocabSize,
  },
});

/** GPT-2's shapes, as trained in "Simplifying Transformer Blocks". */
const PRESETS = [
  preset(12, GPT2_TOKENS),
  preset(12, BYTES),
  preset(18, GPT2_TOKENS),
  preset(18, BYTES),
];

/** Small shapes for machines without a GPU, to check that every stage runs. */
const SMALL: Preset[] = [512, BYTES].map((vocabSize) => ({
  name: `2 x 64, ${vocabSize === BYTES ? "bytes" : vocabSize}`,
  sizes: {
    layers: 2,
    width: 64,
    heads: 2,
    sequenceLength: 32,
    batchSize: 4,
    accumulation: 2,
    vocabSize,
  },
}));

const asWorkload = ({ name, sizes }: Preset) => ({
  name,
  note:
    `context ${sizes.sequenceLength}, batch ${sizes.batchSize} x ${sizes.accumulation}`,
  overrides: sizeOverrides(sizes),
});

/** Bytes in use on the GPU by all programs; null if unknown. */
function usedMemory(): number | null {
  try {
    const { success, stdout } = new Deno.Command("nvidia-smi", {
      args: ["--query-gpu=memory.used", "--format=csv,noheader,nounits"],
      stderr: "null",
    }).outputSync();
    const mebibytes = Number(new TextDecoder().decode(stdout).split("\n")[0]);
    return success && mebibytes > 0 ? mebibytes * 2 ** 20 : null;
  } catch {
    return null;
  }
}

/** Tables of all results so far. */
function tablesOf(result: Result): Table[] {
  const { machine, features, peak = null, golden, matmul, kernels } = result;
  return [
    ...machine ? [machineTable(machine, peak)] : [],
    ...machine && features
      ? [{
        title: "Adapter",
        headings: ["fact", "value"],
        rows: [
          ...Object.entries(machine.info).map(([k, v]) => [k, String(v)]),
          ["features", features.join(" ")],
        ],
      }]
      : [],
    ...golden ? [goldenTable(golden)] : [],
    ...matmul ? [matmulTable(matmul, peak, "not compared")] : [],
    ...result.steps.length > 0 ? [presetTable(result)] : [],
    ...kernels
      ? [kernelTable(result.steps[0]?.name ?? "first preset", kernels, peak)]
      : [],
    ...result.failures.length > 0
      ? [{
        title: "Stages that failed",
        headings: ["stage", "why"],
        rows: result.failures.map((f) => [f.stage, f.message]),
      }]
      : [],
  ];
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

function presetTable({ steps, torch, peak }: Result): Table {
  const precisions = [...new Set(torch.map((t) => t.precision))];
  return {
    title: "Training steps of GPT-2's shapes",
    headings: [
      "preset",
      "parameters",
      "ms/step",
      "best",
      "tokens/s",
      "GFLOP/s",
      "MFU",
      "buffers",
      "in use",
      "first step",
      ...precisions.flatMap((p) => [`torch ${p} tokens/s`, "ours of it", "GB"]),
    ],
    rows: steps.map((s) => [
      s.name,
      formatCount(s.parameters),
      threeDigits(s.ms),
      threeDigits(s.msBest),
      String(Math.round(s.tokensPerSecond)),
      threeDigits(s.gflops),
      percent(peak ? s.gflops / peak.gflops : null),
      formatBytes(s.allocated),
      s.used === null ? "-" : formatBytes(s.used),
      `${threeDigits(s.firstMs / 1e3)} s`,
      ...precisions.flatMap((precision) => {
        const peer = torch.find((t) =>
          t.preset === s.name && t.precision === precision
        );
        return peer
          ? [
            String(peer.tokens_per_s),
            percent(s.tokensPerSecond / peer.tokens_per_s),
            peer.peak_gb === null ? "-" : threeDigits(peer.peak_gb),
          ]
          : ["-", "-", "-"];
      }),
    ]),
    notes: [
      ...new Set(steps.map((s) => s.note)),
      "fp32. Buffers: bytes of all buffers of this program; in use: bytes of all programs, as reported by the driver. MFU is relative to the measured peak.",
      ...torch.length > 0
        ? [`torch: ${torch[0].peer}, attention ${torch[0].attention}.`]
        : [],
    ],
  };
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, {
    boolean: ["small"],
    string: ["torch"],
    default: { torch: ".gpu/bench/torch_gpt2.py" },
  });
  Deno.exit(await main(flags.small, flags.torch));
}

async function main(small: boolean, torch: string): Promise<number> {
  const golden = Deno.env.get("GOLDEN") || "tests/golden";
  const out = Deno.env.get("OUT") || "dist";
  const presets = small ? SMALL : PRESETS, choices: KernelChoices = {};
  const result: Result = { steps: [], torch: [], choices: [], failures: [] };
  Deno.mkdirSync(out, { recursive: true });
  const save = () => {
    result.choices = Object.entries(choices).map(([product, kernel]) => ({
      product,
      kernel,
    }));
    Deno.writeTextFileSync(join(out, "gpu_check.json"), toJson(result));
    const text = tablesOf(result).map(asMarkdown).join("\n");
    Deno.writeTextFileSync(join(out, "gpu_check.md"), text);
  };
  /**
   * Runs a stage on a new device, so that a lost device fails one stage only.
   */
  const stage = async (name: string, work: (gpu: Gpu) => Promise<void>) => {
    const from = performance.now();
    let gpu: Gpu | undefined;
    try {
      gpu = await openGpu();
      await work(gpu);
    } catch (error) {
      const [message] = (error as Error).message.split("\n");
      result.failures.push({ stage: name, message });
      console.error(`${name} FAILED: ${message}`);
    } finally {
      gpu?.close();
    }
    const seconds = ((performance.now() - from) / 1e3).toFixed(1);
    console.error(`${name}: ${seconds} s`);
    save();
  };

  await stage("machine", async (gpu) => {
    result.machine = describeMachine(gpu);
    result.features = [...gpu.device.features].sort();
    result.peak = await measurePeak(gpu, small ? 3 : 20);
  });
  await stage("parity", async (gpu) => {
    result.golden = [];
    await checkGolden(gpu, golden, (row) => {
      result.golden!.push(row);
      console.error(`  ${row.fixture}: ${row.verdict}`);
    });
  });
  await stage("products", async (gpu) => {
    const { micro } = buildWorkload(asWorkload(presets[0]), gpu.limits).plans;
    const sizes = small ? [128] : [1024, 4096];
    result.matmul = await benchMatmul(gpu, [
      ...sizes.flatMap((n) => inAllLayouts(n, n, n)),
      ...productsOf([micro]),
    ], { rounds: small ? 1 : 5, choices });
  });
  for (const [i, preset] of presets.entries()) {
    await stage(`steps of ${preset.name}`, async (gpu) => {
      const running = await openWorkload(gpu, asWorkload(preset), choices);
      try {
        const row = await timeSteps(
          running,
          small
            ? { rounds: [1, 1], roundSeconds: 0.1, seconds: 0 }
            : { rounds: [3, 9], roundSeconds: 1, seconds: 10 },
        );
        result.steps.push({ ...row, used: usedMemory() });
        if (i === 0 && gpu.timestamps) {
          result.kernels = await kernelTimes(running);
        }
      } finally {
        running.engine.close();
      }
    });
  }
  if (await Deno.stat(torch).catch(() => null)) {
    for (const { name, sizes } of presets) {
      for (const precision of ["fp32", "tf32"] as const) {
        await stage(`torch ${precision} of ${name}`, async () => {
          const row = await benchTorch(torch, sizes, precision, small ? 2 : 8);
          result.torch.push({ ...row, preset: name });
        });
      }
    }
  } else console.error(`PyTorch is not compared: there is no '${torch}'`);

  save();
  console.log(tablesOf(result).map(asText).join("\n"));
  console.log(`results are in ${join(out, "gpu_check.md")} and .json`);
  return holds(result) ? 0 : 1;
}

/** Whether there are fixtures and all of them hold. */
export function holds({ golden = [], failures }: Result): boolean {
  return golden.length > 0 && golden.every((row) => row.verdict === "holds") &&
    !failures.some((f) => f.stage === "parity");
}
