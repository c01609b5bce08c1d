/** The program as users start it: a process, its words, what it says. */
import { assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The entry of the program. */
export const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** How one process ended. */
export interface ProcessResult {
  code: number;
  signal: Deno.Signal | null;
  out: string;
  err: string;
}

/** How to start one. */
export interface StartOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** What it finds on standard input; nothing if absent. */
  input?: Uint8Array<ArrayBuffer>;
}

/** The environment of a user with another home folder, and Deno's own cache. */
export const homeAt = (home: string): Record<string, string> => ({
  HOME: home,
  XDG_CACHE_HOME: "",
  DENO_DIR: Deno.env.get("DENO_DIR") ??
    join(Deno.env.get("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "deno"),
});

/**
 * Words before `main.ts`: another program that starts Deno, as `setpriv` does.
 */
export type Wrapper = readonly string[];

/** The whole command line of a process of the program. */
export function commandLine(args: readonly string[], wrapper: Wrapper = []) {
  const deno = [Deno.execPath(), "run", "-A", "--no-check", MAIN];
  return [...wrapper, ...deno, ...args];
}

/** Starts the program; standard output and error are piped. */
export function start(
  args: readonly string[],
  { cwd, env, input }: StartOptions = {},
  wrapper: Wrapper = [],
): Deno.ChildProcess {
  const [program, ...rest] = commandLine(args, wrapper);
  const child = new Deno.Command(program, {
    args: rest,
    ...cwd !== undefined && { cwd },
    env: { NO_COLOR: "1", ...env },
    stdin: input ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // One that ends before it has read all closes the pipe: its own words say
  // why.
  if (input) new Blob([input]).stream().pipeTo(child.stdin).catch(() => {});
  return child;
}

/** Runs the program to its end. */
export async function blocksmith(
  args: readonly string[],
  options: StartOptions = {},
  wrapper: Wrapper = [],
): Promise<ProcessResult> {
  const child = start(args, options, wrapper);
  const [{ code, signal }, out, err] = await Promise.all([
    child.status,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, signal, out, err };
}

/** Runs the program, which must end well. */
export async function succeeds(
  args: readonly string[],
  options: StartOptions = {},
): Promise<ProcessResult> {
  const ended = await blocksmith(args, options);
  assertEquals(ended.code, 0, ended.err);
  return ended;
}

/** Lines that tell how far a process is, rather than what is wrong. */
const PROGRESS =
  /^(reading|tokenizing|downloading|step|kept standard input as) |training tokens| parameters · |^timing kernels|^resuming|^no checkpoint yet|^note: |^model: |^(text|train|valid|files|skipped) {2,}|^ {2}/;

/**
 * Runs the program, which must end with 1, nothing on standard output and one
 * line on standard error beside progress.
 *
 * @param message what the line must say
 * @returns the line
 */
export async function fails(
  args: readonly string[],
  message: RegExp,
  options: StartOptions = {},
  wrapper: Wrapper = [],
): Promise<string> {
  const { code, out, err } = await blocksmith(args, options, wrapper);
  const lines = err.trimEnd().split("\n").filter((l) => !PROGRESS.test(l));
  assertEquals(lines.length, 1, err);
  assertMatch(lines[0], /^blocksmith: /);
  assertMatch(lines[0], message);
  // Words for faults of the program itself.
  assertEquals(lines[0].includes("(unexpected:"), false, lines[0]);
  assertEquals(out, "");
  assertEquals(code, 1);
  return lines[0];
}

/**
 * A folder to work in, with text, and the words of a run that takes a second.
 */
export interface Workshop extends Disposable {
  path: string;
  /** A path in the folder. */
  at(...names: string[]): string;
  /**
   * The words that choose data, a small model and 20 steps; more of them
   * override.
   */
  tiny(run: string, ...more: string[]): string[];
}

/** Opens a {@linkcode Workshop}; it is gone at the end of the block. */
export function workshop(): Workshop {
  const path = Deno.makeTempDirSync({ prefix: "blocksmith-test-" });
  const at = (...names: string[]) => join(path, ...names);
  Deno.mkdirSync(at("text"));
  // 10 documents of 12 chunks: one is held out, 108 chunks are 13 steps of 8.
  for (let i = 0; i < 10; i++) {
    Deno.writeTextFileSync(at("text", `${i}.txt`), textOf(i, 12 * 16));
  }
  return {
    path,
    at,
    tiny: (run, ...more) => [
      ...`data.files=[${at("text")}] data.cache=${at("cache")} run=${at(run)}`
        .split(" "),
      ...TINY,
      ...more,
    ],
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

/** A model of 21,000 parameters, 20 steps, a checkpoint each 5. */
export const TINY =
  `data.tokenizer=byte model.n_embd=32 model.n_layer=1 model.n_head=2
  model.context_length=16 model.n_positions=16 train.device_train_batch_size=4
  train.device_eval_batch_size=8 train.gradient_accumulation_steps=1
  train.max_steps=20 train.learning_rate=2e-3 train.save_steps=5
  train.eval_steps=10 train.log_steps=1 train.keep=3`.split(/\s+/);

const WORDS =
  "the loss of a step falls as long as rates stay low and batches are large"
    .split(" ");

/** So many characters of words, in an order of document `i`'s own. */
function textOf(i: number, length: number): string {
  let text = "", state = i + 1;
  while (text.length < length) {
    state = state * 48271 % 2147483647;
    text += WORDS[state % WORDS.length] + " ";
  }
  return text.slice(0, length);
}

/** SHA-256 of each file of a checkpoint. */
export function hashes(run: string, step: string): Record<string, string> {
  const folder = join(run, "checkpoints", step);
  const names = Array.from(Deno.readDirSync(folder), (entry) => entry.name);
  return Object.fromEntries(
    names.sort().map((name) => [
      name,
      createHash("sha256").update(Deno.readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

/** Names of a run's checkpoints, and of anything else that lies beside them. */
export function checkpoints(run: string): string[] {
  return Array.from(
    Deno.readDirSync(join(run, "checkpoints")),
    ({ name }) => name,
  ).sort();
}

/** The records of a run's `metrics.jsonl`. */
export function metrics(run: string): Record<string, number>[] {
  return Deno.readTextFileSync(join(run, "metrics.jsonl")).trimEnd()
    .split("\n").map((line) => JSON.parse(line));
}

/** Whether something is at a path. */
export function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
