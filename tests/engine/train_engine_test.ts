import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Batch } from "../../src/data/loader/batch.ts";
import { IGNORE } from "../../src/data/store/token_store.ts";
import { initialiseWeights } from "../../src/engine/initial_weights.ts";
import type { StepPlanOptions } from "../../src/engine/step_plans.ts";
import { deviceTest } from "../helpers/device.ts";
import {
  all,
  openEngine,
  sequences,
  split,
  stepOptions,
  T,
  V,
} from "../helpers/engine.ts";
import type { FullConfig } from "../helpers/model_config.ts";
import { assertClose } from "../reference/numbers.ts";

deviceTest("four micro-batches of 2 are one batch of 8", async () => {
  const parts = await openEngine({ batchSize: 2, accumulation: 4 });
  const whole = await openEngine({ batchSize: 8, accumulation: 1 });
  const near = { relative: 1e-5, absolute: 1e-9 };
  const compare = async (kind: "weights" | "gradients", when: string) => {
    const want = await all(whole, kind);
    for (const [name, got] of await all(parts, kind)) {
      assertClose(`${kind} of ${name} ${when}`, got, want.get(name)!, near);
    }
  };
  try {
    const ids = sequences(8, 1);
    await parts.gradient(split(ids, 2));
    await whole.gradient(split(ids, 8));
    await compare("gradients", "before any update");
    assertClose("loss", [await parts.loss()], [await whole.loss()], near);
    for (let t = 1; t <= 3; t++) {
      const ids = sequences(8, t);
      await parts.step(split(ids, 2), stepOptions(t));
      await whole.step(split(ids, 8), stepOptions(t));
      await compare("weights", `after update ${t}`);
    }
    const [got, want] = [await parts.history(3), await whole.history(3)];
    got.forEach((record, i) => {
      assertClose(`loss ${i}`, [record.loss], [want[i].loss], near);
      assertClose(`norm ${i}`, [record.gradNorm], [want[i].gradNorm], near);
      assert(!record.nonFinite && record.gradNorm > 0);
    });
    assert(got[2].loss !== got[0].loss);
  } finally {
    parts.close();
    whole.close();
  }
});

deviceTest("a step in many submits has the bits of a step in one", async () => {
  const one = await openEngine({ accumulation: 5 });
  const many = await openEngine({ accumulation: 5 });
  many.dispatchesPerSubmit = 2 * many.plans.micro.dispatches.length;
  try {
    for (let t = 1; t <= 2; t++) {
      const batches = split(sequences(10, t), 2);
      await one.step(batches, stepOptions(t));
      await many.step(batches, stepOptions(t));
    }
    assertEquals(await all(many, "weights"), await all(one, "weights"));
    assertEquals(await many.history(2), await one.history(2));
  } finally {
    one.close();
    many.close();
  }
});

/** A batch with the labels from `from` on ignored. */
function withLabels(batch: Batch, from: number, counted: number): Batch {
  const targets = batch.targets.slice().fill(IGNORE, from);
  return { ...batch, targets, counted };
}

deviceTest(
  "lossAverage: tokens makes uneven micro-batches one batch, micro_batches their mean",
  async () => {
    const by = { batchSize: 2, accumulation: 3 };
    const tokens = await openEngine({ ...by, lossAverage: "tokens" });
    const means = await openEngine(by);
    const near = { relative: 1e-5, absolute: 1e-9 };
    try {
      const [a, b, c] = split(sequences(6, 1), 2);
      // 2 · 19, 19 and 3 labels, and a batch without any.
      const uneven = [a, withLabels(b, T, T - 1), withLabels(c, 3, 3)];
      const none = withLabels(b, 0, 0);
      const losses: number[] = [], gradients: Map<string, Float32Array>[] = [];
      for (const batch of uneven) {
        await means.gradient([batch]);
        losses.push(await means.loss());
        gradients.push(await all(means, "gradients"));
      }
      /** The weighted sum of what the batches give alone. */
      const check = async (engine: typeof means, shares: number[]) => {
        const sum = (values: ArrayLike<number>) =>
          shares.reduce((s, share, i) => s + share * values[i], 0);
        assertClose("loss", [await engine.loss()], [sum(losses)], near);
        for (const [name, got] of await all(engine, "gradients")) {
          const want = got.map((_, i) =>
            sum(gradients.map((g) => g.get(name)![i]))
          );
          assertClose(name, got, want, { relative: 1e-4, absolute: 1e-7 });
        }
      };
      await means.gradient(uneven);
      await check(means, [1 / 3, 1 / 3, 1 / 3]);
      await tokens.gradient(uneven);
      await check(tokens, [38 / 60, 19 / 60, 3 / 60]);
      // A batch without labels changes neither.
      for (const engine of [means, tokens]) {
        await engine.gradient([uneven[0], none, uneven[1]]);
        const whole = engine === tokens ? 57 : 2;
        const [x, y] = engine === tokens ? [38, 19] : [1, 1];
        await check(engine, [x / whole, y / whole, 0]);
        await engine.step([none], stepOptions(1));
        const [record] = await engine.history(1);
        assertEquals(record, {
          loss: 0,
          gradNorm: 0,
          nonFinite: false,
          skipped: false,
          lossScale: 1,
        });
      }
      // Equal counts: the rules agree.
      await means.gradient([a, b]);
      await tokens.gradient([a, b]);
      assertClose("loss", [await tokens.loss()], [await means.loss()], near);
      // One rule takes no more work than the other.
      assertEquals(
        tokens.plans.micro.dispatches.length,
        means.plans.micro.dispatches.length,
      );
    } finally {
      tokens.close();
      means.close();
    }
  },
);

deviceTest("equal steps give equal bits, and allocate nothing", async () => {
  const ends: Map<string, Float32Array>[] = [];
  for (let run = 0; run < 2; run++) {
    const engine = await openEngine({ accumulation: 2 });
    const { allocated } = engine.executor;
    for (let t = 1; t <= 3; t++) {
      await engine.step(split(sequences(4, t), 2), stepOptions(t));
    }
    ends.push(await all(engine, "weights"));
    assertEquals(engine.executor.allocated, allocated);
    engine.close();
  }
  assertEquals(ends[0], ends[1]);
});

deviceTest("TrainEngine.clear() resets the optimizer", async () => {
  const engine = await openEngine();
  try {
    const batches = split(sequences(2, 1), 2);
    await engine.step(batches, stepOptions(1));
    const first = await all(engine, "weights");
    await engine.step(batches, stepOptions(2));
    engine.clear();
    initialiseWeights(engine, 7);
    await engine.step(batches, stepOptions(1));
    assertEquals(await all(engine, "weights"), first);
  } finally {
    engine.close();
  }
});

deviceTest(
  "TrainEngine.evaluate() adds up losses without touching gradients",
  async () => {
    const engine = await openEngine();
    try {
      const [a, b] = split(sequences(4, 5), 2);
      await engine.gradient([a]);
      const lossA = await engine.loss();
      const gradients = await all(engine, "gradients");
      await engine.gradient([b]);
      const lossB = await engine.loss();
      await engine.gradient([a]);
      engine.clearLoss();
      engine.evaluate(a, 0.25);
      engine.evaluate(b, 0.75);
      assertClose(
        "loss",
        [await engine.loss()],
        [0.25 * lossA + 0.75 * lossB],
        {
          relative: 2e-6,
        },
      );
      assertEquals(await all(engine, "gradients"), gradients);
      // Random weights know nothing: about log V.
      assertClose("loss", [lossA], [Math.log(V)], { relative: 0.05 });
    } finally {
      engine.close();
    }
  },
);

deviceTest(
  "a step on a batch whose loss is not finite changes nothing",
  async () => {
    const engine = await openEngine();
    try {
      const batches = split(sequences(2, 1), 2);
      await engine.step(batches, stepOptions(1));
      const name = "transformer.ln_f.bias";
      const bias = await engine.read("weights", name);
      engine.write("weights", name, bias.map(() => NaN));
      const before = await all(engine, "weights");
      await engine.step(batches, stepOptions(2));
      assertEquals((await engine.history(2)).map((r) => r.nonFinite), [
        false,
        true,
      ]);
      assertEquals(await all(engine, "weights"), before);
    } finally {
      engine.close();
    }
  },
);

deviceTest(
  "TrainEngine.read() returns what was written, for each kind of state",
  async () => {
    const engine = await openEngine();
    try {
      const name = "transformer.h.0.attn.qk_attn.bias";
      for (
        const kind of ["weights", "gradients", "exp_avg", "exp_avg_sq"] as const
      ) {
        const values = Float32Array.from(
          { length: 90 },
          (_, i) => i + kind.length,
        );
        engine.write(kind, name, values);
        assertEquals(await engine.read(kind, name), values);
      }
      const dead = "transformer.h.0.attn.v_attn.bias";
      const spec = engine.model.parameters.find((p) => p.name === dead)!;
      assertEquals(engine.isTrained(spec), false);
      assertThrows(
        () => engine.write("weights", dead, new Float32Array(45)),
        RangeError,
        `'${dead}' is not on the device`,
      );
    } finally {
      engine.close();
    }
  },
);

for (
  const [name, options, changes] of [
    ["a small run", {}, {}],
    ["several micro-batches", {
      batchSize: 8,
      accumulation: 4,
      evalBatchSize: 3,
    }, {}],
    ["a deeper model", { batchSize: 4 }, { n_layer: 4, n_embd: 135 }],
    ["a recomputing run", { batchSize: 8, recompute: "block" }, {
      n_layer: 6,
      n_embd: 48,
    }],
  ] as [string, Partial<StepPlanOptions>, Partial<FullConfig>][]
) {
  deviceTest(
    `estimateMemory() is what is allocated for ${name}`,
    async () => {
      const engine = await openEngine(options, changes);
      try {
        const { memory } = engine.plans;
        const { allocated } = engine.executor;
        const sum = memory.weights + memory.gradients + memory.optimizer +
          memory.activations + memory.other;
        assertEquals(memory.total, sum);
        const off = Math.abs(memory.total / allocated - 1);
        assert(off < 0.1, `${memory.total} forecast, ${allocated} allocated`);
      } finally {
        engine.close();
      }
    },
  );
}
