/** `blocksmith parity`. @module */
import { RECOMPUTE, type Recompute } from "../engine/step_plans.ts";
import { UserError } from "../errors.ts";
import { expandHome } from "../fs/user_path.ts";
import { parity } from "../parity/parity.ts";
import { OutputClosed, print } from "../terminal/output.ts";
import type { Command } from "./command.ts";
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

  --recompute <what>    what the backward pass computes again: none, block or
                        attention (default none); the numbers are the same

Example:
  blocksmith parity tests/golden/*/`,
  flags: ["recompute"],
  async run({ positionals: fixtures, flags }) {
    const recompute = recomputeOf(flags.recompute ?? "none");
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
        const rows = await parity(
          gpu,
          expandHome(path).replace(/\/+$/, ""),
          { recompute },
        );
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

function recomputeOf(value: string): Recompute {
  const known = RECOMPUTE.find((name) => name === value);
  if (known) return known;
  throw new UserError(
    `Cannot check parity as --recompute must be one of ${
      RECOMPUTE.join(", ")
    }: got ${value}`,
  );
}

/** Prints a line. The exit code is the answer too: it needs no reader. */
function show(line: string): void {
  try {
    print(line);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}
