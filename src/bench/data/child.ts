/**
 * Runs one `prepare()` in a child process, to measure its memory. The
 * executable has no module file to start, so there it runs in this process.
 * @module
 */
import { fileURLToPath } from "node:url";
import { prepare } from "../../data/prepare/prepare.ts";
import type { SourceFile } from "../../data/sources/source_file.ts";
import { loadTokenizer } from "../../data/tokenizers/load_tokenizer.ts";
import { print } from "../../terminal/output.ts";
import { type Spent, timed } from "./clock.ts";

/** What the child process is to prepare. */
export interface ChildRequest {
  files: SourceFile[];
  tokenizer: string;
  sequenceLength: number;
  workers: number;
  cacheDir: string;
}

/** Time and memory that it took. */
export interface ChildReply {
  first: Spent;
  /** Time of the second call, which finds the store. */
  again: Spent;
  /**
   * Peak resident bytes; null if unknown, or if the process did other work too.
   */
  peak: number | null;
  /** Resident bytes before any work; null if unknown. */
  before: number | null;
  tokens: number;
  /** The folder of the store. */
  dir: string;
}

/**
 * Prepares in a child process if there can be one, else in this process.
 *
 * @throws {Error} if the child process fails
 */
export async function prepareInChild(
  request: ChildRequest,
): Promise<ChildReply> {
  if (!import.meta.url.endsWith("/src/bench/data/child.ts")) {
    return { ...await prepareHere(request), peak: null, before: null };
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      fileURLToPath(import.meta.url),
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(request)));
  await input.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("the child process that prepares data failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function prepareHere(request: ChildRequest): Promise<ChildReply> {
  const {
    files,
    tokenizer: name,
    sequenceLength: sequenceLength,
    workers,
    cacheDir,
  } = request;
  const before = memory("VmRSS");
  const work = async () =>
    await prepare({
      documents: { files },
      tokenizer: await loadTokenizer(name),
      sequenceLength,
      workers,
      cacheDir,
    });
  let made: Awaited<ReturnType<typeof prepare>>;
  const first = await timed(async () => void (made = await work()));
  const peak = memory("VmHWM");
  const again = await timed(async () => void (made = await work()));
  if (!made!.reused) throw new Error("prepare() did not reuse its store");
  const { dir, summary: { splits: { train, valid } } } = made!;
  const tokens = train.tokens + valid.tokens;
  return { first, again, peak, before, tokens, dir };
}

/**
 * A memory field of this process in bytes, from `/proc/self/status`; null
 * elsewhere.
 */
function memory(field: "VmRSS" | "VmHWM"): number | null {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    const kilobytes = status.match(new RegExp(`^${field}:\\s+(\\d+) kB`, "m"));
    return kilobytes && Number(kilobytes[1]) * 1024;
  } catch {
    return null;
  }
}

if (import.meta.main && import.meta.url.endsWith("/src/bench/data/child.ts")) {
  const request = JSON.parse(await new Response(Deno.stdin.readable).text());
  // The answer to the parent process.
  print(JSON.stringify(await prepareHere(request)));
}
