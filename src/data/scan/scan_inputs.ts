/**
 * The first reading: what each file holds, so that it is known before any work what the store will be.
 * @module
 */
import { UserError } from "../../errors.ts";
import { memoryFacts, type MemoryText } from "../sources/text_pieces.ts";
import { type ScanCache, stampOf } from "./scan_cache.ts";
import type { TokenizePool } from "../pool/tokenize_pool.ts";
import type { FileFacts, SourceFile } from "../sources/source_file.ts";
import { MAX_REASONS } from "../pool/work_unit.ts";

/** What documents are read from. */
export type Input = SourceFile | MemoryText;

/** Something with documents. */
export interface Entry {
  input: Input;
  facts: FileFacts;
  /** The file's stamp before it was read; null for a text in memory. */
  stamp: string | null;
  /** Number of its first document: they are counted through. */
  first: number;
}

/** What was left out, by reason. */
export interface Skipped {
  /** Text files with a NUL byte. */
  binary: number;
  /** Text files that are not UTF-8. */
  undecodable: number;
  /** Records without text. */
  unreadable: number;
  /** Texts that came before. */
  duplicate: number;
  /** Files that cannot be read, or not to their end. */
  files: number;
}

/** Something is counted in here. */
export interface SkipCounts {
  skipped: Skipped;
  /** Why, with the file's name, for the first few that are at fault. */
  reasons: string[];
}

/** An empty tally. */
export function newSkipCounts(): SkipCounts {
  const skipped = {
    binary: 0,
    undecodable: 0,
    unreadable: 0,
    duplicate: 0,
    files: 0,
  };
  return { skipped, reasons: [] };
}

/** How inputs are read. */
export interface InspectOptions {
  pool: () => TokenizePool;
  cache: ScanCache;
  /** Whether to go on after a fault. */
  skipBad: boolean;
  tally: SkipCounts;
  /** Called with bytes, as they lie on disk, that have been read or need not be. */
  onBytes: (bytes: number) => void;
}

// Small files go to a thread together: a message costs more than to read one.
const TASK_BYTES = 1 << 22;
const TASK_FILES = 64;

/**
 * The entries with documents, in the given order. What is no text is counted into the tally.
 * @throws {UserError} if a file cannot be read, and `skipBad` is not set.
 */
export async function scanInputs(
  inputs: readonly Input[],
  options: InspectOptions,
): Promise<Entry[]> {
  const stamps: (string | null)[] = [];
  const facts: (FileFacts | undefined)[] = [];
  const unknown: number[] = [];
  for (const [i, input] of inputs.entries()) {
    stamps[i] = stampOrNull(input);
    facts[i] = input.path === null
      ? memoryFacts(input)
      : stamps[i] !== null
      ? options.cache.get(input, stamps[i])
      : undefined;
    if (facts[i]) options.onBytes(input.bytes);
    else unknown.push(i);
  }
  await Promise.all(
    tasksOf(unknown, inputs).map(async (task) => {
      const files = task.map((i) => inputs[i] as SourceFile);
      const since = Date.now();
      let told = 0;
      const found = await options.pool().inspect(files, (bytes) => {
        told += bytes;
        options.onBytes(bytes);
      });
      for (const [at, i] of task.entries()) {
        facts[i] = found[at];
        if (stampOrNull(inputs[i]) === stamps[i] && stamps[i] !== null) {
          options.cache.put(files[at], stamps[i], found[at], since);
        }
      }
    }),
  );
  const entries: Entry[] = [];
  let first = 0;
  for (const [i, input] of inputs.entries()) {
    judge(input, facts[i]!, options);
    if (facts[i]!.documents === 0 || facts[i]!.not) continue;
    entries.push({ input, facts: facts[i]!, stamp: stamps[i], first });
    first += facts[i]!.documents;
  }
  return entries;
}

/** Counts what cannot be used of an input, or stops at it. */
function judge(input: Input, facts: FileFacts, options: InspectOptions): void {
  const { skipped, reasons } = options.tally;
  const note = (why: string) => {
    if (reasons.length < MAX_REASONS) reasons.push(`${input.name}: ${why}`);
  };
  if (facts.not) {
    skipped[facts.not]++;
    note(facts.not === "binary" ? "binary" : "not UTF-8");
  } else if (facts.fault !== null) {
    if (!options.skipBad) {
      throw new UserError(`Cannot read '${input.name}' as ${facts.fault}`);
    }
    skipped.files++;
    const { documents } = facts;
    note(
      documents === 0
        ? facts.fault
        : `${facts.fault}; ${documents} ${
          documents === 1 ? "document" : "documents"
        } before that used`,
    );
  }
}

/** Some files each, about as much as one large file. */
function tasksOf(numbers: number[], inputs: readonly Input[]): number[][] {
  const tasks: number[][] = [];
  let bytes = Infinity;
  for (const i of numbers) {
    if (bytes >= TASK_BYTES || tasks.at(-1)!.length >= TASK_FILES) {
      tasks.push([]);
      bytes = 0;
    }
    tasks.at(-1)!.push(i);
    bytes += inputs[i].bytes;
  }
  return tasks;
}

function stampOrNull({ path }: Input): string | null {
  try {
    return path === null ? null : stampOf(path);
  } catch {
    // Whoever reads it says why.
    return null;
  }
}
