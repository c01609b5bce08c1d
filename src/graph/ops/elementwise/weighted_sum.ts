/**
 * Gain-weighted sums of branches: residual connections and their scales.
 * @module
 */
import { f32, read, readWrite, write } from "../../dispatch.ts";
import { flatGrid, flatRanges } from "../../dispatch_grid.ts";
import {
  gradientOf,
  type Graph,
  type Operation,
  type Output,
} from "../../graph.ts";
import { count, type FloatType, type Tensor } from "../../tensor.ts";
import { dotProduct } from "../reduce/dot_product.ts";

/** A constant, or a parameter of one element. */
export type Gain = number | Tensor;

/** One branch of a sum. */
export interface Branch {
  x: Tensor;
  gain: Gain;
}

interface Attrs {
  /** `null` where the gain is a tensor; those follow the branches as inputs. */
  gains: (number | null)[];
}

const operation: Operation<Attrs> = {
  name: "weighted_sum",
  gradient(node, [dy], to) {
    if (!dy) return;
    const { gains } = node.attrs;
    const trained = node.inputs.slice(gains.length);
    gains.forEach((gain, i) => {
      const x = node.inputs[i];
      const factor: Gain = gain ?? trained.shift()!;
      if (typeof factor !== "number") {
        to.accumulate(
          factor,
          (accumulateInto) => dotProduct(to.graph, dy, x, accumulateInto!),
        );
      }
      if (factor === 1) to.accumulateTensor(x, dy);
      else {
        to.accumulate(
          x,
          (accumulateInto) =>
            add(to.graph, gradientOf(x), [{ x: dy, gain: factor }], {
              accumulateInto,
            }),
        );
      }
    });
  },
  lower(node, limits) {
    const { gains } = node.attrs, [y] = node.outputs, WG = 64;
    const branches = node.inputs.slice(0, gains.length);
    const trained = node.inputs.slice(gains.length);
    const gainOf = (branch: number) => f32(gains[branch] ?? 0);
    return flatRanges(count(y), limits).map((range) => ({
      kernel: "elementwise/weighted_sum",
      constants: {
        WG,
        BRANCHES: gains.length,
        TRAINED_0: gains[0] === null,
        TRAINED_1: gains[1] === null,
        TRAINED_2: gains[2] === null,
        ACCUMULATE: !!node.accumulateInto,
      },
      params: {
        count: range.count,
        gain0: gainOf(0),
        gain1: gainOf(1),
        gain2: gainOf(2),
      },
      bindings: {
        y: node.accumulateInto
          ? readWrite(y, range.of(y))
          : write(y, range.of(y)),
        ...Object.fromEntries([
          ...branches.map((x, i) => [`x${i}`, read(x, range.of(x))]),
          ...trainedBranches(gains).map((branch, i) => [
            `trained_gain${branch}`,
            read(trained[i]),
          ]),
        ]),
      },
      workgroups: flatGrid(range.count, WG),
      flops: 2 * gains.length * range.count,
      bytes: [...branches, y].reduce((n, t) => n + range.of(t).size, 0),
    }));
  },
};

/** Numbers of the branches whose gain is a tensor. */
const trainedBranches = (gains: Attrs["gains"]) =>
  gains.flatMap((gain, branch) => gain === null ? [branch] : []);

/**
 * `Σ gain · x` over one to three branches of one shape.
 *
 * A lone branch with gain 1 is returned as it is.
 *
 * @param dtype of the sum: by default that of activations
 * @throws {RangeError} on more than three branches or unequal shapes
 */
export function weightedSum(
  graph: Graph,
  name: string,
  branches: readonly Branch[],
  dtype: FloatType = graph.types.activations,
): Tensor {
  const [first] = branches;
  if (branches.length === 1 && first.gain === 1) return first.x;
  if (branches.length > 3) {
    throw new RangeError(
      `Cannot combine ${branches.length} branches: at most 3`,
    );
  }
  for (const { x } of branches) {
    if (count(x) !== count(first.x)) {
      throw new RangeError(
        `Cannot combine '${name}': shapes [${first.x.shape}] and [${x.shape}] differ`,
      );
    }
  }
  return add(graph, { name, shape: first.x.shape, dtype }, branches);
}

/** {@linkcode weightedSum} of branches and skips in the residual's type. */
export const residualSum = (
  graph: Graph,
  name: string,
  branches: readonly Branch[],
): Tensor => weightedSum(graph, name, branches, graph.types.residual);

function add(
  graph: Graph,
  output: Output,
  branches: readonly Branch[],
  options?: { accumulateInto?: Tensor | undefined },
): Tensor {
  const gains = branches.map((b) => typeof b.gain === "number" ? b.gain : null);
  const trained = branches.flatMap((b) =>
    typeof b.gain === "number" ? [] : [b.gain]
  );
  return graph.add(
    operation,
    [...branches.map((b) => b.x), ...trained],
    { gains },
    [output],
    options,
  )[0];
}
