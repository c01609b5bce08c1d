/** Whether a model's gradient is its loss's slope. @module */
import { assert } from "@std/assert";
import type { Batch } from "../../src/data/loader/batch.ts";
import type { TrainEngine } from "../../src/engine/train_engine.ts";
import { inner } from "../reference/numbers.ts";

/** Asserts that the loss rises along the gradient by the gradient's length. */
export async function assertSlope(
  engine: TrainEngine,
  batch: Batch,
): Promise<void> {
  await engine.gradient([batch]);
  const names = engine.plans.trained.map((p) => p.name);
  const weights = new Map<string, Float32Array>();
  const gradients = new Map<string, Float32Array>();
  for (const name of names) {
    weights.set(name, await engine.read("weights", name));
    gradients.set(name, await engine.read("gradients", name));
  }
  const norm = Math.sqrt(
    [...gradients.values()].reduce((sum, g) => sum + inner(g, g), 0),
  );
  // Along the gradient the loss rises by its norm: a step that changes it by
  // 0.003 is far above the rounding of a 32-bit loss, and short enough to be
  // straight.
  const lossAt = async (step: number) => {
    for (const name of names) {
      const g = gradients.get(name)!;
      engine.write(
        "weights",
        name,
        weights.get(name)!.map((w, i) => w + step * g[i] / norm),
      );
    }
    engine.clearLoss();
    engine.evaluate(batch, 1);
    return await engine.loss();
  };
  const step = 0.003 / norm;
  const slope = (await lossAt(step) - await lossAt(-step)) / (2 * step);
  assert(
    Math.abs(slope / norm - 1) < 1e-3,
    `slope ${slope}, gradient ${norm}`,
  );
}
