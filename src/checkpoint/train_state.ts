/**
 * How does a training state become files, and files a training state? Weights
 * under the authors' names, optimizer moments, and everything else that the
 * next step depends on.
 * @module
 */
import { dirname, join } from "node:path";
import * as v from "valibot";
import { countNonFinite, NonFiniteError } from "../engine/non_finite.ts";
import type { StateKind, TrainEngine } from "../engine/train_engine.ts";
import { UserError } from "../errors.ts";
import { exists } from "../fs/file_error.ts";
import { initialValues } from "../model/initialise.ts";
import { elements, type ParameterSpec } from "../model/parameters.ts";
import { quoted } from "../terminal/quote.ts";
import { MODEL_FILE, readState, writeState } from "./checkpoint_folder.ts";
import {
  checkFinite,
  loadWeights,
  readFloats,
  type WeightSink,
} from "./load_weights.ts";
import { SafetensorsFile, writeSafetensors } from "./safetensors.ts";
import { validateTensors } from "./validate_tensors.ts";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const sampler = v.strictObject({ epoch: count, position: count });

const schema = v.strictObject({
  /** Version of the checkpoint's files. */
  format: v.literal(1),
  /** Optimizer steps done. */
  step: count,
  /** Tokens seen. */
  tokens: count,
  /**
   * Seed of the counter-based random numbers: with `step`, their complete
   * state.
   */
  seed: count,
  /** One per part where parts have weights. */
  sampler: v.union([sampler, v.array(sampler)]),
  schedule: v.strictObject({
    learningRate: v.number(),
    end: v.number(),
    warmup: count,
    total: count,
    power: v.number(),
  }),
  /** Fingerprint of the token store. */
  data: v.string(),
  /** Steps that loss scaling skipped; absent where there are none. */
  skipped: v.optional(count),
  /** State of loss scaling; absent without it. */
  loss_scaling: v.optional(v.strictObject({
    scale: v.pipe(v.number(), v.minValue(2 ** -149)),
    since_overflow: positive,
    since_rescale: positive,
    overflows: count,
  })),
});

/** Everything of a training state that is not a tensor. */
export type TrainState = v.InferOutput<typeof schema>;

const MOMENTS: StateKind[] = ["exp_avg", "exp_avg_sq"];

/**
 * Matrices that are not parameters but cannot be recomputed; the authors do not
 * save them.
 */
const FIXED_FILE = "fixed.safetensors";

/** Most bytes of one read from the device. */
const WINDOW = 1 << 25;

/**
 * Writes the files of a checkpoint into `folder`: three, and a fourth for a
 * model with fixed random matrices.
 *
 * @throws {NonFiniteError} on values that are not finite
 */
export async function writeTrainState(
  folder: string,
  engine: TrainEngine,
  state: TrainState,
): Promise<void> {
  const { model, trained } = engine.plans;
  const tensor = (
    p: { name: string; shape: readonly number[] },
    name = p.name,
  ) => ({
    name,
    dtype: "F32" as const,
    shape: p.shape,
  });
  const reader = new Reader(engine);
  const byName = new Map(model.parameters.map((p) => [p.name, p]));
  const values = (spec: ParameterSpec) =>
    engine.isTrained(spec)
      ? reader.read("weights", spec.name)
      : bytesOf(initialValues(spec, state.seed));
  // Exactly the authors' state_dict: their code loads it strictly.
  const tied = Object.keys(model.tied).map((name) =>
    tensor(byName.get(model.tied[name])!, name)
  );
  await writeSafetensors(
    join(folder, MODEL_FILE),
    [
      ...model.parameters.map((p) => tensor(p)),
      ...tied,
      ...model.markers.map((m) => tensor(m)),
    ],
    (name) => {
      const spec = byName.get(model.tied[name] ?? name);
      if (spec) return values(spec);
      const { shape, value } = model.markers.find((m) => m.name === name)!;
      return bytesOf(new Float32Array(elements({ shape })).fill(value));
    },
    { format: "pt" },
  );
  const fixed = model.fixed.filter((t) => t.saved);
  if (fixed.length > 0) {
    await writeSafetensors(
      join(folder, FIXED_FILE),
      fixed.map((t) => tensor(t)),
      (name) => bytesOf(fixed.find((t) => t.name === name)!.values(state.seed)),
    );
  }
  await writeSafetensors(
    join(folder, "optimizer.safetensors"),
    MOMENTS.flatMap((kind) =>
      trained.map((p) => tensor(p, `${kind}.${p.name}`))
    ),
    (name) => {
      const [kind] = name.split(".", 1);
      return reader.read(kind as StateKind, name.slice(kind.length + 1));
    },
  );
  writeState(folder, state);
}

/**
 * Loads a checkpoint's tensors onto the device.
 *
 * @throws {UserError} if they are not this model's
 */
export function loadTrainState(
  folder: string,
  engine: TrainEngine,
): TrainState {
  const state = readTrainState(folder);
  loadModel(join(folder, MODEL_FILE), engine);
  using moments = SafetensorsFile.open(join(folder, "optimizer.safetensors"));
  const { trained } = engine.plans;
  validateTensors(
    MOMENTS.flatMap((kind) =>
      trained.map((p) => ({ name: `${kind}.${p.name}`, shape: p.shape }))
    ),
    moments,
  );
  for (const kind of MOMENTS) {
    for (const { name } of trained) {
      const key = `${kind}.${name}`;
      const values = readFloats(moments, { name: key });
      engine.write(kind, name, checkFinite(values, key, moments.path));
    }
  }
  engine.setLossScaling({
    ...state.loss_scaling,
    skipped: state.skipped ?? 0,
  });
  return state;
}

/**
 * Loads only weights.
 *
 * @param file `model.safetensors` of a checkpoint, or under another name; fixed
 *   matrices of the model are in a file of their own beside it
 * @throws {UserError} if they are not this model's
 */
export function loadModel(file: string, sink: WeightSink): void {
  using weights = SafetensorsFile.open(file);
  if (!sink.model.fixed.some((t) => t.saved)) {
    return loadWeights(sink, weights);
  }
  const fixedFile = join(dirname(file), FIXED_FILE);
  if (!exists(fixedFile)) {
    throw new UserError(
      `Cannot use ${
        quoted(file)
      } as '${FIXED_FILE}' must be beside it, with the model's fixed random matrices: copy it from its checkpoint too`,
    );
  }
  using fixed = SafetensorsFile.open(fixedFile);
  loadWeights(sink, weights, fixed);
}

/**
 * Reads `state.json` of a checkpoint.
 *
 * @throws {UserError} if it is not a state that a run writes
 */
export function readTrainState(folder: string): TrainState {
  const parsed = v.safeParse(schema, readState(folder));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new UserError(
    `Cannot use '${join(folder, "state.json")}' as '${
      v.getDotPath(issue) ?? "it"
    }' is wrong (${issue.message}): use another checkpoint`,
  );
}

/**
 * Reads parameters through a few large windows, as each read waits for the
 * device.
 */
class Reader {
  readonly #engine: TrainEngine;
  readonly #windows = new Map<string, Uint8Array>();

  constructor(engine: TrainEngine) {
    this.#engine = engine;
  }

  async *read(kind: StateKind, name: string): AsyncGenerator<Uint8Array> {
    const { positions, shards } = this.#engine.plans.layout;
    const { shard, offset, bytes, transposed } = positions.get(name)!;
    if (transposed) {
      const values = await this.#engine.read(kind, name);
      const bad = countNonFinite(values);
      if (bad) throw new NonFiniteError(name, bad);
      return yield bytesOf(values);
    }
    const end = shards[shard].elements * 4;
    for (let at = offset; at < offset + bytes;) {
      const start = at - at % WINDOW;
      const window = await this.#window(`${kind}.${shard}`, start, end);
      const stop = Math.min(offset + bytes, start + window.length);
      const part = window.subarray(at - start, stop - start);
      const bad = countNonFinite(
        new Float32Array(part.buffer, part.byteOffset, part.length / 4),
      );
      // Such a run cannot continue: the previous checkpoint stays the last.
      if (bad) throw new NonFiniteError(name, bad);
      yield part;
      at = stop;
    }
  }

  async #window(name: string, start: number, end: number) {
    const key = `${name}@${start}`;
    let window = this.#windows.get(key);
    if (!window) {
      const size = Math.min(WINDOW, end - start);
      window = new Uint8Array(
        await this.#engine.executor.read(name, size, start),
      );
      // Decayed and other parameters alternate in the file but not on the
      // device.
      if (this.#windows.size === 4) {
        this.#windows.delete(this.#windows.keys().next().value!);
      }
      this.#windows.set(key, window);
    }
    return window;
  }
}

const bytesOf = (a: Float32Array<ArrayBuffer>) => new Uint8Array(a.buffer);
