/**
 * Are the steps of this checkout faster or slower than those of another? Both
 * run side by side in processes of their own and take turns, so that whatever
 * else the machine does meets both.
 * @module
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UserError } from "../../errors.ts";
import { median } from "../timing.ts";
import type { ChildTask, ChildTimes } from "./against_child.ts";
import type { StepBenchOptions } from "./step.ts";
import type { Workload } from "./workloads.ts";

/** How the steps of one workload compare. */
export interface AgainstRow {
  name: string;
  /** What is compared: CPU time where the CPU computes, else wall time. */
  clock: "own CPU" | "wall";
  /** Milliseconds of a step here and there, medians over the rounds. */
  here: number;
  there: number;
  /**
   * Time here, divided by the time there in the same round: the median over the
   * rounds, and the range that leaves out a tenth of them on each side. Below 1
   * this checkout is faster.
   */
  ratio: number;
  low: number;
  high: number;
  /** The same ratio by wall time. */
  wallRatio: number;
  rounds: number;
  stepsPerRound: number;
}

const ROOT = new URL("../../../", import.meta.url);

/**
 * Compares the steps of a workload with those of the checkout in `folder`.
 *
 * @param options each round times both, one after the other
 * @throws {UserError} if this program is no checkout, or the other cannot run
 */
export async function compareSteps(
  workload: Workload,
  folder: string,
  { rounds: [least, most], roundSeconds, seconds }: StepBenchOptions,
): Promise<AgainstRow> {
  if (!import.meta.url.endsWith("/src/bench/step/against.ts")) {
    throw new UserError(
      "Cannot compare with another checkout as the executable has no files of its own to start: run 'deno task bench' in a checkout",
    );
  }
  const { name, note, overrides } = workload;
  const plain = { name, note, overrides: [...overrides] };
  const here = new Side({ root: ROOT.href, workload: plain }, "this checkout");
  const there = new Side({
    root: pathToFileURL(`${folder}/`).href,
    workload: plain,
  }, `'${folder}'`);
  try {
    const { software } = await here.ready();
    await there.ready();
    const one = await here.steps(1);
    // On a busy CPU, as many as if it were idle.
    const ms = software ? one.cpu / navigator.hardwareConcurrency : one.wall;
    const steps = Math.max(1, Math.round(1e3 * roundSeconds / ms));
    const ours: ChildTimes[] = [], theirs: ChildTimes[] = [];
    const from = performance.now();
    const over = () => performance.now() - from > seconds * 1e3;
    for (let i = 0; i < least || i < most && !over(); i++) {
      // Whoever is second may find warmer or hotter cores: take turns.
      if (i % 2 === 0) ours.push(await here.steps(steps));
      theirs.push(await there.steps(steps));
      if (i % 2 === 1) ours.push(await here.steps(steps));
    }
    const clock = software ? "cpu" : "wall";
    const ratios = (of: keyof ChildTimes) =>
      ours.map((t, i) => t[of] / theirs[i][of]).sort((a, b) => a - b);
    const rounds = ours.length, sorted = ratios(clock);
    const tenth = Math.floor(rounds / 10);
    return {
      name,
      clock: software ? "own CPU" : "wall",
      here: median(ours.map((t) => t[clock])),
      there: median(theirs.map((t) => t[clock])),
      ratio: median(sorted),
      low: sorted[tenth],
      high: sorted[rounds - 1 - tenth],
      wallRatio: median(ratios("wall")),
      rounds,
      stepsPerRound: steps,
    };
  } finally {
    await Promise.all([here.close(), there.close()]);
  }
}

/** One checkout's process. */
class Side {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  readonly #name: string;

  constructor(task: ChildTask, name: string) {
    this.#name = name;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--allow-all",
        "--config",
        fileURLToPath(new URL("deno.json", task.root)),
        fileURLToPath(new URL("against_child.ts", import.meta.url)),
        JSON.stringify(task),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = createInterface({
      input: Readable.fromWeb(this.#child.stdout),
    })[Symbol.asyncIterator]();
  }

  /** Waits until the workload is loaded. */
  ready(): Promise<{ software: boolean }> {
    return this.#line();
  }

  /** Runs steps; the mean of their times. */
  async steps(count: number): Promise<ChildTimes> {
    // Where the process has ended, the missing line says so.
    await this.#input.write(new TextEncoder().encode(`${count}\n`))
      .catch(() => {});
    return await this.#line();
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#input.abort().catch(() => {});
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
  }

  async #line<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (!done) return JSON.parse(value);
    throw new UserError(
      `Cannot compare steps as ${this.#name} must be a checkout whose bench this version can run: it ended early`,
    );
  }
}
