/**
 * Are a file's tensors those of a model? Checked before any is loaded.
 * @module
 */
import { UserError } from "../errors.ts";
import { brief, quoted } from "../terminal/quote.ts";
import type { SafetensorsFile } from "./safetensors.ts";

/**
 * Checks that a file holds exactly the tensors of a model.
 *
 * @param expected names and shapes, in the authors' order
 * @param path for the message; the file's own by default
 * @throws {UserError} one line with the counts and the first few names
 */
export function validateTensors(
  expected: readonly { name: string; shape: readonly number[] }[],
  file: SafetensorsFile,
  path: string = file.path,
): void {
  const names = new Set(expected.map(({ name }) => name));
  const missing: string[] = [];
  const misshaped: string[] = [];
  for (const { name, shape } of expected) {
    const got = file.tensors.get(name)?.shape;
    if (!got) missing.push(quoted(name));
    else if (`${got}` !== `${shape}` || got.length !== shape.length) {
      misshaped.push(
        `${quoted(name)} is ${brief(got, "...")}, expected [${shape}]`,
      );
    }
  }
  const extra = file.names().filter((name) => !names.has(name)).map(quoted);
  const faults = [
    some(missing, "missing"),
    some(extra, "extra"),
    some(misshaped, "mis-shaped"),
  ].filter((text) => text !== "");
  if (faults.length === 0) return;
  throw new UserError(
    `Cannot load ${quoted(path)} as its tensors must be the model's: ` +
      `${faults.join("; ")}: use the config it was trained with`,
  );
}

function some(found: string[], what: string): string {
  if (found.length === 0) return "";
  const shown = found.slice(0, 3).join(", ");
  return `${found.length} ${what} (${shown}${found.length > 3 ? ", …" : ""})`;
}
