/**
 * The worker thread that scans and tokenizes: its messages and its loop.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { WorkerPort } from "../../workers/start.ts";
import { scanFile } from "../sources/mod.ts";
import type { FileScan, SourceFile } from "../sources/source_file.ts";
import { limitWordCaches } from "../tokenizers/gpt2/word_cache.ts";
import { loadTokenizer } from "../tokenizers/load_tokenizer.ts";
import { type Tokenizer, TOKENIZER_PROBE } from "../tokenizers/tokenizer.ts";
import type { WorkerReply } from "./tokenize_pool.ts";
import {
  type TokenizeOptions,
  tokenizeUnit,
  transferOf,
} from "./tokenize_unit.ts";
import type { TokenizedUnit, WorkUnit } from "./work_unit.ts";

/** The first message: what is the same for all jobs. */
export interface WorkerSetup {
  /** Argument of `loadTokenizer()`. */
  tokenizer: string;
  /** The ids that it must return for `TOKENIZER_PROBE`. */
  probe: Uint32Array;
  /** Number of threads in the pool. */
  threads: number;
  options: TokenizeOptions;
}

/** A task for the worker. */
export type WorkerJob =
  | { do: "scan"; files: SourceFile[] }
  | { do: "tokenize"; unit: WorkUnit };

/** Bytes between two progress reports. */
const REPORT_BYTES = 1 << 22;

/**
 * Runs one job.
 * @throws {UserError} if the input is at fault.
 */
export async function runJob(
  job: WorkerJob,
  tokenizer: () => Promise<Tokenizer>,
  options: TokenizeOptions,
  onBytes: (bytes: number) => void,
): Promise<FileScan[] | TokenizedUnit> {
  if (job.do === "tokenize") {
    return await tokenizeUnit(job.unit, await tokenizer(), options);
  }
  const scans: FileScan[] = [];
  for (const file of job.files) {
    scans.push(await scanFile(file, { onBytes }));
  }
  return scans;
}

/** Replies to a thread's messages, one at a time and in order. */
export function serve(port: WorkerPort): void {
  let setup: WorkerSetup;
  let tokenizer: Promise<Tokenizer> | undefined;
  let unreported = 0;
  const reply = (answer: WorkerReply, transfer?: Transferable[]) =>
    port.postMessage(answer, transfer);
  const onBytes = (bytes: number) => {
    unreported += bytes;
    if (unreported < REPORT_BYTES) return;
    reply({ bytes: unreported });
    unreported = 0;
  };
  const answer = async ({ id, job }: { id: number; job: WorkerJob }) => {
    try {
      const load = () => tokenizer ??= loadSameTokenizer(setup);
      const result = await runJob(job, load, setup.options, onBytes);
      if (unreported > 0) reply({ bytes: unreported });
      unreported = 0;
      reply({ id, result }, Array.isArray(result) ? [] : transferOf(result));
    } catch (error) {
      const { message, stack } = error as Error;
      reply({
        id,
        error: { message, stack, user: error instanceof UserError },
      });
    }
  };
  let previous = Promise.resolve();
  port.onmessage = ({ data }) => {
    if ("setup" in data) {
      setup = data.setup;
      limitWordCaches(setup.threads);
    } else previous = previous.then(() => answer(data));
  };
}

/** Loads the main thread's tokenizer and checks that it is still the same. */
async function loadSameTokenizer(
  { tokenizer: name, probe }: WorkerSetup,
): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(name);
  const ids = tokenizer.encode(TOKENIZER_PROBE);
  if (ids.length !== probe.length || ids.some((id, i) => id !== probe[i])) {
    throw new UserError(
      `Cannot prepare the data as the tokenizer '${tokenizer.name}' changed since it was loaded: run again`,
    );
  }
  return tokenizer;
}
