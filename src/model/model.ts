/** What does a model consist of? Its parameters, and its equations. @module */
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import {
  elements,
  type JoinedParameters,
  type ParameterSpec,
} from "./parameters.ts";

/** Returns the tensor of a parameter or fixed tensor by its name. */
export type Weights = (name: string) => Tensor;

/** Tensors of a forward pass that others read. */
export interface Forward {
  /** The embedding, then the output of each block: each `[B·T, D]`. */
  hidden: Tensor[];
  /** After the final norm, the input of the head: `[B·T, D]`. */
  final: Tensor;
}

/**
 * A tensor that the model reads but never trains, and that the authors' code
 * does not have as a parameter.
 */
export interface FixedTensor {
  name: string;
  shape: readonly number[];
  /** Its values for a run's seed. */
  values(seed: number): Float32Array<ArrayBuffer>;
  /**
   * Whether checkpoints contain it: it cannot be recomputed without the seed.
   */
  saved: boolean;
}

/** A model: its parameters, and its equations as graph nodes. */
export interface Model {
  /** All of the authors' parameters, trained or not; tied ones once. */
  parameters: ParameterSpec[];
  /** Which of them the equations read as one. */
  joined: readonly JoinedParameters[];
  /** Constants that are also on the device. */
  fixed: FixedTensor[];
  /** Further names of a parameter in the authors' checkpoints. */
  tied: Record<string, string>;
  /**
   * Further tensors that the authors' code requires in a checkpoint; nothing
   * here reads them.
   */
  markers: { name: string; shape: readonly number[]; value: number }[];
  vocabSize: number;
  /** Tokens of a sequence, T. */
  sequenceLength: number;
  /** Name of the head's weight, `[V, D]`. */
  head: string;
  /**
   * Adds the model to `graph` for `[B·T]` tokens; `order` sorts them (see
   * `embed`). Dropout draws from `random` (see `Dropout`); without it, as in an
   * evaluation, there is no dropout.
   */
  forward(
    graph: Graph,
    inputs: { tokens: Tensor; order: Tensor; random?: Tensor | undefined },
  ): Forward;
}

/**
 * A lookup of parameters and fixed tensors as persistent tensors of a graph.
 */
export function weightsOf(
  graph: Graph,
  known: readonly { name: string; shape: readonly number[] }[],
): Weights {
  const shapes = new Map(known.map((p) => [p.name, p.shape]));
  return (name) => {
    const shape = shapes.get(name);
    if (!shape) throw new RangeError(`The model has no '${name}'`);
    return graph.persistent(name, shape);
  };
}

/**
 * Elements of all parameters, and of the trainable ones; tied ones count once.
 */
export function parameterCount(
  model: Model,
): { total: number; trainable: number } {
  const sum = (list: ParameterSpec[]) =>
    list.reduce((n, p) => n + elements(p), 0);
  return {
    total: sum(model.parameters),
    trainable: sum(model.parameters.filter((p) => p.trainable)),
  };
}
