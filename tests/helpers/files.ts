/** What the tests of this folder share. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

/** The path of a script of `scripts/`, to be run in a process or a worker. */
export function script(name: string): string {
  return fileURLToPath(new URL(`./scripts/${name}`, import.meta.url));
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

/** Runs `work` with a folder that is removed afterwards. */
export async function withTempDir(
  work: (dir: string) => Promise<void>,
): Promise<void> {
  using dir = tempDir();
  await work(dir.path);
}
