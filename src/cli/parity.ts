/** `blocksmith parity`. @module */
import { UserError } from "../errors.ts";
import { expandHome } from "../fs/user_path.ts";
import {
  type ParityOptions,
  type Precision,
  PRECISIONS,
} from "../parity/fixture_tolerances.ts";
import { parity } from "../parity/parity.ts";
import { OutputClosed, print } from "../terminal/output.ts";
import type { Command, ParsedArgs } from "./command.ts";
import { openGpu } from "./inputs/open_gpu.ts";

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
  --precision fp32|fp16           as train.precision (default: fp32); the
                                  tolerances of fp16 are in fp16_tolerances.json
                                  beside the fixtures
  --residual-precision fp32|fp16  as train.residual_precision, for fp16

Examples:
  blocksmith parity tests/golden/*/
  blocksmith parity --precision fp16 tests/golden/*/`,
  flags: ["precision", "residual-precision"],
  async run({ flags, positionals: fixtures }) {
    const options = precisionOptions(flags);
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
 * The precision that the flags ask for.
 *
 * @throws {UserError} on other values, and on a residual precision of fp32 runs
 */
function precisionOptions(flags: ParsedArgs["flags"]): ParityOptions {
  const options: ParityOptions = {};
  const read = (flag: string): Precision | undefined => {
    const given = flags[flag];
    if (given === undefined) return;
    const found = PRECISIONS.find((precision) => precision === given);
    if (found) return found;
    throw new UserError(
      `Cannot read '--${flag}' of 'blocksmith parity' as it must be ${
        PRECISIONS.join(" or ")
      }: got '${given}'`,
    );
  };
  const precision = read("precision"), residual = read("residual-precision");
  if (precision) options.precision = precision;
  if (residual) options.residualPrecision = residual;
  if (residual === "fp16" && precision !== "fp16") {
    throw new UserError(
      "Cannot use '--residual-precision fp16' without '--precision fp16': the residual stream of fp32 is float32",
    );
  }
  return options;
}

/** Prints a line. The exit code is the answer too: it needs no reader. */
function show(line: string): void {
  try {
    print(line);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}
