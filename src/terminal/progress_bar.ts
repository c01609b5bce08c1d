/**
 * Shows the progress of a long task on standard error: a bar on a terminal,
 * plain lines elsewhere.
 * @module
 */
import { ProgressBar } from "@std/cli/unstable-progress-bar";
import {
  asFairseqPrints,
  formatBytes,
  formatCount,
  formatTime,
  formatValue,
} from "./format_numbers.ts";
import { writeError } from "./output.ts";

/** Destination of the progress. */
export interface ProgressSink {
  /** Whether `\r` and escape sequences work there. */
  readonly isTerminal: boolean;
  /** Whether colours are wanted. */
  readonly color: boolean;
  /** Width in characters, read again for each line. */
  columns(): number;
  /** Must not throw. */
  write(text: string): void;
}

/** Figures of a training step, named as in `metrics.jsonl`. */
export interface ProgressFields {
  /** Nats per token. */
  loss?: number;
  /** Learning rate. */
  lr?: number;
  /** Global norm of the gradient. */
  grad_norm?: number | undefined;
  /** Tokens per second. */
  tokens_per_second?: number;
  /** Scale of the loss, where it is scaled. */
  loss_scale?: number | undefined;
  /** Steps that loss scaling skipped. */
  skipped_steps?: number | undefined;
}

/** Options of {@linkcode Progress}. */
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
   * Seconds between automatic lines where there is no terminal; with
   * `Infinity`, only {@linkcode Progress.report} prints.
   * @default {Infinity for counts, 5 for bytes}
   */
  every?: number;
  /**
   * Whether to show a loss also as fairseq prints it, and its perplexity.
   * @default {false}
   */
  inBits?: boolean;
  /** @default {standard error} */
  sink?: ProgressSink;
  /** Clock in milliseconds, for tests. */
  now?: () => number;
}

function stderrSink(): ProgressSink {
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
    write: writeError,
  };
}

/**
 * The remaining time follows the speed of the last minute, not the mean of the
 * run.
 */
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

  /** On a terminal, draws the bar at once. */
  constructor(options: ProgressOptions) {
    const unit = options.unit ?? "count";
    this.#options = {
      start: 0,
      unit,
      every: unit === "bytes" ? 5 : Infinity,
      inBits: false,
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

  /** Sets how much is done; cheap enough for every step. */
  at(done: number): void {
    this.#done = done;
    if (this.#bar) this.#bar.value = done;
    const { now, every } = this.#options;
    const at = now();
    // One per second at most, so that a fast task does not accumulate marks.
    if (at - this.#marks.at(-1)!.at >= 1000) this.#marks.push({ at, done });
    while (this.#marks.length > 2 && at - this.#marks[0].at > WINDOW_MS) {
      this.#marks.shift();
    }
    if (!this.#bar && at - this.#printedAt >= every * 1000) this.#print();
  }

  /**
   * Sets the figures of a log step: they appear in the bar, or make a plain
   * line.
   */
  report(fields: ProgressFields = {}): void {
    this.#fields = fields;
    if (!this.#bar) this.#print();
  }

  /** Writes a separate line, above the bar where there is one. */
  note(text: string): void {
    this.#options.sink.write(`${this.#bar ? "\r\x1b[K" : ""}${text}\n`);
  }

  /** Draws the last state and releases the terminal. */
  async stop(): Promise<void> {
    const bar = this.#bar;
    this.#bar = null;
    if (bar) await bar.stop();
    // A task with automatic lines gets one for its end.
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

  /** One line; on a terminal, without the parts that do not fit. */
  #line(bar?: string): string {
    const { label, unit, total, sink, inBits } = this.#options;
    const { loss, lr, grad_norm, tokens_per_second } = this.#fields;
    const { loss_scale, skipped_steps } = this.#fields;
    const amount = unit === "bytes" ? formatBytes : String;
    const rate = this.#rate();
    const left = (total - this.#done) / rate;
    // On a narrow terminal, parts with the highest rank are dropped first.
    const parts: [text: string, rank: number][] = [
      [`${label} ${amount(this.#done)}/${amount(total)}`, 0],
    ];
    if (bar) parts.push([bar, 4]);
    if (loss !== undefined) {
      const unit = inBits ? asFairseqPrints(loss) : "";
      // A bar drops it where there is no room; a line never does.
      parts.push([`loss ${formatValue(loss)} nats${bar ? "" : unit}`, 1]);
      if (bar && unit) parts.push([unit.trim(), 8]);
      if (inBits) parts.push([`ppl ${Math.exp(loss).toPrecision(4)}`, 7]);
    }
    if (lr !== undefined) {
      parts.push([`lr ${lr === 0 ? "0" : lr.toExponential(1)}`, 5]);
    }
    if (grad_norm !== undefined) {
      parts.push([`grad ${formatValue(grad_norm, 2)}`, 6]);
    }
    if (loss_scale !== undefined) {
      const skipped = skipped_steps ? ` (${skipped_steps} skipped)` : "";
      parts.push([`scale ${formatScale(loss_scale)}${skipped}`, 9]);
    }
    if (tokens_per_second !== undefined) {
      parts.push([`${formatCount(tokens_per_second)} tok/s`, 3]);
    }
    if (unit === "bytes" && rate > 0) parts.push([`${formatBytes(rate)}/s`, 3]);
    if (this.#done < total && rate > 0) {
      parts.push([`${formatTime(left)} left`, 2]);
    }
    if (!bar) return parts.map(([text]) => text).join("  ");

    // The last column stays empty: some terminals wrap as soon as it is filled.
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

  /** Units per second over the window; 0 while unknown. */
  #rate(): number {
    const [first] = this.#marks;
    const seconds = (this.#options.now() - first.at) / 1000;
    return seconds > 0 ? (this.#done - first.done) / seconds : 0;
  }
}

/** A power of two in full, unless it is very large or small. */
const formatScale = (scale: number) =>
  scale >= 1e-3 && scale < 1e7 ? String(scale) : scale.toExponential(1);
