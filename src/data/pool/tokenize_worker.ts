/**
 * A thread that reads and tokenises: what it is asked, and how it answers.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { WorkerPort } from "../../workers/start.ts";
import { TOKENIZER_PROBE } from "../tokenizers/tokenizer.ts";
import type { Answer } from "./tokenize_pool.ts";
import { inspectFile } from "../sources/mod.ts";
import type { FileFacts, SourceFile } from "../sources/source_file.ts";
import {
  type TokenizeOptions,
  tokenizeUnit,
  transferOf,
} from "./tokenize_unit.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { loadTokenizer } from "../tokenizers/load_tokenizer.ts";
import { limitWordCaches } from "../tokenizers/gpt2/word_cache.ts";
import type { TokenizedUnit, WorkUnit } from "./work_unit.ts";

/** The first message: what is the same for all jobs. */
export interface Setup {
  /** For `loadTokenizer()`. */
  tokenizer: string;
  /** What it should make of `PROBE`. */
  probe: Uint32Array;
  /** How many threads do the same. */
  threads: number;
  options: TokenizeOptions;
}

/** Something to do. */
export type Job =
  | { do: "inspect"; files: SourceFile[] }
  | { do: "tokenize"; unit: WorkUnit };

/** Bytes after which progress is told. */
const TELL_BYTES = 1 << 22;

/** Does one job. @throws {UserError} if the input is at fault. */
export async function doJob(
  job: Job,
  tokenizer: () => Promise<Tokenizer>,
  options: TokenizeOptions,
  onBytes: (bytes: number) => void,
): Promise<FileFacts[] | TokenizedUnit> {
  if (job.do === "tokenize") {
    return await tokenizeUnit(job.unit, await tokenizer(), options);
  }
  const facts: FileFacts[] = [];
  for (const file of job.files) {
    facts.push(await inspectFile(file, { onBytes }));
  }
  return facts;
}

/** Answers a thread's messages, one after the other. */
export function serve(port: WorkerPort): void {
  let setup: Setup;
  let tokenizer: Promise<Tokenizer> | undefined;
  let untold = 0;
  const tell = (answer: Answer, transfer?: Transferable[]) =>
    port.postMessage(answer, transfer);
  const onBytes = (bytes: number) => {
    untold += bytes;
    if (untold < TELL_BYTES) return;
    tell({ bytes: untold });
    untold = 0;
  };
  const answer = async ({ id, job }: { id: number; job: Job }) => {
    try {
      const load = () => tokenizer ??= loadSame(setup);
      const result = await doJob(job, load, setup.options, onBytes);
      if (untold > 0) tell({ bytes: untold });
      untold = 0;
      tell({ id, result }, Array.isArray(result) ? [] : transferOf(result));
    } catch (error) {
      const { message, stack } = error as Error;
      tell({
        id,
        error: { message, stack, user: error instanceof UserError },
      });
    }
  };
  let last = Promise.resolve();
  port.onmessage = ({ data }) => {
    if ("setup" in data) {
      setup = data.setup;
      limitWordCaches(setup.threads);
    } else last = last.then(() => answer(data));
  };
}

/** The tokenizer that the main thread has, and no other of its name. */
async function loadSame({ tokenizer: name, probe }: Setup): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(name);
  const ids = tokenizer.encode(TOKENIZER_PROBE);
  if (ids.length !== probe.length || ids.some((id, i) => id !== probe[i])) {
    throw new UserError(
      `Cannot prepare the data as the tokenizer '${tokenizer.name}' changed since it was loaded: run again`,
    );
  }
  return tokenizer;
}
