/**
 * Parameters under the authors' names, and how they lie on the device.
 * @module
 */
import { ALIGNMENT } from "../plan/plan.ts";

/** Values a parameter starts with. */
export type Init =
  | { kind: "constant"; value: number }
  /**
   * Normal with mean 0. Equal stretches of the last axis may have a deviation
   * each; row `zeroRow` is 0 (padding).
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
  /** Weight decay applies (if it is trainable). */
  decay: boolean;
}

/**
 * Number of elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { elements } from "./parameters.ts";
 *
 * assertEquals(elements({ shape: [768, 3072] }), 2_359_296);
 * ```
 */
export const elements = (spec: { shape: readonly number[] }): number =>
  spec.shape.reduce((a, b) => a * b, 1);

/** Where a parameter lies: a shard, and its first byte there. */
export interface Position {
  shard: number;
  offset: number;
  bytes: number;
}

/** One flat stretch of parameters; gradients and moments lie in the same way. */
export interface Shard {
  /** Elements, a multiple of 64. */
  elements: number;
  /** Elements before this one are subject to weight decay. */
  decayed: number;
}

/** How parameters lie on the device. */
export interface ParameterLayout {
  shards: Shard[];
  positions: Map<string, Position>;
}

/**
 * Lays trained parameters out in flat shards, decayed ones first, each on an
 * aligned offset, so that one dispatch updates all of a shard.
 *
 * @param maxBytes largest buffer of the adapter
 * @throws {RangeError} if one parameter alone is larger than a buffer
 */
export function packParameters(
  parameters: readonly ParameterSpec[],
  maxBytes: number,
): ParameterLayout {
  const shards: Shard[] = [], positions = new Map<string, Position>();
  const order = [
    ...parameters.filter((p) => p.decay),
    ...parameters.filter((p) => !p.decay),
  ];
  let used = Infinity;
  for (const spec of order) {
    const bytes = elements(spec) * 4;
    const padded = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (padded > maxBytes) {
      throw new RangeError(
        `Cannot place '${spec.name}' ([${spec.shape}], ${bytes} bytes): this adapter's buffers end at ${maxBytes}`,
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
    if (spec.decay) shard.decayed = shard.elements;
  }
  return { shards, positions };
}
