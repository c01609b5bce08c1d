/**
 * From text to a token store: written once, found again by its fingerprint, and
 * written again when the text or the tokenizer changes.
 * @module
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../errors.ts";
import { removeUnfinished, writeFolder } from "../../fs/durable_folder.ts";
import { FileError, fileError, hasCode } from "../../fs/file_error.ts";
import { withLock } from "../../fs/file_lock.ts";
import { WorkerDiedError } from "../pool/tokenize_pool.ts";
import { type StoreSummary, summaryIfSame } from "../store/token_store.ts";
import type { PrepareOptions } from "./options.ts";
import type { Prepared } from "./prepared.ts";
import { reasonsOf, resumeStore, skippedInBoth } from "./resume_store.ts";
import { planStore, type StorePlan } from "./store_plan.ts";

export type { DocumentSource, PrepareOptions } from "./options.ts";
export {
  type Prepared,
  preparedLines,
  type PreparedLinesOptions,
  skippedLines,
} from "./prepared.ts";

/** Unfinished stores that no run resumed for this long are removed. */
const UNFINISHED_DAYS = 30;

/**
 * Writes the token store of some documents, or finds an existing one. Neither
 * all texts nor all tokens are ever in memory at once. Text files that are not
 * UTF-8 are skipped and counted. Several processes may prepare the same data at
 * once: one writes, the others wait. A killed run is resumed by the next.
 * @throws {UserError} if an option is out of range, files are missing or
 *   unreadable, no text is long enough, or the cache cannot be written.
 */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const plan = await planStore(options);
  try {
    return await findOrWrite(plan, options);
  } finally {
    plan.closePool();
  }
}

async function findOrWrite(
  plan: StorePlan,
  options: PrepareOptions,
): Promise<Prepared> {
  const { out, onProgress } = options;
  // The first 16 digits, without the prefix of its form.
  const dir = out?.dir ??
    join(options.cacheDir, "stores", plan.fingerprint.slice(-64, -48));
  const prepared = (reused: boolean, summary: StoreSummary): Prepared => ({
    dir,
    reused,
    // What the store does not hold can change and leave it as it is.
    summary: {
      ...summary,
      skipped: skippedInBoth(plan.skipCounts.skipped, summary.skipped),
    },
    read: plan.read,
    reasons: reasonsOf(plan, summary.reasons),
  });
  const find = (): Prepared | undefined => {
    const summary = summaryIfSame(dir, plan.fingerprint, out !== undefined);
    return summary && prepared(true, summary);
  };
  const found = find();
  if (found) return found;
  if (out) requireEmpty(dir);
  try {
    mkdirSync(dirname(dir), { recursive: true });
    return await withLock(
      dir + ".lock",
      async () => {
        if (!out) removeUnfinished(dirname(dir), UNFINISHED_DAYS);
        // Another process may have written it while this one waited.
        const made = find();
        if (made) return made;
        const summary = await writeFolder(
          dir,
          (unfinished) => resumeStore(unfinished, plan, options),
          { resume: true, keep: canResume },
        );
        return prepared(false, summary);
      },
      () => onProgress?.({ phase: "wait", done: 0, total: plan.bytes }),
    );
  } catch (error) {
    throw writeError(error, dirname(dir), out === undefined);
  }
}

/**
 * Whether a later run with the same data may succeed, so that the unfinished
 * folder is worth keeping.
 */
function canResume(error: unknown): boolean {
  return error instanceof WorkerDiedError || !(error instanceof UserError);
}

function writeError(
  error: unknown,
  folder: string,
  inCache: boolean,
): unknown {
  const fault = fileError("write", folder, error);
  if (!(fault instanceof FileError)) return fault;
  const reason = hasCode(error, "ENOSPC")
    ? " as the disk is full: free some space and run again to continue from there"
    : `: ${fault.reason}${
      inCache ? "; data.cache=<folder> or XDG_CACHE_HOME names another" : ""
    }`;
  return new UserError(
    `Cannot write the token store under '${folder}'${reason}`,
    { cause: error },
  );
}

/** @throws {UserError} if the folder has content that would be replaced. */
function requireEmpty(dir: string): void {
  let names: string[] = [];
  try {
    if (existsSync(dir)) names = readdirSync(dir);
  } catch {
    names = [""];
  }
  if (names.length > 0) {
    throw new UserError(
      `Cannot write to '${dir}' as it is not empty: name a new folder`,
    );
  }
}
