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

/** Where a parameter is: a shard, and its first byte in it. */
export interface Position {
  shard: number;
  offset: number;
  bytes: number;
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
 * @throws {RangeError} if one parameter alone is larger than a buffer
 */
export function packParameters(
  parameters: readonly ParameterSpec[],
  maxBytes: number,
  isDecayed: (spec: ParameterSpec) => boolean = () => false,
  alignment = ALIGNMENT,
): ParameterLayout {
  const shards: Shard[] = [], positions = new Map<string, Position>();
  const decayed = new Set(parameters.filter(isDecayed));
  const order = [
    ...decayed,
    ...parameters.filter((spec) => !decayed.has(spec)),
  ];
  let used = Infinity;
  for (const spec of order) {
    const bytes = count(spec) * 4;
    const padded = Math.ceil(bytes / alignment) * alignment;
    if (padded > maxBytes) {
      throw new RangeError(
        `Cannot place '${spec.name}' ([${spec.shape}], ${bytes} bytes): this adapter's buffers hold at most ${maxBytes} bytes`,
      );
    }
    if (used + padded > maxBytes) {
      shards.push({ elements: 0, decayed: 0 });
      used = 0;
    }
    const shard = shards[shards.length - 1];
    positions.set(spec.name, {
      shard: shards.length - 1,
      offset: used,
      bytes,
    });
    used += padded;
    shard.elements = used / 4;
    if (decayed.has(spec)) shard.decayed = shard.elements;
  }
  return { shards, positions };
}
