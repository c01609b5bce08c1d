/** Token and position embeddings. @module */
import { f32 } from "../../dispatch.ts";
import type { Graph, Operation } from "../../graph.ts";
import { bytes, count, type Tensor } from "../../tensor.ts";
import { grid, rowRanges, vectorWidth } from "../../dispatch_grid.ts";
import { columnLanes } from "../../reduction.ts";

/** Details of an embedding. */
export interface EmbeddingAttrs {
  /** Tokens of one sequence, T; rows are sequences one after the other. */
  sequenceLength: number;
  /** Row of the position table that the first token takes. */
  firstPosition: number;
  /** Factor on the token's row (fairseq: √D). */
  scale: number;
  /** Token whose row gets no gradient from here (fairseq's padding), if any. */
  paddingToken?: number | undefined;
}

const NO_TOKEN = 0xffffffff;

const forward: Operation<EmbeddingAttrs> = {
  name: "embed",
  gradient(node, [dy], to) {
    if (!dy) return;
    const [tokens, order, table, positions] = node.inputs;
    to.accumulate(
      table,
      (accumulateInto) =>
        to.graph.add(tableGradient, [tokens, order, dy], node.attrs, [
          { name: `d ${table.name}`, shape: table.shape },
        ], { onto: accumulateInto })[0],
    );
    if (positions) {
      to.accumulate(
        positions,
        (accumulateInto) =>
          to.graph.add(positionGradient, [dy], node.attrs, [
            { name: `d ${positions.name}`, shape: positions.shape },
          ], { onto: accumulateInto })[0],
      );
    }
  },
  lower(node, limits) {
    const [tokens, , table, positions] = node.inputs, [y] = node.outputs;
    const { sequenceLength, firstPosition, scale } = node.attrs;
    const rows = count(tokens), [vocabSize, width] = table.shape;
    return rowRanges(vocabSize, width, limits).map((part) => ({
      kernel: "embedding/embedding",
      constants: {
        VW: vectorWidth(width),
        WG: columnLanes(limits),
        POSITIONS: !!positions,
      },
      params: [
        rows,
        width,
        sequenceLength,
        firstPosition,
        part.start,
        part.start + part.count,
        f32(scale),
      ],
      bindings: [
        { tensor: tokens, access: "read" },
        {
          tensor: table,
          access: "read",
          offset: part.start * width * 4,
          size: part.count * width * 4,
        },
        { tensor: y, access: "readwrite" },
        ...positions ? [{ tensor: positions, access: "read" as const }] : [],
      ],
      workgroups: grid(rows),
      flops: 2 * count(y),
      bytes: 3 * bytes(y),
    }));
  },
};

const tableGradient: Operation<EmbeddingAttrs> = {
  name: "embed_grad",
  lower(node, limits) {
    const [tokens, order, dy] = node.inputs, [dtable] = node.outputs;
    const rows = count(tokens), [vocabSize, width] = dtable.shape;
    const { scale, paddingToken } = node.attrs;
    return rowRanges(vocabSize, width, limits).map((part) => ({
      kernel: "embedding/embedding_grad",
      constants: { VW: vectorWidth(width), WG: columnLanes(limits) },
      params: [
        rows,
        width,
        part.start,
        part.start + part.count,
        paddingToken ?? NO_TOKEN,
        f32(scale),
      ],
      bindings: [
        { tensor: tokens, access: "read" },
        { tensor: order, access: "read" },
        { tensor: dy, access: "read" },
        {
          tensor: dtable,
          access: "readwrite",
          offset: part.start * width * 4,
          size: part.count * width * 4,
        },
      ],
      workgroups: grid(rows),
      flops: count(dy),
      bytes: 3 * bytes(dy),
    }));
  },
};

const positionGradient: Operation<EmbeddingAttrs> = {
  name: "position_grad",
  lower(node, limits) {
    const [dy] = node.inputs, [dtable] = node.outputs;
    const { sequenceLength, firstPosition } = node.attrs,
      width = dtable.shape[1];
    const VW = vectorWidth(width), WG = columnLanes(limits);
    return [{
      kernel: "embedding/position_grad",
      constants: { VW, WG },
      params: [
        count(dy) / width / sequenceLength,
        sequenceLength,
        width,
        firstPosition,
      ],
      bindings: [
        { tensor: dy, access: "read" },
        { tensor: dtable, access: "readwrite" },
      ],
      workgroups: grid(Math.ceil(sequenceLength * width / VW / WG)),
      flops: count(dy),
      bytes: bytes(dy),
    }];
  },
};

/**
 * `scale · table[token] + positions[t + firstPosition]`, `[B·T, D]`.
 *
 * @param tokens `[B·T]`, u32, each below the table's rows (checked on the host)
 * @param order the rows sorted by token, `[B·T]`, u32: the gradient adds equal tokens in this order
 * @param table `[V, D]`; may be larger than one binding
 * @param positions `[≥ firstPosition + T, D]`, if the model has them
 */
export function embed(
  graph: Graph,
  name: string,
  inputs: {
    tokens: Tensor;
    order: Tensor;
    table: Tensor;
    positions?: Tensor | undefined;
  },
  attrs: EmbeddingAttrs,
): Tensor {
  const { tokens, order, table, positions } = inputs;
  return graph.add(
    forward,
    [tokens, order, table, ...positions ? [positions] : []],
    attrs,
    [{ name, shape: [count(tokens), table.shape[1]] }],
  )[0];
}
