/** Which folder does a run have, and does this process hold it? @module */
import { dirname, resolve } from "node:path";
import type { Config } from "../config/mod.ts";
import { exists } from "../fs/file_error.ts";
import { openRunFolder, type RunFolder } from "../run_folder/run_folder.ts";

/** What a run is started with. */
export interface RunOptions {
  config: Config;
  /** Folder of the run. */
  dir: string;
  /** Continue the run in the folder. */
  resume: boolean;
  /** The checkpoint to resume from; the last one if absent. */
  from?: string | undefined;
  /** Shows the user a line. */
  say(line: string): void;
}

/** A run whose folder this process holds. */
export interface Run extends RunOptions, Disposable {
  folder: RunFolder;
}

/**
 * Takes the folder, before any data is read: a folder that another process
 * holds is reported without delay.
 */
export async function openRun(options: RunOptions): Promise<Run> {
  const { dir, resume } = options;
  using stack = new DisposableStack();
  stack.use(removeIfEmpty(dir));
  const folder = stack.use(await openRunFolder(dir, { resume }));
  const resources = stack.move();
  return { ...options, folder, [Symbol.dispose]: () => resources.dispose() };
}

/** Removes the folders made for a run if it ends before anything is in them. */
function removeIfEmpty(dir: string): Disposable {
  const made: string[] = [];
  for (let at = resolve(dir); !exists(at); at = dirname(at)) made.push(at);
  return {
    [Symbol.dispose]() {
      try {
        for (const path of made) Deno.removeSync(path);
      } catch {
        // Something is in it: the run has begun.
      }
    },
  };
}
