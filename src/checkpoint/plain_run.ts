/**
 * Is a run's folder what it seems? It may have come from someone else, and a
 * link in it would lead the program's reading and writing elsewhere. The folder
 * itself may be given through a link.
 * @module
 */
import { join } from "node:path";
import { fileError } from "../fs/file_error.ts";
import { requirePlain } from "../fs/plain_file.ts";
import { CHECKPOINT_FILES } from "./checkpoint_folder.ts";

/** Files of a run that are read or written. */
const RUN_FILES = ["lock", "config.yaml", "run.json", "metrics.jsonl"];

/** Files of a checkpoint that are read. */
const READ_FILES = [
  ...CHECKPOINT_FILES,
  "fixed.safetensors",
  "dict.txt",
  "tokenizer.json",
  "tokenizer_config.json",
];

/**
 * Checks all that a command uses of a run. What is missing is no fault here.
 *
 * @throws {UserError} if a file is a link, a pipe, a socket or a device
 */
export function requirePlainRun(dir: string): void {
  for (const name of RUN_FILES) requirePlain(join(dir, name), "file");
  const folder = join(dir, "checkpoints");
  if (!requirePlain(folder, "folder")) return;
  for (const name of namesIn(folder)) {
    if (!/^(\.\w+-\d+-)?step-\d+$/.test(name)) continue;
    requirePlain(join(folder, name), "folder");
    requirePlainCheckpoint(join(folder, name));
  }
}

/** The same for the files of a checkpoint's folder. */
export function requirePlainCheckpoint(dir: string): void {
  for (const name of READ_FILES) requirePlain(join(dir, name), "file");
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    throw fileError("list", folder, error);
  }
}
