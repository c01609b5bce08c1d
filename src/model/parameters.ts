/**
 * Which parameters does a model have, and where are they on the device?
 * @module
 */
import { count } from "../graph/tensor.ts";
import { ALIGNMENT } from "../plan/plan.ts";

/** Initial values of a parameter. */
export type Init =
  | { kind: "constant"; value: number }
  /**
   * Normal with mean 0. Equal parts of the last axis may have different
   * standard deviations; row `zeroRow` is 0 (padding).
   */
  | {
    kind: "normal";
    std: number | readonly number[];
    zeroRow?: number | undefined;
  }
  /** Uniform between −bound and bound. */
  | { kind: "uniform"; bound: number }
  /** A square orthogonal matrix. */
  | { kind: "orthogonal" }
  /** The identity matrix. */
  | { kind: "identity" };

/** One entry of the authors' `state_dict`. */
export interface ParameterSpec {
  name: string;
  shape: readonly number[];
  init: Init;
  /** Has `requires_grad` in the authors' code. */
  trainable: boolean;
}

/** Number of elements of a parameter. */
export { count as elements } from "../graph/tensor.ts";

/**
 * Parameters that lie side by side on the device, so that one product reads all
 * of them. Checkpoints and everything else on the host know the parts alone.
 */
export interface JoinedParameters {
  name: string;
  /** Of a weight `[out, in]`, of a bias `[out]`. */
  shape: readonly number[];
  /** In the order in which they lie. */
  parts: readonly ParameterSpec[];
  /** Parts are `[in, out]`, and lie transposed. */
  transposed: boolean;
}

/** The parts, weights or biases of layers with one input, as one. */
export function joinParameters(
  name: string,
  parts: readonly ParameterSpec[],
  transposed = false,
): JoinedParameters {
  const [first] = parts;
  const inputs = transposed ? [first.shape[0]] : first.shape.slice(1);
  const outputs = parts.reduce(
    (n, { shape }) => n + shape[transposed ? 1 : 0],
    0,
  );
  return { name, shape: [outputs, ...inputs], parts, transposed };
}

/** What a parameter is a part of, by the parameter's name. */
export const wholesOf = (
  joined: readonly JoinedParameters[],
): Map<string, JoinedParameters> =>
  new Map(
    joined.flatMap((whole) => whole.parts.map(({ name }) => [name, whole])),
  );

/** First element of a part in its whole. */
export function startOf({ parts }: JoinedParameters, name: string): number {
  const before = parts.slice(0, parts.findIndex((p) => p.name === name));
  return before.reduce((n, part) => n + count(part), 0);
}

/** Where a parameter is: a shard, and its first byte in it. */
export interface Position {
  shard: number;
  offset: number;
  bytes: number;
  /** Rows and columns of a parameter that lies transposed. */
  transposed?: readonly number[];
}

/** Values of a parameter, row-major, as they lie on the device. */
export const toDevice = (
  { transposed }: Position,
  values: Float32Array,
): Float32Array =>
  transposed ? transpose(values, transposed[0], transposed[1]) : values;

/** Inverse of {@linkcode toDevice}. */
export const fromDevice = (
  { transposed }: Position,
  values: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> =>
  transposed ? transpose(values, transposed[1], transposed[0]) : values;

function transpose(values: Float32Array, rows: number, columns: number) {
  const out = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      out[j * rows + i] = values[i * columns + j];
    }
  }
  return out;
}

/** One flat array of parameters; gradients and moments have the same layout. */
export interface Shard {
  /** Elements, a multiple of 64. */
  elements: number;
  /** Weight decay applies to the elements before this one. */
  decayed: number;
}

/** Where the parameters are on the device. */
export interface ParameterLayout {
  shards: Shard[];
  /** Of parameters, and of joined ones. */
  positions: Map<string, Position>;
}

/**
 * Packs trained parameters into flat shards, decayed ones first, each at an
 * aligned offset, so that one dispatch updates a whole shard.
 *
 * @param maxBytes largest buffer of the adapter
 * @param isDecayed whether weight decay applies; without an optimizer it never
 *   does
 * @param alignment of each parameter, in bytes
 * @param joined which of them lie side by side, without gaps
 * @throws {RangeError} if one parameter alone is larger than a buffer, or
 *   weight decay applies to some parts of a joined one
 */
export function packParameters(
  parameters: readonly ParameterSpec[],
  maxBytes: number,
  isDecayed: (spec: ParameterSpec) => boolean = () => false,
  alignment = ALIGNMENT,
  joined: readonly JoinedParameters[] = [],
): ParameterLayout {
  const shards: Shard[] = [], positions = new Map<string, Position>();
  const wholes = wholesOf(joined);
  const items = new Set(
    parameters.map((spec) => wholes.get(spec.name) ?? spec),
  );
  const decayed = new Set([...items].filter((item) => {
    const [first, ...others] = "parts" in item ? item.parts : [item];
    const decays = isDecayed(first);
    if (others.some((part) => isDecayed(part) !== decays)) {
      throw new RangeError(`Weight decay differs in '${item.name}'`);
    }
    return decays;
  }));
  let used = Infinity;
  for (const item of [...decayed, ...items.difference(decayed)]) {
    const bytes = count(item) * 4;
    const padded = Math.ceil(bytes / alignment) * alignment;
    if (padded > maxBytes) {
      throw new RangeError(
        `Cannot place '${item.name}' ([${item.shape}], ${bytes} bytes): this adapter's buffers hold at most ${maxBytes} bytes`,
      );
    }
    if (used + padded > maxBytes) {
      shards.push({ elements: 0, decayed: 0 });
      used = 0;
    }
    const shard = shards.length - 1;
    positions.set(item.name, { shard, offset: used, bytes });
    if ("parts" in item) {
      for (const part of item.parts) {
        positions.set(part.name, {
          shard,
          offset: used + 4 * startOf(item, part.name),
          bytes: 4 * count(part),
          ...item.transposed ? { transposed: part.shape } : {},
        });
      }
    }
    used += padded;
    shards[shard].elements = used / 4;
    if (decayed.has(item)) shards[shard].decayed = used / 4;
  }
  return { shards, positions };
}
