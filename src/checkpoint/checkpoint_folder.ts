/**
 * Which checkpoints does a run have, and are they complete? Always:
 * `checkpoints/step-000500/` is written under another name, synced and renamed,
 * so neither `kill -9` nor a power cut nor a full disk leaves an incomplete
 * one.
 *
 * Names in use besides `step-N` (P is a process id):
 *
 * - `.tmp-P-step-N`: being written; never read;
 * - `.old-P-step-N`: complete, moved aside while a new `step-N` replaces it; it
 *   counts as `step-N` as long as that is missing;
 * - `.gone-P-step-N`: being removed; never read.
 * @module
 */
import { basename, join, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { putInPlace } from "../fs/durable_folder.ts";
import { exists, FileError, fileError, hasCode } from "../fs/file_error.ts";
import { readPlainText } from "../fs/plain_file.ts";
import { stableJson } from "../fs/stable_json.ts";
import { syncFolder, syncTree } from "../fs/sync.ts";
import { quoted } from "../terminal/quote.ts";

/** The weights of a checkpoint. */
export const MODEL_FILE = "model.safetensors";

/** The files of a checkpoint. */
export const CHECKPOINT_FILES = [
  MODEL_FILE,
  "optimizer.safetensors",
  "state.json",
] as const;

/** A complete checkpoint on disk. */
export interface Checkpoint {
  /** Optimizer steps done. */
  readonly step: number;
  /** Its folder. */
  readonly path: string;
}

/**
 * Folder name of a step: `step-000500`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { stepName } from "./checkpoint_folder.ts";
 *
 * assertEquals(stepName(500), "step-000500");
 * ```
 */
export function stepName(step: number): string {
  return `step-${String(step).padStart(6, "0")}`;
}

/** Where a run keeps its checkpoints. */
function checkpointsFolder(runDir: string): string {
  return join(runDir, "checkpoints");
}

/**
 * Writes a checkpoint, then removes the oldest beyond `keep`. A checkpoint of
 * the same step is replaced. The run's lock must be held.
 *
 * @param write writes {@linkcode CHECKPOINT_FILES} into the folder it is given
 * @param keep how many checkpoints to keep, at least 1; `Infinity` for all
 * @returns the new checkpoint
 * @throws {UserError} if it cannot be written, naming the checkpoint that
 *   stays; otherwise what `write` throws. In both cases nothing of the attempt
 *   remains.
 */
export async function saveCheckpoint(
  runDir: string,
  step: number,
  write: (folder: string) => void | Promise<void>,
  keep: number,
): Promise<Checkpoint> {
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new RangeError(`step must be a whole number: got ${step}`);
  }
  if (!(keep >= 1)) throw new RangeError(`keep must be 1 or more: got ${keep}`);
  const folder = checkpointsFolder(runDir);
  const path = join(folder, stepName(step));
  const tmp = join(folder, `.tmp-${Deno.pid}-${stepName(step)}`);
  try {
    if (!exists(folder)) {
      Deno.mkdirSync(folder, { recursive: true });
      syncFolder(runDir);
    }
    if (exists(tmp)) Deno.removeSync(tmp, { recursive: true });
    Deno.mkdirSync(tmp);
    await write(tmp);
    const missing = missingFiles(tmp);
    if (missing.length > 0) throw new Error(`not written: ${missing}`);
    syncTree(tmp);
    const aside = join(folder, `.old-${Deno.pid}-${stepName(step)}`);
    putInPlace(tmp, path, aside);
    if (exists(aside)) discard(aside);
  } catch (error) {
    // Described before removing: afterwards a full disk has space again.
    const fault = saveError(error, folder, path);
    try {
      Deno.removeSync(tmp, { recursive: true });
    } catch {
      // Not created, or it cannot be removed either: the first error says more.
    }
    throw fault;
  }
  prune(folder, keep, path);
  return { step, path };
}

/**
 * Removes a folder; it stops being a checkpoint before its files are removed.
 */
function discard(path: string): void {
  const name = basename(path).replace(/^\.old-\d+-/, "");
  const gone = join(path, "..", `.gone-${Deno.pid}-${name}`);
  try {
    if (exists(gone)) Deno.removeSync(gone, { recursive: true });
    Deno.renameSync(path, gone);
    Deno.removeSync(gone, { recursive: true });
  } catch (error) {
    throw fileError("remove", path, error);
  }
}

function prune(folder: string, keep: number, written: string): void {
  const all = listFolder(folder);
  // After a resume from an early step the new one may not be the latest.
  const others = all.filter(({ path }) => path !== written);
  for (const { path } of others.slice(0, Math.max(0, all.length - keep))) {
    discard(path);
  }
}

function saveError(error: unknown, folder: string, path: string): Error {
  const cause = fileError("write", path, error);
  if (!(cause instanceof FileError)) return cause;
  let stays = "";
  try {
    const last = listFolder(folder).at(-1);
    if (last) stays = `; the last checkpoint stays: ${quoted(last.path)}`;
  } catch {
    // The folder cannot be read: nothing is known of its checkpoints.
  }
  return new FileError(
    `Cannot save checkpoint ${quoted(path)}`,
    cause.reason + stays,
    { cause },
  );
}

/**
 * Repairs what a killed process left: removes incomplete folders, moves a
 * checkpoint back that was moved aside. The run's lock must be held, so that
 * the process that wrote them has ended.
 *
 * @throws {UserError} if they cannot be removed
 */
export function clearLeftovers(runDir: string): void {
  const folder = checkpointsFolder(runDir);
  for (const name of entries(folder)) {
    const [, kind, step] = /^\.(tmp|old|gone)-\d+-(step-\d+)$/.exec(name) ?? [];
    if (!kind) continue;
    const path = join(folder, name);
    try {
      if (kind === "old" && !exists(join(folder, step))) {
        Deno.renameSync(path, join(folder, step));
      } else if (kind === "old") discard(path);
      else Deno.removeSync(path, { recursive: true });
    } catch (error) {
      throw fileError("remove", path, error);
    }
  }
}

/** A run's checkpoints in order of steps; a damaged one may lack files. */
export function listCheckpoints(runDir: string): Checkpoint[] {
  return listFolder(checkpointsFolder(runDir));
}

function entries(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)]
      .filter((entry) => !entry.isFile)
      .map((entry) => entry.name);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw fileError("list", folder, error);
  }
}

/** As {@linkcode listCheckpoints}, of a `checkpoints` folder. */
export function listFolder(folder: string): Checkpoint[] {
  const found = new Map<number, string>();
  // Sorted, ".old-" comes before "step-", which then replaces it.
  for (const name of entries(folder).sort()) {
    const step = /^(?:\.old-\d+-)?step-(\d+)$/.exec(name)?.[1];
    if (step) found.set(Number(step), join(folder, name));
  }
  return [...found].sort(([a], [b]) => a - b)
    .map(([step, path]) => ({ step, path }));
}

/**
 * The checkpoint with the most steps, or null if there is none.
 *
 * @throws {UserError} if a file is missing from it
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   CHECKPOINT_FILES,
 *   latestCheckpoint,
 *   listCheckpoints,
 *   readState,
 *   saveCheckpoint,
 *   writeState,
 * } from "./checkpoint_folder.ts";
 *
 * const run = Deno.makeTempDirSync();
 * assertEquals(latestCheckpoint(run), null);
 * for (const step of [10, 20, 30]) {
 *   await saveCheckpoint(run, step, (folder) => {
 *     for (const name of CHECKPOINT_FILES) {
 *       Deno.writeTextFileSync(`${folder}/${name}`, "");
 *     }
 *     writeState(folder, { step });
 *   }, 2);
 * }
 * assertEquals(listCheckpoints(run).map(({ step }) => step), [20, 30]);
 * assertEquals(readState(latestCheckpoint(run)!.path), { step: 30 });
 * Deno.removeSync(run, { recursive: true });
 * ```
 */
export function latestCheckpoint(runDir: string): Checkpoint | null {
  return lastComplete(listCheckpoints(runDir));
}

function lastComplete(all: Checkpoint[]): Checkpoint | null {
  const last = all.at(-1);
  if (!last) return null;
  const missing = missingFiles(last.path);
  if (missing.length === 0) return last;
  const before = all.findLast(({ path }) => missingFiles(path).length === 0);
  const instead = before
    ? `: take the one before it, ${quoted(before.path)}`
    : ": take another";
  throw new UserError(
    holdsWeightsAlone(last.path)
      ? `Cannot resume from ${quoted(last.path)} as ${WEIGHTS_ALONE} ` +
        `(${missing.map(quoted).join(" and ")})${instead}, ` +
        `or start a new run; ${WEIGHTS_SUFFICE}`
      : `Cannot use checkpoint ${quoted(last.path)} as it lacks ` +
        `${missing.map(quoted).join(" and ")}${instead}`,
  );
}

/** Why a run cannot continue from weights. */
export const WEIGHTS_ALONE =
  "it holds weights alone, without an optimizer's state to continue from";

/** What can be done with weights. */
export const WEIGHTS_SUFFICE =
  "'eval' and 'generate' need no more than weights";

/**
 * Whether a folder holds the weights of a checkpoint but no optimizer's state,
 * as where a user has kept only what a trained model needs.
 */
export function holdsWeightsAlone(folder: string): boolean {
  return exists(join(folder, MODEL_FILE)) &&
    !exists(join(folder, "optimizer.safetensors"));
}

function missingFiles(folder: string): string[] {
  return CHECKPOINT_FILES.filter((name) => !exists(join(folder, name)));
}

/**
 * The checkpoint at a path: the latest one of a run's folder or of its
 * `checkpoints` folder, or the checkpoint's own folder, whatever its name.
 *
 * @throws {UserError} if there is none or a file is missing from it
 */
export function resolveCheckpoint(path: string): Checkpoint {
  const full = resolve(path);
  try {
    if (!Deno.statSync(full).isDirectory) {
      throw new UserError(
        `Cannot use ${quoted(path)} as a checkpoint is a folder: give the ` +
          `run's folder, one of its checkpoints or, to 'eval' and ` +
          `'generate', a safetensors file`,
      );
    }
  } catch (error) {
    throw fileError("use checkpoint", path, error);
  }
  const step = /^step-(\d+)$/.exec(basename(full))?.[1];
  if (step) return lastComplete([{ step: Number(step), path }])!;
  if (CHECKPOINT_FILES.some((name) => exists(join(full, name)))) {
    // Renamed by a user, for example to "best": the step is in the state.
    const renamed = lastComplete([{ step: 0, path }])!;
    const state = readState(path);
    return { ...renamed, step: Number(state.step ?? 0) };
  }
  const found = latestCheckpoint(path) ?? lastComplete(listFolder(path));
  if (found) return found;
  throw new UserError(
    `Cannot find a checkpoint in ${quoted(path)}: give a run's folder, ` +
      `one of its checkpoints or, to 'eval' and 'generate', a safetensors file`,
  );
}

/**
 * Removes the checkpoints of later steps: they belong to the abandoned branch
 * of a run that resumes from `step`. The run's lock must be held.
 */
export function removeCheckpointsAfter(runDir: string, step: number): void {
  for (const later of listCheckpoints(runDir)) {
    if (later.step > step) discard(later.path);
  }
}

/**
 * Writes `state.json` into a checkpoint's folder: equal states give equal
 * files.
 *
 * @throws {TypeError} on values that JSON cannot hold
 */
export function writeState(
  folder: string,
  state: Readonly<Record<string, unknown>>,
): void {
  writeFileAtomic(join(folder, "state.json"), stableJson(state));
}

/**
 * Reads a checkpoint's `state.json`.
 *
 * @throws {UserError} if it is missing or not a JSON object
 */
export function readState(folder: string): Record<string, unknown> {
  const path = join(folder, "state.json");
  let state: unknown;
  try {
    state = JSON.parse(readPlainText(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw fileError("read", path, error);
  }
  if (typeof state === "object" && state !== null && !Array.isArray(state)) {
    return state as Record<string, unknown>;
  }
  throw new UserError(
    `Cannot read ${quoted(path)} as it must be a JSON object: ` +
      `the checkpoint is damaged, take another`,
  );
}
