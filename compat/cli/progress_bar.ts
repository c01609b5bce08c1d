/**
 * The part of `@std/cli/unstable-progress-bar` this project calls.
 * @module
 */

/** What a formatter is given. */
export interface ProgressBarFormatter {
  /** `mm:ss` since the start. */
  styledTime: string;
  /** The filled and empty characters. */
  progressBar: string;
  /** Milliseconds since the start. */
  time: number;
  /** Steps done. */
  value: number;
  /** Steps in all. */
  max: number;
}

/** How to draw. */
export interface ProgressBarOptions {
  /** Steps in all. */
  max: number;
  /** Steps already done. */
  value?: number;
  /** Where to write; standard error by default. */
  writable?: WritableStream<Uint8Array>;
  /** Width of the bar in characters. */
  barLength?: number;
  /** Remove the bar at the end. */
  clear?: boolean;
  /** Milliseconds between frames, 1000 by default. */
  refreshMilliseconds?: number;
  /** Builds the line. */
  formatter?: (f: ProgressBarFormatter) => string;
}

/** A one-line progress bar. */
export class ProgressBar {
  /** Steps done. */
  value: number;
  /** Steps in all. */
  max: number;
  #o: Required<Omit<ProgressBarOptions, "value" | "max">>;
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  #start = Date.now();
  #timer: ReturnType<typeof setInterval>;

  /** Starts drawing at once. */
  constructor(options: ProgressBarOptions) {
    this.value = options.value ?? 0;
    this.max = options.max;
    this.#o = {
      writable: Deno.stderr.writable,
      barLength: 50,
      clear: false,
      refreshMilliseconds: 1000,
      formatter: (f) =>
        `[${f.styledTime}] [${f.progressBar}] ${f.value}/${f.max}`,
      ...options,
    };
    this.#writer = this.#o.writable.getWriter();
    this.#timer = setInterval(() => this.#draw(), this.#o.refreshMilliseconds);
    this.#draw();
  }

  #draw(): Promise<void> {
    const time = Date.now() - this.#start;
    const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
    const full = Math.trunc(
      Math.min(1, Math.max(0, this.value / this.max)) * this.#o.barLength,
    );
    return this.#write(
      "\r\x1b[K" + this.#o.formatter({
        styledTime: `${two(time / 60000)}:${two(time / 1000 % 60)}`,
        progressBar: "#".repeat(full) + "-".repeat(this.#o.barLength - full),
        time,
        value: this.value,
        max: this.max,
      }),
    );
  }

  #write(text: string): Promise<void> {
    return this.#writer.write(new TextEncoder().encode(text)).catch(() => {});
  }

  /** Draws the last frame and releases the stream. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#o.clear) await this.#write("\r\x1b[K");
    else {
      await this.#draw();
      await this.#write("\n");
    }
    this.#writer.releaseLock();
  }
}
