/**
 * One `prepare()` in a process of its own, so that its memory is its own; in the one-file executable, which has no such
 * file to start, in this process.
 * @module
 */
import { fileURLToPath } from "node:url";
import { prepare } from "../../data/prepare/prepare.ts";
import type { SourceFile } from "../../data/sources/source_file.ts";
import { loadTokenizer } from "../../data/tokenizers/load_tokenizer.ts";
import { type Spent, timed } from "./clock.ts";

/** What to prepare. */
export interface ChildRequest {
  files: SourceFile[];
  tokenizer: string;
  contextLength: number;
  workers: number;
  cacheDir: string;
}

/** What it took. */
export interface ChildReply {
  first: Spent;
  /** The same again: what was made is found. */
  again: Spent;
  /** Most bytes of memory that the process had; null where the system does not tell, or the process did other things. */
  peak: number | null;
  /** Bytes of memory before any work. */
  before: number | null;
  tokens: number;
  /** The folder of the store. */
  dir: string;
}

/** Prepares, in a process of its own where there can be one. */
export async function prepareApart(request: ChildRequest): Promise<ChildReply> {
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
  if (!success) throw new Error("a process that prepares data has failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function prepareHere(request: ChildRequest): Promise<ChildReply> {
  const {
    files,
    tokenizer: name,
    contextLength: sequenceLength,
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
  if (!made!.reused) throw new Error("a store was made twice");
  const { dir, summary: { splits: { train, valid } } } = made!;
  const tokens = train.tokens + valid.tokens;
  return { first, again, peak, before, tokens, dir };
}

/** Bytes of this process's memory, from Linux's file of that name. */
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
  // deno-lint-ignore blocksmith/console -- the answer to the parent process
  console.log(JSON.stringify(await prepareHere(request)));
}
