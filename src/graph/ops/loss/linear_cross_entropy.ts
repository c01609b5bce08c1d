/**
 * The head and its loss in one operation. Logits exist for one block of
 * tokens at a time, and their gradient replaces them before the next block, so
 * neither ever exists in full (V = 50,257 would take 0.8 GB for
 * 4,096 tokens).
 * @module
 */
import {
  type AdapterLimits,
  type Dispatch,
  read,
  readWrite,
} from "../../dispatch.ts";
import { grid } from "../../dispatch_grid.ts";
import {
  gradientOf,
  type Graph,
  type Operation,
  type Output,
} from "../../graph.ts";
import { reduceConstants } from "../../reduction.ts";
import { BYTES, count, type DType, type Tensor } from "../../tensor.ts";
import { matmul } from "../matmul/matmul.ts";
import { accumulateSum } from "../reduce/dot_product.ts";

/** Bytes of logits held at a time. */
const BLOCK_BYTES = 1 << 26;

const pitchOf = (vocabSize: number) => Math.ceil(vocabSize / 4) * 4;

/** Tokens whose logits are held at a time. */
export function blockRows(
  rows: number,
  vocabSize: number,
  dtype: DType = "f32",
): number {
  const fit = Math.floor(BLOCK_BYTES / BYTES[dtype] / pitchOf(vocabSize));
  // Whole tiles, on multiples that keep bindings aligned.
  const unit = 256 / BYTES[dtype];
  return fit >= rows ? rows : Math.max(unit, fit - fit % unit);
}

interface Operands {
  h: Tensor;
  weight: Tensor;
  targets: Tensor;
  scale: Tensor;
  loss: Tensor;
  logits: Tensor;
  rowLoss: Tensor;
  gradientScale?: Tensor | undefined;
  gradients?: {
    dh?: { tensor: Tensor; accumulate: boolean } | undefined;
    dWeight?: Tensor | undefined;
  };
}

function lowerBlocks(operands: Operands, limits: AdapterLimits): Dispatch[] {
  const { h, weight, logits, gradients, gradientScale } = operands;
  const [rows, width] = h.shape, [vocabSize] = weight.shape;
  const pitch = pitchOf(vocabSize),
    step = blockRows(rows, vocabSize, logits.dtype);
  const out: Dispatch[] = [];
  for (let first = 0; first < rows; first += step) {
    const M = Math.min(step, rows - first);
    const z = { tensor: logits, pitch };
    const x = { tensor: h, pitch: width, start: first * width };
    const w = { tensor: weight, pitch: width };
    out.push(...matmul({
      layout: "NT",
      M,
      N: vocabSize,
      K: width,
      a: x,
      b: w,
      c: z,
      accumulate: false,
    }, limits));
    out.push({
      kernel: "loss/cross_entropy",
      constants: {
        GRADIENT: !!gradients,
        SCALED: !!gradientScale,
        ...reduceConstants(limits),
      },
      params: { rows: M, vocab_size: vocabSize, pitch, first_row: first },
      bindings: {
        logits: readWrite(logits),
        target_of: read(operands.targets),
        loss: readWrite(operands.rowLoss),
        scale: read(operands.scale),
        ...gradientScale && { gradient_scale: read(gradientScale) },
      },
      workgroups: grid(M),
      flops: 8 * M * vocabSize,
      bytes: 3 * BYTES[logits.dtype] * M * vocabSize,
    });
    if (gradients?.dWeight) {
      out.push(...matmul({
        layout: "TN",
        M: vocabSize,
        N: width,
        K: M,
        a: z,
        b: x,
        c: { tensor: gradients.dWeight, pitch: width },
        accumulate: true,
      }, limits));
    }
    if (gradients?.dh) {
      const { tensor, accumulate } = gradients.dh;
      out.push(...matmul({
        layout: "NN",
        M,
        N: width,
        K: vocabSize,
        a: z,
        b: w,
        c: { tensor, pitch: width, start: first * width },
        accumulate,
      }, limits));
    }
  }
  out.push(
    accumulateSum(
      operands.rowLoss,
      rows,
      operands.loss,
      limits,
      operands.scale,
    ),
  );
  return out;
}

const forward: Operation<null> = {
  name: "linear_cross_entropy",
  gradient(node, _, to) {
    const [h, weight, targets, scale, loss, gradientScale] = node.inputs;
    let dWeight: Tensor | undefined;
    to.accumulate(weight, (accumulateInto) => dWeight = accumulateInto!);
    const extra = [gradientScale, dWeight].filter((tensor) =>
      tensor !== undefined
    );
    to.fuseInto(node);
    const inputs = [h, weight, targets, scale, loss, ...extra];
    const scaled = gradientScale !== undefined;
    if (!to.needsGradient(h)) {
      const attrs = { dh: false, scaled };
      to.graph.add(backward, inputs, attrs, scratch(to.graph, h, weight), {
        effect: true,
      });
    }
    to.accumulate(h, (accumulateInto) =>
      to.graph.add(
        backward,
        inputs,
        { dh: true, scaled },
        [gradientOf(h), ...scratch(to.graph, h, weight)],
        { accumulateInto, effect: true },
      )[0]);
  },
  lower(node, limits) {
    const [h, weight, targets, scale, loss] = node.inputs;
    const [logits, rowLoss] = node.outputs;
    return lowerBlocks(
      { h, weight, targets, scale, loss, logits, rowLoss },
      limits,
    );
  },
};

const backward: Operation<{ dh: boolean; scaled: boolean }> = {
  name: "linear_cross_entropy_grad",
  lower(node, limits) {
    const { scaled } = node.attrs;
    const [h, weight, targets, scale, loss, ...more] = node.inputs;
    const gradientScale = scaled ? more[0] : undefined;
    const dWeight = more.at(scaled ? 1 : 0);
    const dh = node.attrs.dh ? node.outputs[0] : undefined;
    const [logits, rowLoss] = node.outputs.slice(dh ? 1 : 0);
    return lowerBlocks({
      h,
      weight,
      targets,
      scale,
      loss,
      logits,
      rowLoss,
      gradientScale,
      gradients: {
        dh: dh && { tensor: dh, accumulate: !!node.accumulateInto },
        dWeight,
      },
    }, limits);
  },
};

const scratch = (graph: Graph, h: Tensor, weight: Tensor): Output[] => {
  const [rows] = h.shape, [vocabSize] = weight.shape;
  const dtype = graph.types.activations;
  return [
    {
      name: "logits",
      shape: [blockRows(rows, vocabSize, dtype), pitchOf(vocabSize)],
      dtype,
    },
    { name: "token losses", shape: [rows] },
  ];
};

/**
 * Adds `scale[0] · Σ_n cross_entropy(h[n] Wᵀ, target[n])` to `loss[0]`, in
 * nats.
 *
 * Logits and their gradient have the type of activations; softmax and loss are
 * f32.
 *
 * @param h `[N, D]`
 * @param weight `[V, D]`; may be larger than one binding
 * @param targets `[N]`, u32; a target not below V is ignored
 * @param scale `[1]`: 1 / (counted targets × accumulation steps) makes a mean
 * @param loss `[1]`, persistent
 * @param gradientScale `[1]`: a further factor of the gradient alone
 * @returns the root to differentiate
 */
export function linearCrossEntropy(
  graph: Graph,
  inputs: {
    h: Tensor;
    weight: Tensor;
    targets: Tensor;
    scale: Tensor;
    loss: Tensor;
    gradientScale?: Tensor | undefined;
  },
): Tensor {
  const { h, targets, scale, loss, gradientScale } = inputs;
  const weight = graph.operand(inputs.weight);
  if (count(targets) !== h.shape[0]) {
    throw new RangeError(
      `Cannot compare ${h.shape[0]} predictions with ${count(targets)} targets`,
    );
  }
  return graph.add(
    forward,
    [h, weight, targets, scale, loss, ...gradientScale ? [gradientScale] : []],
    null,
    scratch(graph, h, weight),
    { effect: true },
  )[0];
}
