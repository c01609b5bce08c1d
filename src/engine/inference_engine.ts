/**
 * How does a trained model evaluate and sample? Only its weights are on the
 * device: no gradients and no optimizer state.
 * @module
 */
import type { Batch } from "../data/loader/batch.ts";
import type { Gpu } from "../gpu/device.ts";
import { Executor, type LoadedPlan } from "../gpu/executor.ts";
import { type KernelChoices, tuner, type TuningOptions } from "../gpu/tuner.ts";
import { Graph, type StorageTypes } from "../graph/graph.ts";
import { embed } from "../graph/ops/embedding/embedding.ts";
import { linear } from "../graph/ops/matmul/linear.ts";
import type { Model } from "../model/model.ts";
import {
  elements,
  packParameters,
  type ParameterLayout,
  type ParameterSpec,
  toDevice,
} from "../model/parameters.ts";
import { makePlan } from "../plan/plan.ts";
import {
  allocateCopies,
  checkPrecision,
  copyGraph,
  parameterAlignment,
  type PrecisionOptions,
  storageTypes,
} from "./precision.ts";
import { gradientGraph, INPUTS, lossGraph } from "./step_plans.ts";

/** What the engine is opened for. */
export type InferencePurpose = { evaluate: { batchSize: number } } | {
  generate: true;
};

/** The weights of a model on a device, and one plan that reads them. */
export class InferenceEngine {
  readonly executor: Executor;
  readonly model: Model;
  readonly #layout: ParameterLayout;
  readonly #loaded: LoadedPlan;
  readonly #copy: LoadedPlan | undefined;
  /** Whether weights were written since copies were made of them. */
  #weightsWritten = false;
  readonly #logits: { read(): Promise<ArrayBuffer> } | undefined;

  private constructor(
    executor: Executor,
    model: Model,
    layout: ParameterLayout,
    [loaded, copy]: LoadedPlan[],
    logits?: { read(): Promise<ArrayBuffer> },
  ) {
    this.executor = executor;
    this.model = model;
    this.#layout = layout;
    this.#loaded = loaded;
    this.#copy = copy;
    this.#logits = logits;
  }

  /** Allocates and compiles; `loadWeights` writes the weights afterwards. */
  static async open(
    gpu: Gpu,
    model: Model,
    purpose: InferencePurpose,
    choices: KernelChoices = {},
    tuning: TuningOptions = {},
    precision: PrecisionOptions = {},
  ): Promise<InferenceEngine> {
    checkPrecision(
      gpu,
      precision,
      "name a copy of the run's config.yaml with precision: fp32 by --config",
    );
    const types = storageTypes(precision);
    const executor = new Executor(gpu);
    // A parameter that no gradient reaches is a constant of the plan.
    const { trained } = gradientGraph(model, 1);
    const layout = packParameters(
      trained,
      gpu.limits.maxBufferBytes,
      undefined,
      parameterAlignment(types),
      model.joined,
    );
    layout.shards.forEach((shard, i) =>
      executor.allocate(`weights.${i}`, shard.elements * 4)
    );
    for (const [name, { shard, offset, bytes }] of layout.positions) {
      const { buffer } = executor.rangeOf(`weights.${shard}`);
      executor.define(name, { buffer, offset, size: bytes });
    }
    allocateCopies(executor, layout, types);
    const copies = copyGraph(layout, types);
    const copy = copies ? [makePlan("copy", copies, gpu.limits)] : [];
    for (const fixed of model.fixed) {
      executor.allocate(fixed.name, 4 * elements(fixed));
    }
    executor.allocate("loss", 4);
    executor.allocate("loss_scale", 4);
    const T = model.sequenceLength;
    const positions = "evaluate" in purpose
      ? purpose.evaluate.batchSize * T
      : T;
    for (const name of Object.values(INPUTS)) {
      executor.allocate(name, positions * 4);
    }
    if ("evaluate" in purpose) {
      const { batchSize } = purpose.evaluate;
      const { graph } = lossGraph(model, batchSize, { types });
      const plan = makePlan("evaluate", graph, gpu.limits);
      const loaded = await executor.load(
        [plan, ...copy],
        tuner(choices, tuning),
      );
      return new InferenceEngine(executor, model, layout, loaded);
    }
    executor.allocate("row", 4);
    const { graph, logits } = nextTokenGraph(model, types);
    const plan = makePlan("generate", graph, gpu.limits, [logits]);
    const loaded = await executor.load(
      [plan, ...copy],
      tuner(choices, tuning),
    );
    return new InferenceEngine(executor, model, layout, loaded, {
      read: () => executor.read(plan.fetches.get(logits)!, model.vocabSize * 4),
    });
  }

  /** Whether a parameter is on the device. */
  isTrained(spec: ParameterSpec): boolean {
    return this.#layout.positions.has(spec.name);
  }

  /** Writes one parameter. */
  write(_: "weights", name: string, values: Float32Array): void {
    const position = this.#layout.positions.get(name);
    this.executor.write(name, position ? toDevice(position, values) : values);
    this.#weightsWritten = true;
  }

  #run(): void {
    if (this.#copy && this.#weightsWritten) this.executor.run(this.#copy);
    this.#weightsWritten = false;
    this.executor.run(this.#loaded);
  }

  /** Adds `weight` times the mean loss of `batch` onto `loss`. */
  evaluate(batch: Batch, weight: number): void {
    this.executor.write(INPUTS.tokens, batch.tokens);
    this.executor.write(INPUTS.targets, batch.targets);
    this.executor.write(
      "loss_scale",
      new Float32Array([weight / batch.counted]),
    );
    this.#run();
  }

  /** Zeroes `loss`. */
  clearLoss(): void {
    this.executor.write("loss", new Float32Array(1));
  }

  /** Reads `loss`. Waits for the device. */
  async loss(): Promise<number> {
    return new Float32Array(await this.executor.read("loss", 4))[0];
  }

  /**
   * Logits of the token that follows `tokens`.
   *
   * @param tokens 1 to T ids
   * @returns V floats
   */
  async next(tokens: readonly number[]): Promise<Float32Array> {
    const window = new Uint32Array(this.model.sequenceLength);
    // Attention is causal: what follows the last token has no effect.
    window.set(tokens);
    this.executor.write(INPUTS.tokens, window);
    this.executor.write("row", new Uint32Array([tokens.length - 1]));
    this.#run();
    return new Float32Array(await this.#logits!.read());
  }

  /** Frees the device's memory. */
  close(): void {
    this.executor.close();
  }
}

/** One sequence forward, the head at one position only. */
function nextTokenGraph(model: Model, types: StorageTypes) {
  const graph = new Graph(types);
  const input = (name: string, size: number) =>
    graph.input(name, [size], "u32");
  const tokens = input(INPUTS.tokens, model.sequenceLength);
  const order = input(INPUTS.order, model.sequenceLength);
  const { final } = model.forward(graph, { tokens, order });
  // Selecting a row is an embedding with the hidden states as the table.
  const row = input("row", 1);
  const last = embed(
    graph,
    "last token",
    { tokens: row, order, table: final },
    {
      sequenceLength: 1,
      firstPosition: 0,
      scale: 1,
    },
  );
  const { name, shape } = model.parameters.find((p) => p.name === model.head)!;
  const weight = graph.persistent(name, shape);
  const logits = linear(
    graph,
    "logits",
    last,
    weight,
    undefined,
    "out_in",
    "f32",
  );
  return { graph, logits };
}
