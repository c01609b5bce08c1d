/**
 * Formats counts, bytes, durations and losses for people.
 * @module
 */

function scaled(value: number, units: readonly string[]): string {
  let unit = 0;
  // 999.95 would print as 1000.0: take the next unit first.
  while (Math.abs(value) >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 && Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)}${units[unit]}`;
}

/** A count with a short suffix: `950`, `12.3k`, `1.5M`. */
export function formatCount(count: number): string {
  return scaled(count, ["", "k", "M", "G", "T"]);
}

/** A number of things, as in `1 file` and `2 files`. */
export function counted(
  count: number,
  one: string,
  several = `${one}s`,
): string {
  return `${count} ${count === 1 ? one : several}`;
}

/** Bytes in decimal units: `512 B`, `12.3 MB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, [" B", " kB", " MB", " GB", " TB"]);
}

/**
 * Seconds as the two largest units: `45s`, `1m20s`, `3h05m`, `2d04h`; `?` where
 * not finite.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatTime } from "./format_numbers.ts";
 *
 * assertEquals([45, 80, 11_100].map(formatTime), ["45s", "1m20s", "3h05m"]);
 * ```
 */
export function formatTime(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86400) {
    return `${Math.floor(whole / 3600)}h${two(whole % 3600 / 60)}m`;
  }
  return `${Math.floor(whole / 86400)}d${two(whole % 86400 / 3600)}h`;
}

/**
 * A loss or a norm: `2.345`, `0.0123`, `1.2e+6`, `nan`, `inf`.
 *
 * @param places digits after the point, for values from 0.1 to 100
 */
export function formatValue(value: number, places = 3): string {
  if (Number.isNaN(value)) return "nan";
  const size = Math.abs(value);
  if (size === Infinity) return value < 0 ? "-inf" : "inf";
  if (size >= 1e5) return value.toExponential(1);
  if (size >= 1000) return value.toFixed(0);
  if (size >= 0.1 || size === 0) return value.toFixed(size >= 100 ? 1 : places);
  return size >= 1e-4 ? value.toPrecision(3) : value.toExponential(1);
}

/**
 * What fairseq prints for a loss, in bits, to follow one in nats:
 * ` (fairseq prints 5.644)`. Its perplexity, 2 to that loss, is e to ours.
 */
export function asFairseqPrints(nats: number): string {
  return ` (fairseq prints ${(nats / Math.LN2).toFixed(3)})`;
}
