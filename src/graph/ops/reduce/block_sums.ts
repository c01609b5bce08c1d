/** The second stage of sums over rows, several in one dispatch. @module */
import { type AdapterLimits, read, readWrite } from "../../dispatch.ts";
import { vectorWidth } from "../../dispatch_grid.ts";
import type { Graph, Operation } from "../../graph.ts";
import { blocksOf } from "../../reduction.ts";
import { BYTES, count, type Tensor } from "../../tensor.ts";

/** Most blocks that {@linkcode sumBlocks} gives. */
const MAX_SUM_BLOCKS = 512;

/** Fewest rows of a block, on a GPU. */
const BLOCK_ROWS = 8;

/**
 * Into how many blocks `rows` are cut where each block of rows is summed by a
 * workgroup of its own.
 */
export function sumBlocks(
  rows: number,
  { software }: Pick<AdapterLimits, "software">,
): number {
  const perBlock = software ? 32 : BLOCK_ROWS;
  return Math.max(1, Math.min(MAX_SUM_BLOCKS, Math.ceil(rows / perBlock)));
}

/** Sums per dispatch, of two bindings each. */
const mostSums = ({ storageBindings = 8 }: AdapterLimits) =>
  Math.min(16, Math.floor(storageBindings / 2));

/** Into how many blocks a sum was cut, for an adapter. */
export type BlockCount = (limits: AdapterLimits) => number;

interface Attrs {
  /** Of each sum. */
  blocks: readonly BlockCount[];
}

/** Inputs: the blocks of each sum, then what each is added to. */
const operation: Operation<Attrs> = {
  name: "block_sums",
  lower(node, limits) {
    const sums = node.attrs.blocks.length;
    const blocks = node.inputs.slice(0, sums), totals = node.inputs.slice(sums);
    const widths = totals.map(count), pitches = blocks.map((x) => x.shape[1]);
    // Every sum is code of its own: software drivers compile scalars faster.
    const VW = limits.software
      ? 1
      : Math.min(...[...widths, ...pitches].map(vectorWidth));
    const [ACROSS, DOWN] = limits.software ? [8, 1] : [8, 32];
    const numbers = node.attrs.blocks.map((count) => count(limits));
    const elements = widths.reduce((n, width, i) => n + width * numbers[i], 0);
    return [{
      kernel: "reduce/block_sums",
      constants: { VW, SUMS: sums, ACROSS, DOWN },
      params: Object.fromEntries(
        widths.flatMap((width, i) => [
          [`rows${i}`, numbers[i]],
          [`width${i}`, width],
          [`pitch${i}`, pitches[i]],
        ]),
      ),
      bindings: Object.fromEntries(
        blocks.flatMap((x, i) => [
          [`x${i}`, read(x, blocksOf(x, numbers[i], pitches[i]))],
          [`y${i}`, readWrite(totals[i])],
        ]),
      ),
      workgroups: [Math.ceil(Math.max(...widths) / VW / ACROSS), sums, 1],
      flops: elements,
      bytes: BYTES.f32 * (elements + 2 * widths.reduce((a, b) => a + b, 0)),
    }];
  },
  batch(nodes, limits) {
    const last = nodes[nodes.length - 1];
    const blocks = nodes.flatMap(({ inputs, attrs }) =>
      inputs.slice(0, attrs.blocks.length)
    );
    const totals = nodes.flatMap(({ inputs, attrs }) =>
      inputs.slice(attrs.blocks.length)
    );
    if (
      totals.length > mostSums(limits) || new Set(totals).size < totals.length
    ) {
      return undefined;
    }
    return {
      ...last,
      inputs: [...blocks, ...totals],
      attrs: { blocks: nodes.flatMap(({ attrs }) => attrs.blocks) },
    };
  },
};

/**
 * Shape of the blocks of a sum over `rows` of `width` elements, whichever the
 * adapter.
 *
 * @param least there is room for this many blocks too
 */
export const sumBlocksShape = (
  rows: number,
  width: number,
  least = 1,
): [number, number] => [
  Math.max(least, sumBlocks(rows, { software: false })),
  width,
];

/**
 * Adds the blocks of a sum over rows to `total`, a parameter's gradient.
 *
 * @param blocks rows as wide as `total`, or wider: their first columns count
 * @param number how many of them there are
 * @returns `total`
 */
export function addBlocks(
  graph: Graph,
  blocks: Tensor,
  number: BlockCount,
  total: Tensor,
): Tensor {
  const inputs = [blocks, total];
  graph.add(operation, inputs, { blocks: [number] }, [], { effect: true });
  return total;
}
