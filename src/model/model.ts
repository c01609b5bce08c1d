/** What a model is to everything that trains, evaluates or samples it. @module */
import type { Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { elements, type ParameterSpec } from "./parameters.ts";

/** Looks a parameter's tensor up by its name. */
export type Weights = (name: string) => Tensor;

/** What a forward pass leaves to look at. */
export interface Forward {
  /** Embedding, then the output of each block: `[B·T, D]` each. */
  hidden: Tensor[];
  /** After the final norm: what the head sees, `[B·T, D]`. */
  final: Tensor;
}

/** A tensor that the model reads but never trains, and that is no parameter of the authors'. */
export interface FixedTensor {
  name: string;
  shape: readonly number[];
  /** Its values for a run's seed. */
  values(seed: number): Float32Array<ArrayBuffer>;
  /** Part of a checkpoint: it cannot be made anew without the seed. */
  saved: boolean;
}

/** A model: its parameters, and its equations as graph nodes. */
export interface Model {
  /** All of the authors' parameters, trained or not, tied ones once. */
  parameters: ParameterSpec[];
  /** Constants that lie on the device beside them. */
  fixed: FixedTensor[];
  /** Further names of a parameter in the authors' checkpoints. */
  tied: Record<string, string>;
  /** What else their code wants to find in a checkpoint, and nothing here reads. */
  markers: { name: string; shape: readonly number[]; value: number }[];
  vocabSize: number;
  /** Tokens of a sequence, T. */
  sequenceLength: number;
  /** Name of the head's weight, `[V, D]`. */
  head: string;
  /**
   * Adds the model to `graph` for `[B·T]` tokens; `order` sorts them (see
   * `embed`). Dropout draws from `random` (see `Dropout`); without it, as in an
   * evaluation, nothing is dropped.
   */
  forward(
    graph: Graph,
    inputs: { tokens: Tensor; order: Tensor; random?: Tensor | undefined },
  ): Forward;
}

/** A lookup of persistent tensors among parameters and fixed tensors. */
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

/** Elements of all parameters, and of the trained ones: tied ones count once. */
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
