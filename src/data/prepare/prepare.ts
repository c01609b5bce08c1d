/**
 * From text to a token store: made once, found again by its fingerprint, made anew when text or tokenizer changes.
 * @module
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../errors.ts";
import { removeUnfinished, writeFolder } from "../../fs/durable_folder.ts";
import { withLock } from "../../fs/file_lock.ts";
import { resumeStore } from "./resume_store.ts";
import { planStore, type StorePlan } from "./store_plan.ts";
import { WorkerDiedError } from "../pool/tokenize_pool.ts";
import type { PrepareOptions } from "./options.ts";
import { type StoreSummary, summaryIfSame } from "../store/token_store.ts";

export type { DocumentSource, PrepareOptions } from "./options.ts";

/** A store that is ready. */
export interface Prepared {
  /** To be opened with `TokenStore.open()`, unless `out` was given. */
  dir: string;
  /** Whether it was there already. */
  reused: boolean;
  summary: StoreSummary;
  /** Why, with the file's name, for the first few records and files that were left out in this run. */
  reasons: string[];
}

/** What nobody has gone on with for so long is removed. */
const UNFINISHED_DAYS = 30;

/**
 * Makes the token store of some documents, or finds it if it was made before. Neither texts nor tokens are ever all in
 * memory. Text files that are not UTF-8 are skipped and counted. Several processes may do this at once; one that is
 * killed leaves what the next one goes on with.
 * @throws {UserError} if an option is out of range, files are missing or unreadable, no text is long enough, or the
 * cache cannot be written.
 */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const plan = await planStore(options);
  try {
    return await make(plan, options);
  } finally {
    plan.closePool();
  }
}

async function make(
  plan: StorePlan,
  options: PrepareOptions,
): Promise<Prepared> {
  const { out, onProgress } = options;
  const dir = out?.dir ??
    join(options.cacheDir, "stores", plan.fingerprint.slice(0, 16));
  const find = (): Prepared | undefined => {
    const summary = summaryIfSame(dir, plan.fingerprint, out !== undefined);
    const { reasons } = plan.tally;
    return summary && { dir, reused: true, summary, reasons };
  };
  const found = find();
  if (found) return found;
  if (out) requireFree(dir);
  try {
    mkdirSync(dirname(dir), { recursive: true });
    return await withLock(
      dir + ".lock",
      async () => {
        if (!out) removeUnfinished(dirname(dir), UNFINISHED_DAYS);
        // Another process may have made it while this one waited.
        const made = find();
        if (made) return made;
        const { summary, reasons } = await writeFolder(
          dir,
          (unfinished) => resumeStore(unfinished, plan, options),
          { resume: true, keep: isOutsideFault },
        );
        return { dir, reused: false, summary, reasons };
      },
      () => onProgress?.({ phase: "wait", done: 0, total: plan.bytes }),
    );
  } catch (error) {
    throw writeError(error, dirname(dir));
  }
}

/** Whether it may go better the next time without a change of the data, so that what is on disk is worth keeping. */
function isOutsideFault(error: unknown): boolean {
  return error instanceof WorkerDiedError || !(error instanceof UserError);
}

function writeError(error: unknown, folder: string): unknown {
  const { code, message } = error as { code?: string; message: string };
  if (error instanceof UserError || !code) return error;
  const reason = code === "ENOSPC"
    ? " as the disk is full: free some space and run again, to go on from there"
    : `: ${message}`;
  return new UserError(
    `Cannot write the token store under '${folder}'${reason}`,
    { cause: error },
  );
}

/** @throws {UserError} if there is something that would be replaced. */
function requireFree(dir: string): void {
  let names: string[] = [];
  try {
    if (existsSync(dir)) names = readdirSync(dir);
  } catch {
    names = [""];
  }
  if (names.length > 0) {
    throw new UserError(
      `Cannot write to '${dir}' as there is something else already: name a new folder, or delete it`,
    );
  }
}
