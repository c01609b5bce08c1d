/**
 * Which tensors does a safetensors file contain, and where? The checks here
 * make every later read safe. They are as strict as the reference
 * implementation: the tensors fill the file without a gap, an overlap or a
 * remainder.
 * @module
 */
import { UserError } from "../errors.ts";
import { brief, quoted } from "../terminal/quote.ts";

/** Bytes of one element of each element type. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

/** An element type, as the format names it. */
export type Dtype = keyof typeof DTYPE_BYTES;

/** One tensor of a file. */
export interface TensorInfo {
  /** Unique in the file. */
  readonly name: string;
  /** Element type. */
  readonly dtype: Dtype;
  /** Row-major; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** First byte, from the start of the data, which follows the header. */
  readonly start: number;
  /** Number of bytes. */
  readonly bytes: number;
}

/** The contents of a header. */
export interface Header {
  /**
   * By name, in the order of their data; in a JSON object "2" would come before
   * "a".
   */
  tensors: Map<string, TensorInfo>;
  /** The `__metadata__` entry. */
  metadata: Record<string, string>;
}

/**
 * Elements of a shape; `NaN` if it is no shape or has 2^53 elements or more.
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return NaN;
    count *= size;
    if (!Number.isSafeInteger(count)) return NaN;
  }
  return count;
}

/** The error for an unusable file. */
export function badFile(path: string, why: string): UserError {
  return new UserError(`Cannot read ${quoted(path)} as ${why}`);
}

/**
 * Reads and checks the header.
 *
 * @param bytes the header alone, padding included
 * @param dataBytes number of bytes after it
 * @param path for messages
 * @throws {UserError} on anything but a valid header, with the place
 */
export function parseHeader(
  bytes: Uint8Array,
  dataBytes: number,
  path: string,
): Header {
  if (bytes[0] !== 0x7b) {
    throw badFile(path, "its header does not begin with '{' at byte 8");
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw badFile(path, "its header is not UTF-8");
  }
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec(String(error))?.[1];
    const place = at ? ` near byte ${8 + Number(at)}` : "";
    throw badFile(path, `its header is not JSON${place}`);
  }
  // JSON.parse keeps the last of two equal keys without an error.
  const twice = duplicateKey(text);
  if (twice !== null) {
    throw badFile(path, `its header has ${quoted(twice)} twice`);
  }
  const { __metadata__: meta, ...rest } = json;
  const tensors = Object.entries(rest)
    .map(([name, value]) => tensor(name, value, path))
    .sort((a, b) => a.start - b.start || a.bytes - b.bytes);
  checkLayout(tensors, dataBytes, path);
  return {
    tensors: new Map(tensors.map((info) => [info.name, info])),
    // Some writers give null for none.
    metadata: metadata(meta ?? {}, path),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function metadata(value: unknown, path: string): Record<string, string> {
  const isText = isRecord(value) &&
    Object.values(value).every((item) => typeof item === "string");
  if (!isText) throw badFile(path, "'__metadata__' must map names to strings");
  return value as Record<string, string>;
}

function tensor(name: string, value: unknown, path: string): TensorInfo {
  const fault = (why: string) => badFile(path, `tensor ${quoted(name)} ${why}`);
  if (!isRecord(value)) throw fault("must be described by an object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    const known = Object.keys(DTYPE_BYTES).join(", ");
    throw fault(`must have a 'dtype' of ${known}: got ${brief(dtype, "...")}`);
  }
  const size = DTYPE_BYTES[dtype as Dtype];
  const bytes = Array.isArray(shape) ? elementCount(shape) * size : NaN;
  if (!Number.isSafeInteger(bytes)) {
    throw fault(`must have a 'shape' of sizes: got ${brief(shape, "...")}`);
  }
  const whole = Array.isArray(offsets) && offsets.length === 2 &&
    offsets.every((at) => Number.isSafeInteger(at) && at >= 0) &&
    offsets[0] <= offsets[1];
  if (!whole) {
    throw fault(
      `must have 'data_offsets' of start and end: got ${brief(offsets, "...")}`,
    );
  }
  const [start, end] = offsets as [number, number];
  if (end - start !== bytes) {
    throw fault(
      `of ${dtype} ${brief(shape, "...")} needs ${bytes} bytes: ` +
        `its 'data_offsets' hold ${end - start}`,
    );
  }
  return {
    name,
    dtype: dtype as Dtype,
    shape: shape as number[],
    start,
    bytes,
  };
}

/**
 * The tensors, in the order of their data, must fill it from the first byte to
 * the last.
 */
function checkLayout(tensors: TensorInfo[], dataBytes: number, path: string) {
  let end = 0;
  let before = "";
  for (const { name, start, bytes } of tensors) {
    const here = `tensor ${quoted(name)} at bytes ${start} to ${start + bytes}`;
    if (start < end) {
      throw badFile(path, `${here} of the data overlaps ${quoted(before)}`);
    }
    if (start + bytes > dataBytes) {
      throw badFile(
        path,
        `it is truncated: ${here} of the data, and the data ends at ${dataBytes}`,
      );
    }
    if (start > end) {
      throw badFile(
        path,
        `bytes ${end} to ${start} of the data belong to no tensor`,
      );
    }
    end = start + bytes;
    before = name;
  }
  if (end < dataBytes) {
    throw badFile(
      path,
      `${dataBytes - end} bytes after the last tensor belong to none`,
    );
  }
}

/**
 * The first key that an object of a valid JSON text has twice, or null. Scanned
 * by hand: a regular expression would overflow its stack on long strings.
 */
function duplicateKey(text: string): string | null {
  const open: (Set<string> | null)[] = [];
  let last: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "{") open.push(new Set());
    else if (c === "[") open.push(null);
    else if (c === "}" || c === "]") open.pop();
    else if (c === '"') {
      const from = i++;
      while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
      last = text.slice(from, i + 1);
    } else if (c === ":") {
      // Escapes are resolved first: "\u0061" and "a" are the same key.
      const key: string = JSON.parse(last!);
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}
