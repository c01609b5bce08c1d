/** `blocksmith parity`. @module */
import { RECOMPUTE } from "../engine/step_plans.ts";
import { UserError } from "../errors.ts";
import { expandHome } from "../fs/user_path.ts";
import { parity, type ParityOptions } from "../parity/parity.ts";
import { OutputClosed, print } from "../terminal/output.ts";
import type { Command, ParsedArgs } from "./command.ts";
import { openGpu } from "./inputs/open_gpu.ts";

const PRECISIONS = ["fp32", "fp16"] as const;

/** Compares the model with the authors' numbers. */
export const parityCommand: Command = {
  name: "parity",
  summary: "compare the model with reference numbers of the authors' code",
  help: `[options] <fixture> [<fixture> ...]

Loads each fixture's weights, runs the forward pass, the backward pass and the
fixture's updates (ten, or 1,000), and prints the largest difference of each
quantity next to its tolerance. The exit code is 0 only if all hold. A fixture is
a folder with config.yaml, weights.safetensors, batch.safetensors,
expected.safetensors and expected.json.

Options:
  --precision <what>          as train.precision, fp32 or fp16 (default fp32);
                              the tolerances of fp16 are in
                              fp16_tolerances.json beside the fixtures
  --residual-precision <what> as train.residual_precision, fp32 or fp16
                              (default fp32)
  --recompute <what>          what the backward pass computes again: none, block
                              or attention (default none); the numbers are the
                              same

Examples:
  blocksmith parity tests/golden/*/
  blocksmith parity --precision fp16 tests/golden/*/`,
  flags: ["precision", "residual-precision", "recompute"],
  async run({ positionals: fixtures, flags }) {
    const options = optionsOf(flags);
    if (fixtures.length === 0) {
      throw new UserError(
        "Cannot check parity as no fixture is given: run blocksmith parity <folder> ...",
      );
    }
    const gpu = await openGpu();
    let failed = 0;
    try {
      show(`on ${gpu.name}`);
      for (const path of fixtures) {
        const folder = expandHome(path).replace(/\/+$/, "");
        const rows = await parity(gpu, folder, options);
        const holds = rows.every((r) => r.holds);
        if (!holds) failed++;
        show(`\n${path}: ${holds ? "holds" : "DIFFERS"}`);
        for (const r of rows) {
          show(
            [
              r.holds ? "  ok " : "  BAD",
              r.quantity.padEnd(21),
              r.difference.toExponential(2).padStart(9),
              "of",
              r.tolerance.toExponential(2).padStart(9),
              r.where,
            ].join(" "),
          );
        }
      }
    } finally {
      gpu.close();
    }
    show(
      `\n${fixtures.length - failed} of ${fixtures.length} fixtures hold`,
    );
    return failed === 0 ? 0 : 1;
  },
};

/**
 * What the flags ask for.
 *
 * @throws {UserError} on unknown values, and on a residual stream in fp16 of a
 *   run in fp32
 */
function optionsOf(flags: ParsedArgs["flags"]): ParityOptions {
  const oneOf = <T extends string>(flag: string, known: readonly T[]): T => {
    const given = flags[flag] ?? known[0];
    const found = known.find((name) => name === given);
    if (found) return found;
    throw new UserError(
      `Cannot check parity as --${flag} must be one of ${
        known.join(", ")
      }: got ${given}`,
    );
  };
  const precision = oneOf("precision", PRECISIONS);
  const residualPrecision = oneOf("residual-precision", PRECISIONS);
  if (residualPrecision === "fp16" && precision === "fp32") {
    throw new UserError(
      "Cannot check parity as --residual-precision fp16 needs --precision fp16: got fp32",
    );
  }
  return {
    precision,
    residualPrecision,
    recompute: oneOf("recompute", RECOMPUTE),
  };
}

/** Prints a line. The exit code is the answer too: it needs no reader. */
function show(line: string): void {
  try {
    print(line);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}
