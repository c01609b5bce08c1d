/**
 * What is on the device during training, and what can be done with it? Only the
 * methods that read wait for the device.
 * @module
 */
import type { Batch } from "../data/loader/batch.ts";
import { Executor, type Loaded } from "../gpu/executor.ts";
import type { Gpu } from "../gpu/device.ts";
import { type KernelChoices, tuner } from "../gpu/tuner.ts";
import { gradientName } from "../graph/differentiate.ts";
import { RANDOM_WORDS } from "../graph/ops/elementwise/dropout.ts";
import type { Model } from "../model/model.ts";
import { seedWord } from "../model/random.ts";
import { elements, type ParameterSpec } from "../model/parameters.ts";
import { HISTORY_RECORD, STEP_SCALARS, stepScalars } from "../optim/adam.ts";
import { aligned, type Plan } from "../plan/plan.ts";
import { inputBytes } from "./memory.ts";
import { INPUTS, RANDOM, type StepPlans } from "./step_plans.ts";
import { readReport } from "../statistics/block_statistics.ts";

/** What the device recorded of one optimizer step. */
export interface StepRecord {
  /** Mean cross-entropy, nats per token. */
  loss: number;
  /** Global L2 norm of the gradient before clipping. */
  gradNorm: number;
  /**
   * Loss or norm was not finite in this step or before: weights are unchanged.
   */
  nonFinite: boolean;
}

/** Kinds of state that a parameter has on the device. */
export type StateKind = "weights" | "gradients" | "exp_avg" | "exp_avg_sq";

/** What one optimizer step depends on, besides its batches. */
export interface StepOptions {
  /** Number of this update, from 1: Adam's bias correction, dropout's masks. */
  step: number;
  learningRate: number;
  /** Gradient norm above which gradients are scaled down; 0 never. */
  maxGradNorm: number;
  /** Where the history keeps this step's record. */
  slot: number;
}

/** Step plans loaded onto a device. */
export class TrainEngine {
  readonly executor: Executor;
  readonly plans: StepPlans;
  /** The kernel variants in use. */
  readonly choices: KernelChoices;
  readonly #micro: Loaded;
  readonly #update: Loaded;
  readonly #evaluate: Loaded;
  readonly #report?: Loaded;
  readonly #extra: Loaded[];
  readonly #upload: GPUBuffer;
  readonly #staging: Uint8Array<ArrayBuffer>;
  readonly #unit: number;
  readonly #scalars = new Float32Array(STEP_SCALARS);

  private constructor(
    executor: Executor,
    plans: StepPlans,
    choices: KernelChoices,
    loaded: Loaded[],
  ) {
    this.executor = executor;
    this.plans = plans;
    this.choices = choices;
    const rest = [...loaded];
    if (plans.report) this.#report = rest.splice(3, 1)[0];
    [this.#micro, this.#update, this.#evaluate, ...this.#extra] = rest;
    const { accumulation } = plans.options;
    this.#unit = inputBytes(plans.model, plans.options).upload;
    this.#staging = new Uint8Array(accumulation * this.#unit);
    this.#upload = executor.buffer("upload", accumulation * this.#unit);
  }

  /**
   * Allocates, compiles and binds everything that `plans` need.
   *
   * @param choices kernels chosen earlier for this adapter; new choices are
   *   added to it
   * @param extra further plans over the same tensors, for {@linkcode run}
   * @param onTimed called with the key of each choice that is timed
   */
  static async open(
    gpu: Gpu,
    plans: StepPlans,
    choices: KernelChoices = {},
    extra: readonly Plan[] = [],
    onTimed?: (key: string) => void,
  ): Promise<TrainEngine> {
    const executor = new Executor(gpu);
    allocate(executor, plans);
    const { micro, update, evaluate, report } = plans;
    const loaded = await executor.load(
      [micro, update, evaluate, ...report ? [report.plan] : [], ...extra],
      tuner(choices, onTimed),
    );
    const engine = new TrainEngine(executor, plans, choices, loaded);
    // Timing kernels wrote into the gradients and the loss.
    engine.clear();
    gpu.check();
    return engine;
  }

  /** Zeroes gradients, moments, loss and the step's control words. */
  clear(): void {
    const encoder = this.executor.gpu.device.createCommandEncoder();
    const { shards } = this.plans.layout;
    for (const kind of ["gradients", "exp_avg", "exp_avg_sq"] as const) {
      shards.forEach((_, i) =>
        encoder.clearBuffer(this.executor.region(`${kind}.${i}`).buffer)
      );
    }
    for (const name of ["loss", "control", "history"]) {
      encoder.clearBuffer(this.executor.region(name).buffer);
    }
    this.executor.gpu.device.queue.submit([encoder.finish()]);
  }

  /** Writes one parameter's state, or a fixed tensor; `values` in its shape. */
  write(kind: StateKind, name: string, values: Float32Array): void {
    if (this.model.fixed.some((t) => t.name === name)) {
      return this.executor.write(name, values);
    }
    const { shard, offset } = this.#position(name);
    this.executor.write(`${kind}.${shard}`, values, offset);
  }

  /** Reads one parameter's state back. Waits for the device. */
  async read(
    kind: StateKind,
    name: string,
  ): Promise<Float32Array<ArrayBuffer>> {
    const { shard, offset, bytes } = this.#position(name);
    return new Float32Array(
      await this.executor.read(`${kind}.${shard}`, bytes, offset),
    );
  }

  #position(name: string) {
    const position = this.plans.layout.positions.get(name);
    if (!position) throw new RangeError(`'${name}' is not on the device`);
    return position;
  }

  /** The plans' model. */
  get model(): Model {
    return this.plans.model;
  }

  /** Whether a parameter is trained, hence on the device. */
  isTrained(spec: ParameterSpec): boolean {
    return this.plans.layout.positions.has(spec.name);
  }

  /** Submits one optimizer step: every micro-batch, then clip and update. */
  step(batches: readonly Batch[], options: StepOptions): void {
    const { step, learningRate, maxGradNorm, slot } = options;
    const { device } = this.executor.gpu;
    this.#fill(batches, 1 / batches.length, step);
    stepScalars(
      this.plans.options.adam,
      step,
      learningRate,
      slot,
      maxGradNorm,
      this.#scalars,
    );
    device.queue.writeBuffer(this.#upload, 0, this.#staging);
    this.executor.write("step", this.#scalars);
    const encoder = device.createCommandEncoder();
    this.encodeGradient(encoder, batches.length);
    const pass = encoder.beginComputePass();
    this.executor.encode(pass, this.#update);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  /**
   * Writes one micro-batch to where the micro-batch's plan reads it.
   *
   * @param step whose random numbers dropout uses
   * @param micro index of the micro-batch in that step
   */
  upload(batch: Batch, step = 1, micro = 0): void {
    this.#fill([batch], 1, step, micro);
    this.executor.gpu.device.queue.writeBuffer(
      this.executor.region("batch").buffer,
      0,
      this.#staging,
      0,
      this.#unit,
    );
  }

  /**
   * Computes the gradient of `batches` and, in `loss`, their mean loss.
   *
   * @param step whose random numbers dropout uses
   */
  gradient(batches: readonly Batch[], step = 1): void {
    const { device } = this.executor.gpu;
    this.#fill(batches, 1 / batches.length, step);
    device.queue.writeBuffer(this.#upload, 0, this.#staging);
    const encoder = device.createCommandEncoder();
    this.encodeGradient(encoder, batches.length);
    device.queue.submit([encoder.finish()]);
  }

  /**
   * Zeroes the gradients, then encodes the micro-batches that were uploaded.
   */
  encodeGradient(encoder: GPUCommandEncoder, count: number): void {
    const { executor } = this;
    this.plans.layout.shards.forEach((_, i) =>
      encoder.clearBuffer(executor.region(`gradients.${i}`).buffer)
    );
    encoder.clearBuffer(executor.region("loss").buffer);
    const inputs = executor.region("batch").buffer;
    for (let i = 0; i < count; i++) {
      encoder.copyBufferToBuffer(
        this.#upload,
        i * this.#unit,
        inputs,
        0,
        this.#unit,
      );
      const pass = encoder.beginComputePass();
      executor.encode(pass, this.#micro);
      pass.end();
    }
  }

  /** Fills the staging buffer; the first batch is micro-batch `micro`. */
  #fill(
    batches: readonly Batch[],
    share: number,
    step: number,
    micro = 0,
  ): void {
    const bytes = aligned(batches[0].tokens.byteLength);
    const seed = seedWord(this.plans.options.seed ?? 0);
    batches.forEach((batch, i) => {
      const at = i * this.#unit;
      this.#staging.set(bytesOf(batch.tokens), at);
      this.#staging.set(bytesOf(batch.targets), at + bytes);
      this.#staging.set(bytesOf(batch.order), at + 2 * bytes);
      const view = new DataView(this.#staging.buffer, at + 3 * bytes);
      view.setFloat32(0, share / batch.counted, true);
      [seed, step, micro + i].forEach((word, j) =>
        view.setUint32(aligned(4) + 4 * j, word, true)
      );
    });
  }

  /**
   * Adds `weight` times the mean loss of `batch` onto `loss`, without
   * gradients.
   */
  evaluate(batch: Batch, weight: number): void {
    const { executor } = this;
    executor.write(`${INPUTS.tokens}.eval`, batch.tokens);
    executor.write(`${INPUTS.targets}.eval`, batch.targets);
    executor.write(`${INPUTS.order}.eval`, batch.order);
    executor.write(
      "loss_scale.eval",
      new Float32Array([weight / batch.counted]),
    );
    executor.run(this.#evaluate);
  }

  /** Zeroes `loss`. */
  clearLoss(): void {
    this.executor.write("loss", new Float32Array(1));
  }

  /** Reads `loss`. Waits for the device. */
  async loss(): Promise<number> {
    return new Float32Array(await this.executor.read("loss", 4))[0];
  }

  /** Runs plan `index` of the `extra` ones once on a micro-batch. */
  run(index: number, batch: Batch): void {
    this.upload(batch);
    this.executor.run(this.#extra[index]);
  }

  /**
   * Statistics of the micro-batch on the device under the current weights, and
   * of the gradients of the last step. Waits for the device; changes nothing
   * that training depends on.
   *
   * @returns numbers by the names of `docs/metrics.md`; none if the plans have
   *   no report
   */
  async report(): Promise<Record<string, number>> {
    if (!this.#report) return {};
    this.executor.run(this.#report);
    return await readReport(this, this.plans.report!);
  }

  /** The loaded plans, for the search for non-finite values and the bench. */
  get loaded(): { micro: Loaded; update: Loaded; evaluate: Loaded } {
    return {
      micro: this.#micro,
      update: this.#update,
      evaluate: this.#evaluate,
    };
  }

  /**
   * Reads the records of history slots 0 … `count` − 1. Waits for the device.
   */
  async history(count: number): Promise<StepRecord[]> {
    const size = count * HISTORY_RECORD * 4;
    const data = new Float32Array(await this.executor.read("history", size));
    return Array.from({ length: count }, (_, i) => {
      const [loss, gradNorm, nonFinite] = data.subarray(i * HISTORY_RECORD);
      return { loss, gradNorm, nonFinite: nonFinite !== 0 };
    });
  }

  /** Frees the device's memory. */
  close(): void {
    this.executor.close();
  }
}

const bytesOf = (a: Uint32Array) =>
  new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

function allocate(executor: Executor, plans: StepPlans): void {
  const { layout, model, options } = plans;
  for (const kind of ["weights", "gradients", "exp_avg", "exp_avg_sq"]) {
    layout.shards.forEach((shard, i) =>
      executor.allocate(`${kind}.${i}`, shard.elements * 4)
    );
  }
  for (const [name, { shard, offset, bytes }] of layout.positions) {
    for (
      const [kind, alias] of [["weights", name], [
        "gradients",
        gradientName(name),
      ]]
    ) {
      const { buffer } = executor.region(`${kind}.${shard}`);
      executor.define(alias, { buffer, offset, size: bytes });
    }
  }
  for (const fixed of model.fixed) {
    executor.allocate(fixed.name, 4 * elements(fixed));
  }
  const { micro, evaluation, upload } = inputBytes(model, options);
  const { buffer } = executor.allocate("batch", upload);
  const names = [INPUTS.tokens, INPUTS.targets, INPUTS.order];
  names.forEach((name, i) => {
    executor.define(name, { buffer, offset: i * aligned(micro), size: micro });
    executor.allocate(`${name}.eval`, evaluation);
  });
  executor.define("loss_scale", {
    buffer,
    offset: 3 * aligned(micro),
    size: 4,
  });
  executor.define(RANDOM, {
    buffer,
    offset: 3 * aligned(micro) + aligned(4),
    size: 4 * RANDOM_WORDS,
  });
  executor.allocate("loss_scale.eval", 4);
  executor.allocate("loss", 4);
  executor.allocate("control", 8);
  executor.allocate("step", STEP_SCALARS * 4);
  executor.allocate("history", options.historySlots * HISTORY_RECORD * 4);
}
