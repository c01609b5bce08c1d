/**
 * PyTorch's GPT-2 as a peer on the same GPU: a script that prints one line of
 * JSON.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { Sizes } from "../step/workloads.ts";
import { lastLine, python } from "./python.ts";

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

/** Timeout of a run in seconds, start and compilation included. */
const LIMIT = 180;

/**
 * Times PyTorch at the given sizes.
 *
 * @param script path of the peer's script
 * @throws {UserError} if it cannot run, with the last line of its error output
 */
export async function benchTorch(
  script: string,
  sizes: Sizes,
  precision: "fp32" | "tf32",
  steps: number,
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
    attention: "sdpa",
    steps,
    warmup: 2,
  };
  const words = Object.entries(options).flatMap(([k, v]) => [`--${k}`, `${v}`]);
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(python(), {
      args: [script, ...words],
      signal: AbortSignal.timeout(LIMIT * 1e3),
    }).output();
  } catch (error) {
    throw new UserError(
      `Cannot run PyTorch as '${python()}' does not start: ${
        (error as Error).message
      }`,
    );
  }
  const text = (bytes: Uint8Array) => lastLine(new TextDecoder().decode(bytes));
  if (!output.success) {
    throw new UserError(
      `Cannot run PyTorch: ${text(output.stderr) || `exit ${output.code}`}`,
    );
  }
  try {
    return JSON.parse(text(output.stdout));
  } catch {
    throw new UserError(
      `Cannot read what '${script}' printed as its last line must be JSON: got '${
        text(output.stdout)
      }'`,
    );
  }
}
