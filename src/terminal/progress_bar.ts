/**
 * How far a long task is, on standard error: a bar on a terminal, plain lines
 * elsewhere. Nothing here can end the task: a closed standard error is
 * ignored.
 * @module
 */
import { ProgressBar } from "@std/cli/unstable-progress-bar";
import {
  formatBytes,
  formatCount,
  formatTime,
  formatValue,
} from "./format_numbers.ts";

/** Where progress is written to. */
export interface ProgressSink {
  /** Whether `\r` and escape sequences work there. */
  readonly isTerminal: boolean;
  /** Whether colours are wanted. */
  readonly color: boolean;
  /** Width in characters, asked anew for each line. */
  columns(): number;
  /** Must not throw. */
  write(text: string): void;
}

/** What a training step has to tell; the names are those of `metrics.jsonl`. */
export interface ProgressFields {
  /** Nats a token. */
  loss?: number;
  /** Learning rate. */
  lr?: number;
  /** Norm of the gradient. */
  grad_norm?: number;
  /** Tokens a second. */
  tokens_per_second?: number;
}

/** How to count. */
export interface ProgressOptions {
  /** The first word of each line, for instance `step`. */
  label: string;
  /** The count at the end. */
  total: number;
  /**
   * The count at the start, after a resume.
   * @default {0}
   */
  start?: number;
  /**
   * What is counted.
   * @default {"count"}
   */
  unit?: "count" | "bytes";
  /**
   * Seconds between lines that come by themselves off a terminal; `Infinity`
   * leaves it to {@linkcode Progress.report}.
   * @default {Infinity for counts, 5 for bytes}
   */
  every?: number;
  /** @default {standard error} */
  sink?: ProgressSink;
  /** Milliseconds, for tests. */
  now?: () => number;
}

/** Standard error; after it is closed (EPIPE), silence. */
export function stderrSink(): ProgressSink {
  let open = true;
  return {
    isTerminal: Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb",
    color: !Deno.noColor,
    columns: () => {
      try {
        return Deno.consoleSize().columns || 80;
      } catch {
        return 80;
      }
    },
    write: (text) => {
      if (!open) return;
      const bytes = new TextEncoder().encode(text);
      try {
        for (let at = 0; at < bytes.length;) {
          at += Deno.stderr.writeSync(bytes.subarray(at));
        }
      } catch (error) {
        // A terminal that is only busy loses this text, not all to come.
        open = error instanceof Deno.errors.WouldBlock;
      }
    },
  };
}

/** The remaining time follows the speed of the last minute, not of the start. */
const WINDOW_MS = 60_000;

/** Shows the progress of one task; stop it when done. */
export class Progress {
  #options: Required<ProgressOptions>;
  #bar: ProgressBar | null = null;
  #done: number;
  #printed: number;
  #printedAt: number;
  #fields: ProgressFields = {};
  #marks: { at: number; done: number }[] = [];

  /** Draws at once on a terminal. */
  constructor(options: ProgressOptions) {
    const unit = options.unit ?? "count";
    this.#options = {
      start: 0,
      unit,
      every: unit === "bytes" ? 5 : Infinity,
      sink: stderrSink(),
      now: () => performance.now(),
      ...options,
    };
    const { start, total, sink, now } = this.#options;
    this.#done = this.#printed = start;
    this.#printedAt = now();
    this.#marks = [{ at: this.#printedAt, done: start }];
    if (!sink.isTerminal) return;
    const decoder = new TextDecoder();
    this.#bar = new ProgressBar({
      max: Math.max(1, total),
      value: start,
      barLength: 20,
      formatter: ({ progressBar }) => this.#line(`[${progressBar}]`),
      writable: new WritableStream({
        write: (bytes) => sink.write(decoder.decode(bytes, { stream: true })),
      }),
    });
  }

  /** Say how much is done; cheap enough for every step. */
  at(done: number): void {
    this.#done = done;
    if (this.#bar) this.#bar.value = done;
    const { now, every } = this.#options;
    const at = now();
    // A second apart, so that a fast task does not pile up marks.
    if (at - this.#marks.at(-1)!.at >= 1000) this.#marks.push({ at, done });
    while (this.#marks.length > 2 && at - this.#marks[0].at > WINDOW_MS) {
      this.#marks.shift();
    }
    if (!this.#bar && at - this.#printedAt >= every * 1000) this.#print();
  }

  /** Tell new figures, as on a log step: they join the bar, or make a plain line. */
  report(fields: ProgressFields = {}): void {
    this.#fields = fields;
    if (!this.#bar) this.#print();
  }

  /** Write a line of its own, above the bar where there is one. */
  note(text: string): void {
    this.#options.sink.write(`${this.#bar ? "\r\x1b[K" : ""}${text}\n`);
  }

  /** Draw the last state and let go of the terminal. */
  async stop(): Promise<void> {
    const bar = this.#bar;
    this.#bar = null;
    if (bar) await bar.stop();
    // The end of a task that prints by itself is worth a line.
    else if (this.#options.every < Infinity && this.#printed !== this.#done) {
      this.#print();
    }
  }

  /** As {@linkcode stop}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #print(): void {
    this.#printed = this.#done;
    this.#printedAt = this.#options.now();
    this.#options.sink.write(this.#line() + "\n");
  }

  /** One line; on a terminal, parts are left out until it fits. */
  #line(bar?: string): string {
    const { label, unit, total, sink } = this.#options;
    const { loss, lr, grad_norm, tokens_per_second } = this.#fields;
    const amount = unit === "bytes" ? formatBytes : String;
    const rate = this.#rate();
    const left = (total - this.#done) / rate;
    // The second figure is the order in which parts give way to a narrow terminal.
    const parts: [text: string, rank: number][] = [
      [`${label} ${amount(this.#done)}/${amount(total)}`, 0],
    ];
    if (bar) parts.push([bar, 4]);
    if (loss !== undefined) parts.push([`loss ${formatValue(loss)}`, 1]);
    if (lr !== undefined) {
      parts.push([`lr ${lr === 0 ? "0" : lr.toExponential(1)}`, 5]);
    }
    if (grad_norm !== undefined) {
      parts.push([`grad ${formatValue(grad_norm, 2)}`, 6]);
    }
    if (tokens_per_second !== undefined) {
      parts.push([`${formatCount(tokens_per_second)} tok/s`, 3]);
    }
    if (unit === "bytes" && rate > 0) parts.push([`${formatBytes(rate)}/s`, 3]);
    if (this.#done < total && rate > 0) {
      parts.push([`${formatTime(left)} left`, 2]);
    }
    if (!bar) return parts.map(([text]) => text).join("  ");

    // The last column stays free: some terminals wrap as soon as it is filled.
    const room = Math.max(0, sink.columns() - 1);
    const length = () =>
      parts.reduce((sum, [text]) => sum + text.length + 2, -2);
    while (parts.length > 1 && length() > room) {
      const ranks = parts.map(([, rank]) => rank);
      parts.splice(ranks.indexOf(Math.max(...ranks)), 1);
    }
    const line = parts.map(([text]) => text).join("  ").slice(0, room);
    return sink.color ? line.replace(bar, `\x1b[36m${bar}\x1b[0m`) : line;
  }

  /** Units a second over the window; 0 while unknown. */
  #rate(): number {
    const [first] = this.#marks;
    const seconds = (this.#options.now() - first.at) / 1000;
    return seconds > 0 ? (this.#done - first.done) / seconds : 0;
  }
}
