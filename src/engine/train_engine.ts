/**
 * What is on the device during training, and what can be done with it? Only the
 * methods that read wait for the device.
 * @module
 */
import type { Batch } from "../data/loader/batch.ts";
import type { Gpu } from "../gpu/device.ts";
import { Executor, type LoadedPlan } from "../gpu/executor.ts";
import { checkStruct, structBytes, writeStruct } from "../gpu/struct_layout.ts";
import { type KernelChoices, tuner, type TuningOptions } from "../gpu/tuner.ts";
import type { Model } from "../model/model.ts";
import {
  fromDevice,
  type ParameterSpec,
  toDevice,
} from "../model/parameters.ts";
import {
  emptyStepScalars,
  type StepOptions,
  stepScalars,
} from "../optim/adam.ts";
import { initialState, type LossScalingState } from "../optim/loss_scaling.ts";
import type { Plan } from "../plan/plan.ts";
import { readReport } from "../statistics/block_statistics.ts";
import { allocateTensors } from "./device_tensors.ts";
import { checkPrecision } from "./precision.ts";
import { INPUTS, SCALING, type StepPlans } from "./step_plans.ts";
import { stepRecords } from "./step_records.ts";
import { StepStaging } from "./step_staging.ts";
import {
  encodeGradientScale,
  readHistory,
  readLossScaling,
  type StepRecord,
  writeLossScaling,
} from "./step_state.ts";

/** Kinds of state that a parameter has on the device. */
export type StateKind = "weights" | "gradients" | "exp_avg" | "exp_avg_sq";

/** Step plans loaded onto a device. */
export class TrainEngine {
  readonly executor: Executor;
  readonly plans: StepPlans;
  /** The kernel variants in use, but those that were not timed. */
  readonly choices: KernelChoices;
  /** Dispatches of a submit at most, unless one micro-batch has more. */
  dispatchesPerSubmit = 2 ** 15;
  readonly #micro: LoadedPlan;
  readonly #update: LoadedPlan;
  readonly #evaluate: LoadedPlan;
  readonly #report?: LoadedPlan;
  readonly #copy?: LoadedPlan;
  /** Whether the host has written weights since copies were made of them. */
  #weightsWritten = false;
  readonly #extra: LoadedPlan[];
  readonly #upload: GPUBuffer;
  readonly #staging: StepStaging;
  readonly #records = stepRecords();
  /** The record that a step fills, made once: a step allocates nothing. */
  readonly #stepScalars = emptyStepScalars();
  readonly #scalars = new Uint8Array(structBytes(this.#records.scalars));
  readonly #scalarsView = new DataView(this.#scalars.buffer);

  private constructor(
    executor: Executor,
    plans: StepPlans,
    choices: KernelChoices,
    loaded: LoadedPlan[],
  ) {
    this.executor = executor;
    this.plans = plans;
    this.choices = choices;
    const rest = [...loaded];
    if (plans.report) this.#report = rest.splice(3, 1)[0];
    if (plans.copy) this.#copy = rest.splice(3, 1)[0];
    [this.#micro, this.#update, this.#evaluate, ...this.#extra] = rest;
    checkStruct(
      "Cannot write the scalars of a step as",
      this.#records.scalars,
      this.#stepScalars,
    );
    this.#staging = new StepStaging(plans);
    this.#upload = executor.buffer("upload", this.#staging.bytes.length);
  }

  /**
   * Allocates, compiles and binds everything that `plans` need.
   *
   * @param choices kernels chosen earlier for this adapter; new choices are
   *   added to it
   * @param extra further plans over the same tensors, for {@linkcode run}
   * @param tuning how kernels without a choice are timed
   */
  static async open(
    gpu: Gpu,
    plans: StepPlans,
    choices: KernelChoices = {},
    extra: readonly Plan[] = [],
    tuning: TuningOptions = {},
  ): Promise<TrainEngine> {
    checkPrecision(gpu, plans.options);
    const executor = new Executor(gpu);
    allocateTensors(executor, plans);
    const { micro, update, evaluate, report, copy } = plans;
    const more = [...report ? [report.plan] : [], ...copy ? [copy] : []];
    const loaded = await executor.load(
      [micro, update, evaluate, ...more, ...extra],
      tuner(choices, tuning),
    );
    const engine = new TrainEngine(executor, plans, choices, loaded);
    // Timing kernels wrote into the gradients and the loss.
    engine.clear();
    engine.setLossScaling({});
    gpu.check();
    return engine;
  }

  /** Zeroes gradients, moments, loss and the step's control words. */
  clear(): void {
    const encoder = this.executor.gpu.device.createCommandEncoder();
    const { shards } = this.plans.layout;
    for (const kind of ["gradients", "exp_avg", "exp_avg_sq"] as const) {
      shards.forEach((_, i) =>
        encoder.clearBuffer(this.executor.rangeOf(`${kind}.${i}`).buffer)
      );
    }
    for (const name of ["loss", "control", "history"]) {
      encoder.clearBuffer(this.executor.rangeOf(name).buffer);
    }
    this.executor.gpu.device.queue.submit([encoder.finish()]);
  }

  /** Writes one parameter's state, or a fixed tensor; `values` in its shape. */
  write(kind: StateKind, name: string, values: Float32Array): void {
    if (this.model.fixed.some((t) => t.name === name)) {
      return this.executor.write(name, values);
    }
    if (kind === "weights") this.#weightsWritten = true;
    const position = this.#position(name), { shard, offset } = position;
    const placed = toDevice(position, values);
    this.executor.write(`${kind}.${shard}`, placed, offset);
  }

  /**
   * Reads one parameter's state back, gradients without the loss scale. Waits
   * for the device.
   */
  async read(
    kind: StateKind,
    name: string,
  ): Promise<Float32Array<ArrayBuffer>> {
    const position = this.#position(name), { shard, offset, bytes } = position;
    const data = await this.executor.read(`${kind}.${shard}`, bytes, offset);
    const values = fromDevice(position, new Float32Array(data));
    const scale = kind === "gradients" ? await this.#gradientScale() : 1;
    return scale === 1 ? values : values.map((x) => x / scale);
  }

  /** The loss scale of the gradients that are on the device. */
  async #gradientScale(): Promise<number> {
    if (!this.plans.options.lossScaling) return 1;
    const data = await this.executor.read(SCALING.gradientScale, 4);
    return new Float32Array(data)[0];
  }

  /** The state of loss scaling; null without it. Waits for the device. */
  async lossScaling(): Promise<LossScalingState | null> {
    if (!this.plans.options.lossScaling) return null;
    return await readLossScaling(this.executor);
  }

  /**
   * Sets the state of loss scaling; what is missing gets its first value.
   * Without effect where the loss is not scaled.
   */
  setLossScaling(state: Partial<LossScalingState>): void {
    const { lossScaling } = this.plans.options;
    if (!lossScaling) return;
    writeLossScaling(this.executor, { ...initialState(lossScaling), ...state });
  }

  /** Makes the copies that products read, if the host has written weights. */
  #refreshCopies(): void {
    if (this.#copy && this.#weightsWritten) this.executor.run(this.#copy);
    this.#weightsWritten = false;
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

  /** Whether a parameter is trained and therefore on the device. */
  isTrained(spec: ParameterSpec): boolean {
    return this.plans.layout.positions.has(spec.name);
  }

  /**
   * Submits one optimizer step: every micro-batch, then clip and update. The
   * last step of an epoch may have fewer micro-batches. Resolves when all is
   * submitted: at once, but for steps of very many micro-batches.
   */
  async step(batches: readonly Batch[], options: StepOptions): Promise<void> {
    this.#staging.fill(batches, options.step);
    this.writeScalars(options);
    await this.#submit(batches.length, this.#update);
  }

  /** Writes what the update reads of this step. */
  writeScalars(options: StepOptions): void {
    const { adam } = this.plans.options;
    writeStruct(
      this.#records.scalars,
      stepScalars(adam, options, this.#stepScalars),
      this.#scalarsView,
    );
    this.executor.write("step", this.#scalars);
  }

  /**
   * Writes one micro-batch to where the micro-batch's plan reads it.
   *
   * @param step whose random numbers dropout uses
   * @param micro index of the micro-batch in that step
   */
  upload(batch: Batch, step = 1, micro = 0): void {
    this.#refreshCopies();
    this.#staging.fill([batch], step, micro);
    this.executor.gpu.device.queue.writeBuffer(
      this.executor.rangeOf("batch").buffer,
      0,
      this.#staging.bytes,
      0,
      this.#staging.unit,
    );
  }

  /**
   * Computes the gradient of `batches` and, in `loss`, their mean loss by the
   * plans' rule. Resolves as {@linkcode step} does.
   *
   * @param step whose random numbers dropout uses
   */
  async gradient(batches: readonly Batch[], step = 1): Promise<void> {
    this.#staging.fill(batches, step);
    await this.#submit(batches.length);
  }

  /**
   * Submits the micro-batches in the staging buffer, then `last`. Commands take
   * about 1 kB of memory per dispatch until the device has run them: where
   * there are too many for one submit, each waits for the one before it.
   */
  async #submit(count: number, last?: LoadedPlan): Promise<void> {
    const { device } = this.executor.gpu;
    device.queue.writeBuffer(this.#upload, 0, this.#staging.bytes);
    const { length } = this.#micro.dispatches;
    const most = Math.max(1, Math.floor(this.dispatchesPerSubmit / length));
    for (let from = 0, to = 0; from < count; from = to) {
      if (from > 0) await device.queue.onSubmittedWorkDone();
      to = Math.min(from + most, count);
      const encoder = device.createCommandEncoder();
      this.encodeGradient(encoder, to, from);
      if (last && to === count) this.#encodePass(encoder, last);
      device.queue.submit([encoder.finish()]);
    }
  }

  /** Encodes micro-batches `from` … `to` − 1; the first zeroes gradients. */
  encodeGradient(encoder: GPUCommandEncoder, to: number, from = 0): void {
    const { executor } = this, { unit } = this.#staging;
    if (from === 0) {
      this.#refreshCopies();
      this.plans.layout.shards.forEach((_, i) =>
        encoder.clearBuffer(executor.rangeOf(`gradients.${i}`).buffer)
      );
      encoder.clearBuffer(executor.rangeOf("loss").buffer);
      if (this.plans.options.lossScaling) {
        encodeGradientScale(encoder, executor);
      }
    }
    const inputs = executor.rangeOf("batch").buffer;
    for (let i = from; i < to; i++) {
      const at = i * unit;
      encoder.copyBufferToBuffer(this.#upload, at, inputs, 0, unit);
      this.#encodePass(encoder, this.#micro);
    }
  }

  #encodePass(encoder: GPUCommandEncoder, plan: LoadedPlan): void {
    const pass = encoder.beginComputePass();
    this.executor.encode(pass, plan);
    pass.end();
  }

  /**
   * Adds `weight` times the mean loss of `batch` onto `loss`, without
   * gradients.
   */
  evaluate(batch: Batch, weight: number): void {
    const { executor } = this;
    this.#refreshCopies();
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
    this.#refreshCopies();
    this.executor.run(this.#report);
    return await readReport(
      this,
      this.plans.report!,
      await this.#gradientScale(),
    );
  }

  /** The loaded plans, for the search for non-finite values and the bench. */
  get loaded(): {
    micro: LoadedPlan;
    update: LoadedPlan;
    evaluate: LoadedPlan;
  } {
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
    return await readHistory(this.executor, count);
  }

  /** Frees the device's memory. */
  close(): void {
    this.executor.close();
  }
}
