/**
 * The head and its loss in one operation. Logits exist for one block of
 * tokens at a time, and their gradient replaces them before the next block. A
 * GPU takes as many tokens as its buffers allow (0.8 GB for 4,096 tokens and
 * V = 50,257): a sum over few tokens leaves it idle, and each block reads and
 * writes the weight's gradient again.
 * @module
 */
import {
  type AdapterLimits,
  type Constant,
  type Dispatch,
  read,
  readWrite,
} from "../../dispatch.ts";
import { grid } from "../../dispatch_grid.ts";
import {
  gradientOf,
  type Graph,
  type Operation,
  scratchTensor,
} from "../../graph.ts";
import { reduceConstants } from "../../reduction.ts";
import { BYTES, count, type DType, type Tensor } from "../../tensor.ts";
import { matmul } from "../matmul/matmul.ts";
import { accumulateSum } from "../reduce/dot_product.ts";

/** Bytes of logits that a software driver holds at a time. */
const SOFTWARE_BYTES = 2 ** 26;

const pitchOf = (vocabSize: number) => Math.ceil(vocabSize / 4) * 4;

/**
 * Tokens whose logits are held at a time: all if their logits fit one binding
 * and half of the largest buffer, else blocks of about equal size.
 */
export function blockRows(
  rows: number,
  vocabSize: number,
  { software, maxBindingBytes, maxBufferBytes, offsetAlignment }: AdapterLimits,
  dtype: DType = "f32",
): number {
  const room = Math.min(
    maxBindingBytes,
    maxBufferBytes / 2,
    software ? SOFTWARE_BYTES : Infinity,
  );
  const fit = Math.floor(room / BYTES[dtype] / pitchOf(vocabSize));
  if (fit >= rows) return rows;
  // Multiples that keep bindings aligned and tiles whole.
  const unit = software ? Math.max(64, offsetAlignment / BYTES[dtype]) : 128;
  const most = Math.max(unit, fit - fit % unit);
  const blocks = Math.ceil(rows / most);
  return Math.ceil(rows / blocks / unit) * unit;
}

/** A row's lanes, and what of it a lane loads at a time. */
function lanesFor(
  vocabSize: number,
  limits: AdapterLimits,
): Record<string, Constant> {
  if (limits.software) return { ...reduceConstants(limits), LOADS: 1 };
  const LOADS = 4, units = pitchOf(vocabSize) / 4;
  const WG = [256, 128, 64].find((lanes) => lanes * LOADS <= units) ?? 32;
  return { SUBGROUPS: false, WG, LOADS };
}

interface Operands {
  h: Tensor;
  weight: Tensor;
  targets: Tensor;
  scale: Tensor;
  loss: Tensor;
  rowLoss: Tensor;
  gradientScale?: Tensor | undefined;
  gradients?: {
    dh?: { tensor: Tensor; accumulate: boolean } | undefined;
    dWeight?: Tensor | undefined;
  };
}

function lowerBlocks(operands: Operands, limits: AdapterLimits): Dispatch[] {
  const { h, weight, gradients, gradientScale } = operands;
  const [rows, width] = h.shape, [vocabSize] = weight.shape;
  const pitch = pitchOf(vocabSize);
  const step = blockRows(rows, vocabSize, limits, weight.dtype);
  // Products of f16 make f16.
  const logits = scratchTensor("logits", [step, pitch], weight.dtype);
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
        ...lanesFor(vocabSize, limits),
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
      to.graph.add(backward, inputs, attrs, [tokenLosses(h)], {
        effect: true,
      });
    }
    to.accumulate(h, (accumulateInto) =>
      to.graph.add(
        backward,
        inputs,
        { dh: true, scaled },
        [
          gradientOf(h),
          tokenLosses(h),
        ],
        { accumulateInto, effect: true },
      )[0]);
  },
  lower(node, limits) {
    const [h, weight, targets, scale, loss] = node.inputs;
    const [rowLoss] = node.outputs;
    return lowerBlocks({ h, weight, targets, scale, loss, rowLoss }, limits);
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
    const rowLoss = node.outputs.at(-1)!;
    return lowerBlocks({
      h,
      weight,
      targets,
      scale,
      loss,
      rowLoss,
      gradientScale,
      gradients: {
        dh: dh && { tensor: dh, accumulate: !!node.accumulateInto },
        dWeight,
      },
    }, limits);
  },
};

const tokenLosses = ({ shape: [rows] }: Tensor) => ({
  name: "token losses",
  shape: [rows],
});

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
    [tokenLosses(h)],
    { effect: true },
  )[0];
}
