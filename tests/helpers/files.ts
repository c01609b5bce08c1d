/** What the tests of this folder share. */
import { join } from "node:path";
import { writeState } from "../../src/checkpoint/checkpoint_folder.ts";
import { writeSafetensors } from "../../src/checkpoint/safetensors.ts";

/** A folder that goes when the block ends. */
export function tempDir(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync({ prefix: "blocksmith-test-" });
  return {
    path,
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

/** A script of `scripts/` beside this file, to be run in a process of its own. */
export function script(name: string): string {
  return new URL(`./scripts/${name}`, import.meta.url).pathname;
}

/** Starts a script of `scripts/`; standard output is piped. */
export function start(name: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script(name), ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Wait until a child has written its first bytes. */
export async function firstWord(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return new TextDecoder().decode(value).trim();
}

/** What an action throws, or null. */
export async function thrown(
  action: () => unknown | Promise<unknown>,
): Promise<unknown> {
  try {
    await action();
    return null;
  } catch (error) {
    return error;
  }
}

/** Writes the three files of a checkpoint, each of which tells `fill`. */
export function checkpointOf(
  fill: number,
  length = 1000,
): (folder: string) => Promise<void> {
  return async (folder) => {
    for (const name of ["model", "optimizer"]) {
      await writeSafetensors(
        join(folder, `${name}.safetensors`),
        [{ name: "w", dtype: "F32", shape: [length] }],
        () => new Uint8Array(new Float32Array(length).fill(fill).buffer),
      );
    }
    writeState(folder, { fill });
  };
}
