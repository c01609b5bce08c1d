/** Entropy of attention, without a T × T matrix. @module */
import { type Dispatch, write } from "../../dispatch.ts";
import { MAX_WORKGROUPS, rowRanges } from "../../dispatch_grid.ts";
import type { Graph, Operation } from "../../graph.ts";
import { columnLanes, columnSums } from "../../reduction.ts";
import type { Tensor } from "../../tensor.ts";
import { type AttentionAttrs, scoreOperands } from "../attention/attention.ts";
import { headConstants } from "../attention/attention_kernels.ts";

const operation: Operation<AttentionAttrs> = {
  name: "attention_entropy",
  lower(node, limits) {
    const { sequenceLength, heads, headDim } = node.attrs;
    const [q, k] = node.inputs, [sums, each] = node.outputs;
    const WG = columnLanes(limits);
    const rows = q.shape[0] / sequenceLength * heads;
    const sequences = rows / heads;
    const tensors = [q, k ?? q, each];
    const ranges = rowRanges(sequences, tensors, limits, MAX_WORKGROUPS);
    return [
      ...ranges.map((range): Dispatch => {
        const scores = scoreOperands(node.attrs, { q, k }, range);
        return {
          kernel: "statistics/entropy",
          constants: {
            WG,
            ...headConstants(headDim),
            ...scores.constants,
          },
          params: scores.params,
          bindings: {
            ...scores.bindings,
            entropy: write(each, range.of(each)),
          },
          workgroups: [Math.ceil(sequenceLength / WG), heads, range.count],
          flops: headDim * range.count * heads * sequenceLength *
            (sequenceLength + 1),
          bytes: 2 * range.of(q).size,
        };
      }),
      ...columnSums(
        each,
        sums,
        { rows, width: sequenceLength, blocks: sums.shape[0] },
        limits,
      ),
    ];
  },
};

/** Most blocks of rows in which the sums come: see `rowBlocks`. */
const BLOCKS = 64;

/**
 * Entropies of the softmax of `attention` with the same inputs, in nats, summed
 * over sequences and heads.
 *
 * @param inputs those of an attention node: `[qk, v]` or `[q, v, k]`
 * @returns parts of the sums `[blocks, T]`, which the reader adds up
 */
export function attentionEntropy(
  graph: Graph,
  name: string,
  inputs: readonly Tensor[],
  attrs: AttentionAttrs,
): Tensor {
  const [q, , k] = inputs;
  const { sequenceLength, heads, headDim, cap } = attrs;
  const rows = q.shape[0] / sequenceLength * heads;
  return graph.add(
    operation,
    k ? [q, k] : [q],
    { sequenceLength, heads, headDim, cap },
    [
      {
        name,
        shape: [Math.min(BLOCKS, Math.ceil(rows / BLOCKS)), sequenceLength],
      },
      { name: `${name} of queries`, shape: [rows, sequenceLength] },
    ],
  )[0];
}
