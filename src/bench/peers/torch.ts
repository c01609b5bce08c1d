/**
 * PyTorch as a peer on the same GPU: GPT-2's steps, and cuBLAS' products. The
 * scripts print one line of JSON.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { Sizes } from "../step/workloads.ts";
import type { Product } from "./numpy.ts";
import { lastLine, runPython } from "./python.ts";

/** The fields of the script's output that are used. */
export interface TorchRow {
  peer: string;
  device: string;
  precision: string;
  attention: string;
  tokens_per_s: number;
  ms_per_step: number;
  peak_gb: number | null;
  params: number;
}

/** How PyTorch runs. */
export interface TorchOptions {
  precision: "fp32" | "tf32" | "fp16";
  /** PyTorch's own kernels one by one, or its fused attention. */
  attention: "eager" | "sdpa";
  /** Timed steps, after two more. */
  steps: number;
  /** Seconds after which it is stopped, start and compilation included. */
  seconds: number;
}

/**
 * Times PyTorch at the given sizes.
 *
 * @param script path of the peer's script
 * @throws {PeerMissing} if Python or a package is missing
 * @throws {UserError} if it cannot run, with the last line of its error output
 */
export async function benchTorch(
  script: string,
  sizes: Sizes,
  { precision, attention, steps, seconds }: TorchOptions,
): Promise<TorchRow> {
  const options = {
    layers: sizes.layers,
    width: sizes.width,
    heads: sizes.heads,
    vocab: sizes.vocabSize,
    context: sizes.sequenceLength,
    batch: sizes.batchSize,
    accumulate: sizes.accumulation ?? 1,
    precision,
    attention,
    steps,
    warmup: 2,
  };
  const words = Object.entries(options).flatMap(([k, v]) => [`--${k}`, `${v}`]);
  return parsed(script, lastLine(await runPython(script, words, seconds)));
}

/** cuBLAS' rates for one product, in TFLOP/s. */
export interface CublasRow extends Product {
  /** Without TF32. */
  fp32: number;
  /** On matrix units, with fp32 sums. */
  fp16: number;
}

/** What `scripts/peers/cublas.py` measures. */
export interface CublasRates {
  rows: CublasRow[];
  /** GB/s of a large copy, counting what is read and what is written. */
  copy_gbytes: number;
}

/**
 * Times matrix products in cuBLAS, through PyTorch.
 *
 * @param script path of `cublas.py`
 * @throws as {@linkcode benchTorch} does
 */
export async function benchCublas(
  script: string,
  products: readonly Product[],
  seconds: number,
): Promise<CublasRates> {
  const words = products.map(({ layout, M, N, K }) =>
    `${layout}:${M}x${N}x${K}`
  );
  return parsed(script, lastLine(await runPython(script, words, seconds)));
}

function parsed<T>(script: string, line: string): T {
  try {
    return JSON.parse(line);
  } catch {
    throw new UserError(
      `Cannot read what '${script}' printed as its last line must be JSON: got '${line}'`,
    );
  }
}
