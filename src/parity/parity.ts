/**
 * Does a model compute what the authors' code computes? It is compared with a
 * golden fixture: numbers computed with that code.
 * @module
 */
import { loadWeights, readFloats } from "../checkpoint/load_weights.ts";
import { elementCount } from "../checkpoint/safetensors.ts";
import type { Batch } from "../data/loader/batch.ts";
import { checkPrecision, storageTypes } from "../engine/precision.ts";
import {
  buildStepPlans,
  logitsGraph,
  type StepPlanOptions,
} from "../engine/step_plans.ts";
import { TrainEngine } from "../engine/train_engine.ts";
import { UserError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import { bytes, decodeFloats, type Tensor } from "../graph/tensor.ts";
import { parameterCount } from "../model/model.ts";
import { lossScaling, type LossScalingKeys } from "../optim/loss_scaling.ts";
import { learningRate } from "../optim/schedule.ts";
import { isDecayed } from "../optim/weight_decay.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import type { ReportOptions } from "../statistics/block_statistics.ts";
import {
  fixtureBatch,
  type FixtureFiles,
  openFixture,
} from "./fixture_files.ts";
import {
  type FixtureTolerances,
  fixtureTolerances,
  largest,
} from "./fixture_tolerances.ts";
import {
  compareArrays,
  compareNumbers,
  type ParityRow,
  parityRow,
  worstRow,
} from "./parity_row.ts";
import { statisticsRows } from "./parity_statistics.ts";

/** What the authors' code logs. */
const LOGGED: ReportOptions = {
  gains: true,
  attnEntropy: true,
  outliers: true,
  gradNorms: false,
};

/** Each family's own loss scale. */
const DEFAULT_SCALING: LossScalingKeys = {
  fp16_init_scale: null,
  fp16_scale_window: null,
  fp16_scale_tolerance: null,
  min_loss_scale: null,
  threshold_loss_scale: null,
};

/** A fixture loaded onto the device. */
interface Loaded {
  files: FixtureFiles;
  tolerances: FixtureTolerances;
  engine: TrainEngine;
  /** The batch of everything except the trajectory. */
  batch: Batch;
  /** Forward pass whose hidden states can be read. */
  forwardPlan: Plan;
  /** Its readable tensors, by the fixture's names. */
  readable: Map<string, Tensor>;
}

/** How a fixture is computed; each option's default is a run's. */
export type ParityOptions = Pick<
  StepPlanOptions,
  "precision" | "residualPrecision" | "recompute"
>;

/**
 * Runs the fixture in folder `path` on the device.
 *
 * @throws {UserError} if a file is missing or malformed, the model has
 *   dropout, or there are no tolerances for this precision
 */
export async function parity(
  gpu: Gpu,
  path: string,
  options: ParityOptions = {},
): Promise<ParityRow[]> {
  const files = openFixture(path);
  let engine: TrainEngine | undefined;
  try {
    const tolerances = fixtureTolerances(path, files.expected, options);
    const loaded = await load(gpu, files, tolerances, options);
    engine = loaded.engine;
    return [
      parameterFacts(loaded),
      ...await forward(loaded),
      ...await statistics(loaded),
      ...await gradients(loaded),
      ...await trajectory(loaded),
    ];
  } finally {
    engine?.close();
    files.close();
  }
}

async function load(
  gpu: Gpu,
  files: FixtureFiles,
  tolerances: FixtureTolerances,
  options: ParityOptions,
): Promise<Loaded> {
  const { model, adam } = files;
  const { shape } = files.batches.info("input_ids");
  if (shape.at(-1) !== model.sequenceLength) {
    throw new UserError(
      `Cannot compare '${files.path}' as the rows of its batch must be sequences of the config's length, ${model.sequenceLength} tokens: got [${shape}]`,
    );
  }
  const size = elementCount(shape);
  const batch = fixtureBatch(files, ["input_ids", "targets"], 0, size);
  const batchSize = size / model.sequenceLength;
  checkPrecision(gpu, options, "leave --precision out");
  const plans = buildStepPlans(model, {
    batchSize,
    evalBatchSize: batchSize,
    accumulation: 1,
    adam,
    historySlots: files.expected.trajectory.loss.length,
    report: files.expected.statistics && LOGGED,
    ...options,
    lossScaling: options.precision === "fp16"
      ? lossScaling(adam.kind, DEFAULT_SCALING, 1)
      : undefined,
  }, gpu.limits);
  const { graph, forward, logits } = logitsGraph(
    model,
    batchSize,
    storageTypes(options),
  );
  const last = forward.hidden.length - 1;
  // The two families number the last hidden states differently: see the
  // fixtures' README.
  const named = files.reference.tensors.has("final_norm")
    ? { last: `hidden.${last}`, final: "final_norm" }
    : { last: "pre_ln_f", final: `hidden.${last}` };
  const readable = new Map<string, Tensor>([
    ...forward.hidden.map((tensor, i): [string, Tensor] => [
      i < last ? `hidden.${i}` : named.last,
      tensor,
    ]),
    [named.final, forward.final],
    ["logits", logits],
  ]);
  const forwardPlan = makePlan("look", graph, gpu.limits, [
    ...readable.values(),
  ]);
  const engine = await TrainEngine.open(gpu, plans, {}, [forwardPlan]);
  loadWeights(engine, files.weights);
  return { files, tolerances, engine, batch, forwardPlan, readable };
}

/** Loading has checked names and shapes; this checks the rest of the table. */
function parameterFacts({ files, engine }: Loaded): ParityRow {
  const { expected, adam } = files, { model } = engine;
  const count = parameterCount(model);
  const facts: [string, unknown, unknown][] = [
    ["total", count.total, expected.n_params.total],
    ["trainable", count.trainable, expected.n_params.trainable],
  ];
  for (const p of model.parameters) {
    const want = expected.params[p.name];
    const decay = isDecayed(adam.kind, p.name) ? adam.weightDecay : 0;
    facts.push(
      [`${p.name}: trainable`, p.trainable, want?.trainable],
      [`${p.name}: reached`, engine.isTrained(p), want?.gets_gradient],
      [
        `${p.name}: weight decay`,
        p.trainable ? decay : null,
        want?.weight_decay,
      ],
    );
  }
  const wrong = facts.filter(([, got, want]) => got !== want);
  const where = wrong.length === 0
    ? `${facts.length} facts`
    : `${wrong[0][0]}: ${wrong[0][1]} for ${wrong[0][2]}`;
  return parityRow("parameters", where, wrong.length, 0);
}

async function forward(loaded: Loaded): Promise<ParityRow[]> {
  const { files, tolerances, engine, batch, forwardPlan, readable } = loaded;
  engine.run(0, batch);
  const rows: ParityRow[] = [];
  for (const [name, tensor] of readable) {
    if (!files.reference.tensors.has(name)) continue;
    const got = await engine.executor.read(
      forwardPlan.fetches.get(tensor)!,
      bytes(tensor),
    );
    const want = readFloats(files.reference, { name });
    const tolerance = tolerances.element(
      name === "logits" ? name : "hidden states",
      want,
    );
    rows.push(
      compareArrays(name, decodeFloats(got, tensor.dtype), want, tolerance),
    );
  }
  const logits = rows.pop()!;
  return [logits, { ...worstRow(rows), quantity: "hidden states" }];
}

async function statistics(loaded: Loaded): Promise<ParityRow[]> {
  const { files, tolerances, engine, batch } = loaded;
  const want = files.expected.statistics;
  if (!want) return [];
  engine.upload(batch);
  return statisticsRows(
    engine.model,
    await engine.report(),
    want,
    tolerances.statistics,
  );
}

async function gradients(loaded: Loaded): Promise<ParityRow[]> {
  const { files, tolerances, engine, batch } = loaded;
  await engine.gradient([batch]);
  const rows: ParityRow[] = [];
  for (const { name } of engine.plans.trained) {
    const want = readFloats(files.reference, { name: `grad.${name}` });
    const got = await engine.read("gradients", name);
    const { error, tolerance } = tolerances.gradient(name, got, want);
    rows.push(parityRow("worst gradient", name, error, tolerance));
  }
  const loss = await engine.loss();
  return [
    compareNumbers("loss", "", loss, files.expected.loss, tolerances.loss),
    worstRow(rows),
  ];
}

/** The fixture's updates on one batch each, and their results. */
async function trajectory(loaded: Loaded): Promise<ParityRow[]> {
  const { files, tolerances, engine, batch } = loaded;
  const { trajectory: want } = files.expected,
    { schedule, maxGradNorm } = files;
  const { trajectory: tolerance, end } = tolerances;
  const evaluated = async () => {
    engine.clearLoss();
    engine.evaluate(batch, 1);
    return await engine.loss();
  };
  const before = await evaluated();
  const rates = want.lr.map((_, k) => learningRate(schedule, k));
  for (const [k, rate] of rates.entries()) {
    const next = fixtureBatch(
      files,
      ["traj_input_ids", "traj_targets"],
      k,
      batch.tokens.length,
    );
    await engine.step([next], {
      step: k + 1,
      learningRate: rate,
      maxGradNorm,
      slot: k,
    });
  }
  const history = await engine.history(rates.length);
  const after = await evaluated();
  const each = (
    quantity: string,
    got: number[],
    want: number[],
    tolerance: (k: number) => number,
  ) =>
    worstRow(
      got.map((x, k) =>
        compareNumbers(quantity, `update ${k}`, x, want[k], tolerance(k))
      ),
    );
  return [
    each("learning rate", rates, want.lr, (k) => 1e-6 * want.lr[k] + 1e-12),
    each(
      "trajectory loss",
      history.map((h) => h.loss),
      want.loss,
      tolerance.loss,
    ),
    each(
      "gradient norm",
      history.map((h) => h.gradNorm),
      want.grad_norm,
      (k) => tolerance.gradNorm(k) * want.grad_norm[k],
    ),
    compareNumbers(
      "loss before",
      "",
      before,
      want.eval_loss_before,
      tolerances.loss,
    ),
    compareNumbers(
      "loss after",
      "",
      after,
      want.eval_loss_after,
      tolerance.loss(rates.length),
    ),
    await finalNorms(loaded, tolerance.finalNorm),
    ...end
      ? [compareNumbers(
        "loss at the end",
        `last ${end.updates} updates`,
        mean(history.slice(-end.updates).map((h) => h.loss)),
        mean(want.loss.slice(-end.updates)),
        end.tolerance,
      )]
      : [],
  ];
}

async function finalNorms(
  { files, engine }: Loaded,
  tolerance: number,
): Promise<ParityRow> {
  const rows: ParityRow[] = [];
  for (const { name } of engine.plans.trained) {
    const want = files.expected.trajectory.final_param_l2[name];
    const gradient = readFloats(files.reference, { name: `grad.${name}` });
    // Adam turns the rounding noise of a zero gradient into real updates.
    if (largest(gradient) < 1e-4) continue;
    if (/\b(qk_attn|[qk]_proj)\.bias$/.test(name)) continue;
    const values = await engine.read("weights", name);
    const norm = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
    rows.push(
      compareNumbers(
        "final parameter norm",
        name,
        norm,
        want,
        tolerance * want,
      ),
    );
  }
  return worstRow(rows);
}

const mean = (values: number[]) =>
  values.reduce((sum, x) => sum + x, 0) / values.length;
