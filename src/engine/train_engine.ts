/**
 * A program on a device: its tensors, and the three things that a run does with
 * them. Nothing here waits for the device but the functions that read.
 * @module
 */
import type { Batch } from "../data/loader/batch.ts";
import { Executor, type Loaded } from "../gpu/executor.ts";
import type { Gpu } from "../gpu/device.ts";
import {
  checkStruct,
  readStruct,
  structBytes,
  writeStruct,
} from "../gpu/struct_layout.ts";
import { type KernelChoices, tuner } from "../gpu/tuner.ts";
import { gradientName } from "../graph/differentiate.ts";
import type { Model } from "../model/model.ts";
import { seedWord } from "../model/random.ts";
import { elements, type ParameterSpec } from "../model/parameters.ts";
import { stepScalars } from "../optim/adam.ts";
import { aligned, type Plan } from "../plan/plan.ts";
import { stepRecords } from "./step_records.ts";
import { inputBytes, INPUTS, RANDOM, type StepPlans } from "./step_plans.ts";
import { readReport } from "../statistics/block_statistics.ts";

/** What the device recorded of one optimizer step. */
export interface StepRecord {
  /** Mean cross-entropy, nats per token. */
  loss: number;
  /** Global L2 norm of the gradient before clipping. */
  gradNorm: number;
  /** Loss or norm was not finite here or before: weights were not changed. */
  nonFinite: boolean;
}

/** Kinds of state that a parameter has on the device. */
export type StateKind = "weights" | "gradients" | "exp_avg" | "exp_avg_sq";

/** A program loaded onto a device. */
export class TrainEngine {
  readonly executor: Executor;
  readonly plans: StepPlans;
  /** Kernel chosen for each product. */
  readonly choices: KernelChoices;
  readonly #micro: Loaded;
  readonly #update: Loaded;
  readonly #evaluate: Loaded;
  readonly #report?: Loaded;
  readonly #extra: Loaded[];
  readonly #upload: GPUBuffer;
  readonly #staging: Uint8Array<ArrayBuffer>;
  readonly #unit: number;
  readonly #records = stepRecords();
  readonly #scalars = new Uint8Array(structBytes(this.#records.scalars));

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
    const { accumulation, adam } = plans.options;
    checkStruct(
      "Cannot write the scalars of a step as",
      this.#records.scalars,
      stepScalars(adam, 1, 0, 0, 0),
    );
    checkStruct(
      "Cannot write the random words of dropout as",
      this.#records.random,
      { seed: 0, step: 0, micro_batch: 0 },
    );
    this.#unit = inputBytes(plans.model, plans.options).upload;
    this.#staging = new Uint8Array(accumulation * this.#unit);
    this.#upload = executor.buffer("upload", accumulation * this.#unit);
  }

  /**
   * Allocates, compiles and binds everything that `program` needs.
   *
   * @param choices kernels chosen before (by this adapter), extended by new choices
   * @param extra further plans over the same tensors, run by {@linkcode trainRun}
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
    // Timing kernels has written into gradients and the loss.
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

  /** The program's model. */
  get model(): Model {
    return this.plans.model;
  }

  /** Whether a parameter is trained, and so lies on the device. */
  isTrained(spec: ParameterSpec): boolean {
    return this.plans.layout.positions.has(spec.name);
  }

  /**
   * Submits one optimizer step: every micro-batch, then clip and update.
   *
   * @param t number of this update, from 1
   * @param slot where the history keeps this step's record
   * @param maxNorm largest gradient norm; 0 for no clipping
   */
  step(
    batches: readonly Batch[],
    t: number,
    learningRate: number,
    slot: number,
    maxNorm: number,
  ): void {
    const { device } = this.executor.gpu;
    this.#fill(batches, 1 / batches.length, t);
    device.queue.writeBuffer(this.#upload, 0, this.#staging);
    this.writeScalars(t, learningRate, slot, maxNorm);
    const encoder = device.createCommandEncoder();
    this.encodeGradient(encoder, batches.length);
    const pass = encoder.beginComputePass();
    this.executor.encode(pass, this.#update);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  /** Writes what the update reads of this step; parameters as of {@linkcode step}. */
  writeScalars(
    t: number,
    learningRate: number,
    slot: number,
    maxNorm: number,
  ): void {
    const { adam } = this.plans.options;
    writeStruct(
      this.#records.scalars,
      stepScalars(adam, t, learningRate, slot, maxNorm),
      this.#scalars.buffer,
    );
    this.executor.write("step", this.#scalars);
  }

  /**
   * Brings one micro-batch to where the micro-batch's plan reads it.
   *
   * @param t step whose random numbers dropout takes
   * @param micro its micro-batch
   */
  upload(batch: Batch, t = 1, micro = 0): void {
    this.#fill([batch], 1, t, micro);
    this.executor.gpu.device.queue.writeBuffer(
      this.executor.region("batch").buffer,
      0,
      this.#staging,
      0,
      this.#unit,
    );
  }

  /**
   * Leaves the gradient of `batches` in the gradients, and their mean loss in `loss`.
   *
   * @param t step whose random numbers dropout takes
   */
  gradient(batches: readonly Batch[], t = 1): void {
    const { device } = this.executor.gpu;
    this.#fill(batches, 1 / batches.length, t);
    device.queue.writeBuffer(this.#upload, 0, this.#staging);
    const encoder = device.createCommandEncoder();
    this.encodeGradient(encoder, batches.length);
    device.queue.submit([encoder.finish()]);
  }

  /** Encodes the micro-batches that were uploaded, from zeroed gradients on. */
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

  #fill(batches: readonly Batch[], share: number, t: number, micro = 0): void {
    const rows = aligned(batches[0].tokens.byteLength);
    const seed = seedWord(this.plans.options.seed ?? 0);
    batches.forEach((batch, i) => {
      const at = i * this.#unit;
      this.#staging.set(bytesOf(batch.tokens), at);
      this.#staging.set(bytesOf(batch.targets), at + rows);
      this.#staging.set(bytesOf(batch.order), at + 2 * rows);
      const view = new DataView(this.#staging.buffer, at + 3 * rows);
      view.setFloat32(0, share / batch.counted, true);
      writeStruct(
        this.#records.random,
        { seed, step: t, micro_batch: micro + i },
        this.#staging.buffer,
        at + 3 * rows + aligned(4),
      );
    });
  }

  /** Adds `weight` times the mean loss of `batch` onto `loss`, without gradients. */
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

  /** Runs extra plan `index` once on a micro-batch. */
  run(index: number, batch: Batch): void {
    this.upload(batch);
    this.executor.run(this.#extra[index]);
  }

  /**
   * Statistics of the micro-batch that lies on the device, under the weights as
   * they are now, and of the gradients left by the last step. Waits for the
   * device; changes nothing that training depends on.
   *
   * @returns numbers by the names of `docs/metrics.md`; none without a report
   */
  async report(): Promise<Record<string, number>> {
    if (!this.#report) return {};
    this.executor.run(this.#report);
    return await readReport(this, this.plans.report!);
  }

  /** Plans as loaded, for the bench. */
  get loaded(): { micro: Loaded; update: Loaded; evaluate: Loaded } {
    return {
      micro: this.#micro,
      update: this.#update,
      evaluate: this.#evaluate,
    };
  }

  /** Reads the records of history slots 0 … `count` − 1. Waits for the device. */
  async history(count: number): Promise<StepRecord[]> {
    const layout = this.#records.history, bytes = structBytes(layout);
    const data = await this.executor.read("history", count * bytes);
    return Array.from({ length: count }, (_, i) => {
      const record = readStruct(layout, data, i * bytes);
      return {
        loss: record.loss,
        gradNorm: record.gradient_norm,
        nonFinite: record.non_finite !== 0,
      };
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
  const { scalars, control, history, random } = stepRecords();
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
  const { rows, evalRows, upload } = inputBytes(model, options);
  const { buffer } = executor.allocate("batch", upload);
  const names = [INPUTS.tokens, INPUTS.targets, INPUTS.order];
  names.forEach((name, i) => {
    executor.define(name, { buffer, offset: i * aligned(rows), size: rows });
    executor.allocate(`${name}.eval`, evalRows);
  });
  executor.define("loss_scale", { buffer, offset: 3 * aligned(rows), size: 4 });
  executor.define(RANDOM, {
    buffer,
    offset: 3 * aligned(rows) + aligned(4),
    size: structBytes(random),
  });
  executor.allocate("loss_scale.eval", 4);
  executor.allocate("loss", 4);
  executor.allocate("control", structBytes(control));
  executor.allocate("step", structBytes(scalars));
  executor.allocate("history", options.historySlots * structBytes(history));
}
