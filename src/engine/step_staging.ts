/** In which bytes do the micro-batches of a step reach the device? @module */
import type { Batch } from "../data/loader/batch.ts";
import { checkStruct, writeStruct } from "../gpu/struct_layout.ts";
import { seedWord } from "../model/random.ts";
import { aligned } from "../plan/plan.ts";
import { inputBytes } from "./memory.ts";
import type { StepPlans } from "./step_plans.ts";
import { stepRecords } from "./step_records.ts";

/** Room for the micro-batches of one step, one after the other. */
export class StepStaging {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of one micro-batch. */
  readonly unit: number;
  readonly #view: DataView;
  readonly #byTokens: boolean;
  readonly #layout = stepRecords().random;
  /** Made once: a step allocates nothing. */
  readonly #random = { seed: 0, step: 0, micro_batch: 0 };

  constructor({ model, options }: StepPlans) {
    checkStruct(
      "Cannot write the random words of dropout as",
      this.#layout,
      this.#random,
    );
    this.unit = inputBytes(model, options).upload;
    this.bytes = new Uint8Array(options.accumulation * this.unit);
    this.#view = new DataView(this.bytes.buffer);
    this.#byTokens = options.lossAverage === "tokens";
    this.#random.seed = seedWord(options.seed ?? 0);
  }

  /**
   * Writes batches; the first one is micro-batch `micro` of its step. Each
   * batch has the factor of its summed loss with it: the mean over the update
   * needs no further dispatch.
   *
   * @param step whose random numbers dropout uses
   */
  fill(batches: readonly Batch[], step: number, micro = 0): void {
    let counted = 0, filled = 0;
    for (const batch of batches) {
      counted += batch.counted;
      if (batch.counted > 0) filled++;
    }
    const bytes = aligned(batches[0].tokens.byteLength);
    this.#random.step = step;
    for (const [i, batch] of batches.entries()) {
      const at = i * this.unit;
      this.bytes.set(bytesOf(batch.tokens), at);
      this.bytes.set(bytesOf(batch.targets), at + bytes);
      this.bytes.set(bytesOf(batch.order), at + 2 * bytes);
      const scale = at + 3 * bytes;
      // A batch without labels that count has no mean: it adds nothing.
      const factor = batch.counted === 0
        ? 0
        : this.#byTokens
        ? 1 / counted
        : 1 / filled / batch.counted;
      this.#view.setFloat32(scale, factor, true);
      this.#random.micro_batch = micro + i;
      writeStruct(this.#layout, this.#random, this.#view, scale + aligned(4));
    }
  }
}

const bytesOf = (a: Uint32Array) =>
  new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
