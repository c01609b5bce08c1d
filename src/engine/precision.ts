/**
 * In which types does a run store its tensors, and where are the copies of the
 * weights that products read?
 * @module
 */
import { UserError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import type { Executor } from "../gpu/executor.ts";
import { copyName, FP32, Graph, type StorageTypes } from "../graph/graph.ts";
import { copyInto } from "../graph/ops/elementwise/copy.ts";
import { BYTES } from "../graph/tensor.ts";
import type { ParameterLayout } from "../model/parameters.ts";
import { ALIGNMENT } from "../plan/plan.ts";

/** The values of `train.precision`. */
export type Precision = "fp32" | "fp16";

/** What a run stores its tensors in. */
export interface PrecisionOptions {
  /**
   * Of activations, their gradients and the weights that products read.
   * @default "fp32"
   */
  precision?: Precision | undefined;
  /** Of the residual stream, where `precision` is fp16. @default "fp32" */
  residualPrecision?: Precision | undefined;
}

/** The types that a graph of such a run has. */
export function storageTypes(
  { precision, residualPrecision }: PrecisionOptions,
): StorageTypes {
  if (precision !== "fp16") return FP32;
  const residual = residualPrecision === "fp16" ? "f16" : "f32";
  return { activations: "f16", residual };
}

/**
 * Refuses what an adapter cannot store.
 *
 * @param remedy what to do
 * @throws {UserError} naming the adapter
 */
export function checkPrecision(
  { name, limits }: Pick<Gpu, "name" | "limits">,
  { precision }: PrecisionOptions,
  remedy = "set train.precision=fp32",
): void {
  if (precision === "fp16" && !limits.f16) {
    throw new UserError(
      `Cannot compute in fp16 on ${name} as it must have the feature 'shader-f16': it lacks it; ${remedy}`,
    );
  }
}

/** Whether products read copies of the weights. */
const hasCopies = ({ activations }: StorageTypes) => activations !== "f32";

/**
 * Alignment of parameters in their shards, in bytes of f32: that of a copy of
 * half the size must suffice too.
 */
export const parameterAlignment = (types: StorageTypes): number =>
  ALIGNMENT * BYTES.f32 / BYTES[types.activations];

/** Bytes of the copies of all weights. */
export const copyBytes = (
  { shards }: ParameterLayout,
  types: StorageTypes,
): number =>
  hasCopies(types)
    ? shards.reduce((n, s) => n + s.elements * BYTES[types.activations], 0)
    : 0;

/**
 * The copy of shard `i` of the weights as a tensor of `graph`, if there is one.
 */
export function shardCopy(graph: Graph, i: number, elements: number) {
  const { types } = graph;
  return hasCopies(types)
    ? graph.persistent(copyName(`weights.${i}`), [elements], types.activations)
    : undefined;
}

/** Allocates the copies, flat like the shards, and names their parameters. */
export function allocateCopies(
  executor: Executor,
  { shards, positions }: ParameterLayout,
  types: StorageTypes,
): void {
  if (!hasCopies(types)) return;
  const size = BYTES[types.activations], share = size / BYTES.f32;
  shards.forEach(({ elements }, i) =>
    executor.allocate(copyName(`weights.${i}`), elements * size)
  );
  for (const [name, { shard, offset, bytes }] of positions) {
    const { buffer } = executor.rangeOf(copyName(`weights.${shard}`));
    executor.define(copyName(name), {
      buffer,
      offset: offset * share,
      size: bytes * share,
    });
  }
}

/**
 * A graph that makes the copies from the weights, for when the host has written
 * these; undefined where there are none.
 */
export function copyGraph(
  { shards }: ParameterLayout,
  types: StorageTypes,
): Graph | undefined {
  if (!hasCopies(types)) return undefined;
  const graph = new Graph(types);
  shards.forEach(({ elements }, i) =>
    copyInto(
      graph,
      graph.persistent(`weights.${i}`, [elements]),
      shardCopy(graph, i, elements)!,
    )
  );
  return graph;
}
