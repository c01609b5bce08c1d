/** Causal multi-head attention; the T × T matrix never exists. @module */
import {
  type AdapterLimits,
  type Dispatch,
  f32,
  mapValues,
  read,
  readWrite,
  write,
} from "../../dispatch.ts";
import {
  MAX_WORKGROUPS,
  rowRanges,
  type TensorRange,
  vectorWidth,
} from "../../dispatch_grid.ts";
import { gradientOf, type Graph, type Operation } from "../../graph.ts";
import { BYTES, count, type Tensor } from "../../tensor.ts";
import { type Dropout, dropoutParams } from "../elementwise/dropout.ts";
import { attentionKernel, type Pass } from "./attention_kernels.ts";

/** Shape of an attention layer. */
export interface AttentionAttrs {
  /** Tokens of one sequence, T. */
  sequenceLength: number;
  heads: number;
  headDim: number;
  /** Soft cap `cap · tanh(score / cap)` on the scores, 0 for none. */
  cap: number;
}

interface Attrs extends AttentionAttrs {
  dropout?: Pick<Dropout, "site" | "rate"> | undefined;
}

/**
 * The operands in `node.inputs`: `[qkv]`, `[qk, v]` or `[q, v, k]`, then what
 * dropout reads. Packed ones are absent but for the first.
 */
function operandsOf(inputs: readonly Tensor[], { dropout }: Attrs) {
  const matrices = dropout ? inputs.slice(0, -1) : inputs;
  const [q, v, k] = matrices;
  const random = dropout ? inputs.at(-1) : undefined;
  return { matrices, q, v: v as Tensor | undefined, k, random };
}

/** Matrices that a kernel of attention reads. */
export interface AttentionMatrices {
  q: Tensor;
  /** Absent where the keys lie behind the queries in `q`. */
  k?: Tensor | undefined;
  /** Absent where the values lie behind the keys, or none are read. */
  v?: Tensor | undefined;
}

/**
 * What every kernel that includes kernels/attention/shared/scores.wgsl takes.
 *
 * @param range of the sequences to bind
 */
export function scoreOperands(
  { sequenceLength, heads, headDim, cap, dropout }: Attrs,
  { q, k, v }: AttentionMatrices,
  range: TensorRange,
) {
  const width = heads * headDim, VW = vectorWidth(headDim);
  const units = (tensor: Tensor) => tensor.shape[1] / VW;
  return {
    constants: { PACKED: !k, CAP: cap > 0, DROP: !!dropout },
    params: {
      first_sequence: range.start,
      sequence_length: sequenceLength,
      heads,
      scale: f32(1 / Math.sqrt(headDim)),
      cap: f32(cap),
      q_pitch: units(q),
      q_start: 0,
      k_pitch: units(k ?? q),
      k_start: k ? 0 : width / VW,
      v_pitch: units(v ?? q),
      v_start: v ? 0 : 2 * width / VW,
      units: Math.ceil(headDim / 4),
      ...dropout ? dropoutParams(dropout) : {},
    },
    bindings: {
      q: read(q, range.of(q)),
      ...k ? { k: read(k, range.of(k)) } : {},
      ...v ? { v: read(v, range.of(v)) } : {},
    },
  };
}

/** FLOPs of each pass per pair of query and key and element of a head. */
const FLOPS: Record<Pass, number> = { forward: 4, grad_q: 6, grad_kv: 8 };

/**
 * One pass over the pairs of queries and keys, in dispatches of as many
 * sequences as bindings hold.
 *
 * @param operands what is bound besides the matrices of `inputs`, by name
 */
function dispatches(
  pass: Pass,
  inputs: readonly Tensor[],
  operands: Dispatch["bindings"],
  attrs: Attrs,
  limits: AdapterLimits,
): Dispatch[] {
  const { matrices } = operandsOf(inputs, attrs);
  const others = Object.values(operands).map(({ tensor }) => tensor);
  return rowRanges(
    matrices[0].shape[0] / attrs.sequenceLength,
    [...matrices, ...others],
    limits,
    MAX_WORKGROUPS,
  ).map((range) => dispatch(pass, inputs, operands, attrs, range, limits));
}

function dispatch(
  pass: Pass,
  inputs: readonly Tensor[],
  operands: Dispatch["bindings"],
  attrs: Attrs,
  range: TensorRange,
  limits: AdapterLimits,
): Dispatch {
  const { sequenceLength, heads, headDim } = attrs;
  const { matrices, q, v, k, random } = operandsOf(inputs, attrs);
  const rows = Object.values(operands).map(({ tensor }) => tensor);
  const wide = limits.int64 &&
    [...matrices, ...rows].every(({ dtype }) => dtype === "f32");
  const { kernel, constants, tile, blocks } = attentionKernel(
    pass,
    headDim,
    limits,
    wide,
  );
  const scores = scoreOperands(attrs, { q, k, v }, range);
  return {
    kernel,
    constants: { ...constants, ...scores.constants, VALUES_PACKED: !v },
    params: scores.params,
    bindings: {
      ...scores.bindings,
      ...mapValues(operands, (b) => ({ ...b, ...range.of(b.tensor) })),
      ...random ? { random: read(random) } : {},
    },
    workgroups: [
      Math.ceil(sequenceLength / tile) * blocks,
      heads,
      range.count,
    ],
    flops: FLOPS[pass] * headDim * range.count * heads * sequenceLength *
      (sequenceLength + 1) / 2,
    bytes: (pass === "forward" ? 4 : 6) * BYTES[q.dtype] * range.count *
      sequenceLength * heads * headDim,
  };
}

const forward: Operation<Attrs> = {
  name: "attention",
  gradient(node, [dO], to) {
    if (!dO) return;
    const { matrices } = operandsOf(node.inputs, node.attrs);
    const [o, lse] = node.outputs;
    const gradients = to.graph.add(
      backward,
      [...node.inputs, o, lse, dO],
      node.attrs,
      [
        ...matrices.map(gradientOf),
        { name: "attention delta", shape: lse.shape },
      ],
    );
    matrices.forEach((x, i) => to.accumulateTensor(x, gradients[i]));
  },
  lower(node, limits) {
    const [o, lse] = node.outputs;
    const operands = { o: write(o), lse: write(lse) };
    return dispatches("forward", node.inputs, operands, node.attrs, limits);
  },
};

const backward: Operation<Attrs> = {
  name: "attention_grad",
  lower({ inputs: all, outputs, attrs }, limits) {
    const inputs = all.slice(0, -3);
    const [o, lse, dO] = all.slice(-3);
    const delta = outputs[outputs.length - 1];
    const [dq, dv, dk = dq] = outputs.slice(0, -1);
    // What is packed shares a gradient: each pass writes its columns.
    const queries = {
      o: read(o),
      d_o: read(dO),
      lse: read(lse),
      delta: readWrite(delta),
      dq: readWrite(dq),
    };
    const keys = {
      d_o: read(dO),
      lse: read(lse),
      delta: read(delta),
      dk: readWrite(dk),
      ...dv ? { dv: readWrite(dv) } : {},
    };
    return [
      ...dispatches("grad_q", inputs, queries, attrs, limits),
      ...dispatches("grad_kv", inputs, keys, attrs, limits),
    ];
  },
};

/**
 * `softmax(cap(q kᵀ / √d) + causal mask) v` for each head and sequence, of
 * which `dropout` drops softmax's results.
 *
 * @param matrices `qkv` `[B·T, 3·H·d]` (queries, keys, values), or `v` `[B·T,
 *   H·d]` and either `qk` `[B·T, 2·H·d]` or `q` and `k` `[B·T, H·d]`
 * @returns `[B·T, H·d]`, head h in columns h·d … (h+1)·d − 1
 * @throws {RangeError} if the widths do not fit the heads
 */
export function attention(
  graph: Graph,
  name: string,
  matrices:
    | { qkv: Tensor }
    | { qk: Tensor; v: Tensor }
    | { q: Tensor; k: Tensor; v: Tensor },
  attrs: AttentionAttrs,
  dropout?: Dropout,
): Tensor {
  const width = attrs.heads * attrs.headDim;
  const [list, widths] = "qkv" in matrices
    ? [[matrices.qkv], [3]]
    : "qk" in matrices
    ? [[matrices.qk, matrices.v], [2, 1]]
    : [[matrices.q, matrices.v, matrices.k], [1, 1, 1]];
  list.forEach((tensor, i) => {
    if (
      tensor.shape[1] !== widths[i] * width ||
      tensor.shape[0] % attrs.sequenceLength
    ) {
      throw new RangeError(
        `Cannot attend over '${tensor.name}' of [${tensor.shape}]: rows must be sequences of ${attrs.sequenceLength}, ${
          widths[i] * width
        } wide`,
      );
    }
  });
  const rows = list[0].shape[0];
  const inputs = dropout ? [...list, dropout.random] : list;
  const dropped = dropout && { site: dropout.site, rate: dropout.rate };
  return graph.add(forward, inputs, { ...attrs, dropout: dropped }, [
    { name, shape: [rows, width], dtype: graph.types.activations },
    { name: `${name} lse`, shape: [count({ shape: [rows, attrs.heads] })] },
  ])[0];
}
