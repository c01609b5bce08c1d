/**
 * Binarised folders for tests, written independently of the code under test.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../../src/errors.ts";

/** The output of `reference.py`. */
export const FIXTURE = fileURLToPath(
  new URL("../../data/fairseq/fixture/", import.meta.url),
);

/** Runs `work` with an empty folder and removes it afterwards. */
export async function withTempFolder(
  work: (dir: string) => void | Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The two files of a subset in uint16. */
export function subsetBytes(
  sentences: number[][],
): { idx: Uint8Array<ArrayBuffer>; bin: Uint8Array<ArrayBuffer> } {
  const idx = new Uint8Array(26 + 12 * sentences.length);
  const view = new DataView(idx.buffer);
  idx.set(new TextEncoder().encode("MMIDIDX\0\0"));
  view.setBigUint64(9, 1n, true);
  view.setUint8(17, 8);
  view.setBigUint64(18, BigInt(sentences.length), true);
  let at = 0;
  sentences.forEach(({ length }, i) => {
    view.setInt32(26 + 4 * i, length, true);
    view.setBigInt64(26 + 4 * sentences.length + 8 * i, BigInt(at), true);
    at += 2 * length;
  });
  const bin = new Uint8Array(Uint16Array.from(sentences.flat()).buffer);
  return { idx, bin };
}

/** Writes a subset to `<dir>/<name>.idx` and `.bin`. */
export function writeSubset(
  dir: string,
  name: string,
  sentences: number[][],
): void {
  const { idx, bin } = subsetBytes(sentences);
  Deno.writeFileSync(join(dir, `${name}.idx`), idx);
  Deno.writeFileSync(join(dir, `${name}.bin`), bin);
}

/** Writes a `dict.txt` with these symbols. */
export function writeDictionary(dir: string, symbols: string[]): void {
  const text = symbols.map((symbol) => `${symbol} 1\n`).join("");
  Deno.writeTextFileSync(join(dir, "dict.txt"), text);
}

/**
 * The message of the error that `work` throws; fails if it is not a one-line
 * `UserError`.
 */
export function userErrorMessage(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof UserError) || error.message.includes("\n")) {
      throw error;
    }
    return error.message;
  }
  throw new Error("nothing was thrown");
}
