/** Which Python interpreter runs the peers, and how? @module */
import { UserError } from "../../errors.ts";

/** There is no such peer on this machine: it is not compared. */
export class PeerMissing extends UserError {}

/** `$PYTHON`, else `python3` from the PATH. */
export const python = (): string => Deno.env.get("PYTHON") || "python3";

/** The last non-blank line of a text. */
export const lastLine = (text: string): string =>
  text.trimEnd().split("\n").at(-1) ?? "";

/** What a peer says where it cannot run here at all. */
const MISSING = /No module named|no CUDA device/i;

/**
 * Runs a peer's script to its end.
 *
 * @param words the script's arguments
 * @param seconds after which it is stopped
 * @returns what it printed
 * @throws {PeerMissing} if Python or a package is missing
 * @throws {UserError} if it fails, with the last line of its error output
 */
export async function runPython(
  script: string,
  words: readonly string[],
  seconds: number,
): Promise<string> {
  const limit = AbortSignal.timeout(seconds * 1e3);
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(python(), {
      args: [script, ...words],
      signal: limit,
    }).output();
  } catch (error) {
    throw new PeerMissing(
      `Cannot run PyTorch as '${python()}' does not start: ${
        (error as Error).message
      }`,
    );
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (output.success) return text(output.stdout);
  const why = limit.aborted
    ? `it took longer than ${Number(seconds.toFixed(1))} s`
    : lastLine(text(output.stderr)) || `exit ${output.code}`;
  throw new (MISSING.test(why) ? PeerMissing : UserError)(
    `Cannot run PyTorch: ${why}`,
  );
}
