/**
 * What a product does with its result before it stores it, in place of a node
 * that would read it again.
 * @module
 */
import {
  type Binding,
  type Constant,
  f32,
  read,
  type StructValues,
  write,
} from "../../dispatch.ts";
import type { Node } from "../../graph.ts";
import type { Tensor } from "../../tensor.ts";
import {
  type ActivationAttrs,
  activationConstants,
} from "../elementwise/activation.ts";

/**
 * What is done with a product `v`; `side` is another matrix of its shape, and
 * both lie in tensors without gaps. See `kernels/matmul/epilogue.wgsl`.
 */
export type Epilogue =
  /** `C = f(v)`; with `keep`, also `side = v`. */
  | { kind: "activation"; activation: ActivationAttrs; keep: boolean }
  /** `C = v · f'(side)`. */
  | { kind: "derivative"; activation: ActivationAttrs }
  /** `C = gain · v + skip · side`. */
  | { kind: "residual"; gain: number; skip: number };

/** Whether a product with this epilogue takes a side matrix. */
export const hasSide = (epilogue: Epilogue | undefined): boolean =>
  epilogue !== undefined && (epilogue.kind !== "activation" || epilogue.keep);

/**
 * Names the form of an epilogue, for the tuner: equal names get equal kernels.
 * Whether `v` is kept makes no difference, so that a forward pass that is
 * computed again, and keeps more then, sums in the same order both times.
 */
export const epilogueName = (epilogue: Epilogue | undefined): string =>
  !epilogue
    ? ""
    : epilogue.kind === "residual"
    ? " residual"
    : ` ${
      epilogue.kind === "derivative" ? "d " : ""
    }${epilogue.activation.kind}`;

/** Constants of `kernels/matmul/epilogue.wgsl`. */
export function epilogueConstants(
  epilogue: Epilogue | undefined,
): Record<string, Constant> {
  const kind = epilogue?.kind;
  return {
    ACTIVATION: kind === "activation",
    KEEP: kind === "activation" && hasSide(epilogue),
    DERIVATIVE: kind === "derivative",
    RESIDUAL: kind === "residual",
    ...epilogue && "activation" in epilogue
      ? activationConstants(epilogue.activation)
      : {},
  };
}

/** Fields of the products' uniform block that epilogues read. */
export function epilogueParams(epilogue: Epilogue | undefined): StructValues {
  const residual = epilogue?.kind === "residual" ? epilogue : undefined;
  return {
    slope: f32(
      epilogue && "activation" in epilogue ? epilogue.activation.slope : 0,
    ),
    gain: f32(residual?.gain ?? 1),
    skip: f32(residual?.skip ?? 0),
  };
}

/**
 * The binding of the side matrix, if there is one.
 *
 * @throws {RangeError} where it is missing, or given to a product without one
 */
export function sideBinding(
  epilogue: Epilogue | undefined,
  side: Omit<Binding, "access"> | undefined,
): Record<string, Binding> {
  if (hasSide(epilogue) !== (side !== undefined)) {
    throw new RangeError(
      `Cannot multiply as 'side' must be ${
        hasSide(epilogue) ? "bound" : "absent"
      }`,
    );
  }
  if (!side) return {};
  const access = epilogue!.kind === "activation" ? write : read;
  return { side: access(side.tensor, side) };
}

/** A product's node with the epilogue that does the work of `next`. */
interface Fused {
  epilogue: Epilogue;
  /** The other matrix, where the epilogue reads one. */
  side?: Tensor;
}

/**
 * The epilogue that does the work of `next`, the first to read the product
 * `v`; undefined where there is none.
 *
 * @param kept whether others read `v` too
 */
export function epilogueOf(
  v: Tensor,
  next: Node,
  kept: boolean,
): Fused | undefined {
  const { operation, inputs, attrs, accumulateInto } = next;
  if (accumulateInto) return undefined;
  if (operation.name === "activation") {
    return { epilogue: { kind: "activation", activation: attrs, keep: kept } };
  }
  if (kept) return undefined;
  if (operation.name === "activation_grad" && inputs[0] !== v) {
    const [side] = inputs;
    return { epilogue: { kind: "derivative", activation: attrs }, side };
  }
  if (operation.name === "weighted_sum" && inputs.length === 2) {
    const at = inputs.indexOf(v), side = inputs[1 - at];
    const [gain, skip] = [attrs.gains[at], attrs.gains[1 - at]];
    const fixed = typeof gain === "number" && typeof skip === "number";
    if (!fixed || side === v) return undefined;
    return { epilogue: { kind: "residual", gain, skip }, side };
  }
  return undefined;
}
