/** Token and position embeddings. @module */
import { f32, read, readWrite } from "../../dispatch.ts";
import { grid, rowRanges, vectorWidth } from "../../dispatch_grid.ts";
import { gradientOf, type Graph, type Operation } from "../../graph.ts";
import { columnLanes } from "../../reduction.ts";
import { count, type Tensor } from "../../tensor.ts";

/** Details of an embedding. */
export interface EmbeddingAttrs {
  /** Tokens of one sequence, T; rows are sequences one after the other. */
  sequenceLength: number;
  /** Row of the position table that the first token takes. */
  firstPosition: number;
  /** Factor on the token's row (fairseq: √D). */
  scale: number;
  /**
   * Token whose row gets no gradient from this operation (fairseq's padding),
   * if any.
   */
  paddingToken?: number | undefined;
}

/** No row of a table has this number. */
const NO_TOKEN = 0xffffffff;

const pairs = <A, B>(a: readonly A[], b: readonly B[]): [A, B][] =>
  a.flatMap((first) => b.map((second): [A, B] => [first, second]));

const forward: Operation<EmbeddingAttrs> = {
  name: "embed",
  gradient(node, [dy], to) {
    if (!dy) return;
    const [tokens, order, table, positions] = node.inputs;
    to.accumulate(
      table,
      (accumulateInto) =>
        to.graph.add(tableGradient, [tokens, order, dy], node.attrs, [
          gradientOf(table),
        ], { accumulateInto })[0],
    );
    if (positions) {
      to.accumulate(
        positions,
        (accumulateInto) =>
          to.graph.add(positionGradient, [dy], node.attrs, [
            gradientOf(positions),
          ], { accumulateInto })[0],
      );
    }
  },
  lower(node, limits) {
    const [tokens, , table, positions] = node.inputs, [y] = node.outputs;
    const { sequenceLength, firstPosition, scale } = node.attrs;
    const rows = count(tokens), [vocabSize, width] = table.shape;
    const sequences = rowRanges(rows / sequenceLength, [tokens, y], limits);
    const parts = rowRanges(vocabSize, [table], limits);
    return pairs(sequences, parts).map(([range, part]) => ({
      kernel: "embedding/embedding",
      constants: {
        VW: vectorWidth(width),
        WG: columnLanes(limits),
        POSITIONS: !!positions,
      },
      params: {
        rows: range.count * sequenceLength,
        width,
        sequence_length: sequenceLength,
        first_position: firstPosition,
        first_token: part.start,
        end_token: part.start + part.count,
        scale: f32(scale),
      },
      bindings: {
        token: read(tokens, range.of(tokens)),
        token_table: read(table, part.of(table)),
        y: readWrite(y, range.of(y)),
        ...positions ? { position_table: read(positions) } : {},
      },
      workgroups: grid(range.count * sequenceLength),
      flops: 2 * range.count * sequenceLength * width,
      bytes: 3 * range.of(y).size,
    }));
  },
};

const tableGradient: Operation<EmbeddingAttrs> = {
  name: "embed_grad",
  lower(node, limits) {
    const [tokens, order, dy] = node.inputs, [dtable] = node.outputs;
    const rows = count(tokens), [vocabSize, width] = dtable.shape;
    const { scale, paddingToken } = node.attrs;
    const ranges = rowRanges(rows, [dy], limits);
    const parts = rowRanges(vocabSize, [dtable], limits);
    return pairs(ranges, parts).map(([range, part]) => ({
      kernel: "embedding/embedding_grad",
      constants: { VW: vectorWidth(width), WG: columnLanes(limits) },
      params: {
        rows,
        width,
        first_token: part.start,
        end_token: part.start + part.count,
        first_row: range.start,
        end_row: range.start + range.count,
        padding_token: paddingToken ?? NO_TOKEN,
        scale: f32(scale),
      },
      bindings: {
        token: read(tokens),
        order: read(order),
        dy: read(dy, range.of(dy)),
        dtable: readWrite(dtable, part.of(dtable)),
      },
      workgroups: grid(rows),
      flops: range.count * width,
      bytes: 3 * range.of(dy).size,
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
    const sequences = count(dy) / width / sequenceLength;
    return rowRanges(sequences, [dy], limits).map((range) => ({
      kernel: "embedding/position_grad",
      constants: { VW, WG },
      params: {
        sequences: range.count,
        sequence_length: sequenceLength,
        width,
        first_position: firstPosition,
      },
      bindings: { dy: read(dy, range.of(dy)), dtable: readWrite(dtable) },
      workgroups: grid(Math.ceil(sequenceLength * width / VW / WG)),
      flops: range.count * sequenceLength * width,
      bytes: range.of(dy).size,
    }));
  },
};

/**
 * `scale · table[token] + positions[t + firstPosition]`, `[B·T, D]`, in the
 * residual's type.
 *
 * @param tokens `[B·T]`, u32, each below the table's rows (checked on the host)
 * @param order the rows sorted by token, `[B·T]`, u32: the gradient adds equal
 *   tokens in this order
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
    [{
      name,
      shape: [count(tokens), table.shape[1]],
      dtype: graph.types.residual,
    }],
  )[0];
}
