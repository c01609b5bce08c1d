import { assert, assertEquals, assertThrows } from "@std/assert";
import { initialiseWeights } from "../../src/engine/initial_weights.ts";
import type { StepPlanOptions } from "../../src/engine/step_plans.ts";
import { deviceTest } from "../helpers/device.ts";
import {
  all,
  openEngine,
  sequences,
  split,
  stepOptions,
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
    parts.gradient(split(ids, 2));
    whole.gradient(split(ids, 8));
    await compare("gradients", "before any update");
    assertClose("loss", [await parts.loss()], [await whole.loss()], near);
    for (let t = 1; t <= 3; t++) {
      const ids = sequences(8, t);
      parts.step(split(ids, 2), stepOptions(t));
      whole.step(split(ids, 8), stepOptions(t));
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

deviceTest("equal steps give equal bits, and allocate nothing", async () => {
  const ends: Map<string, Float32Array>[] = [];
  for (let run = 0; run < 2; run++) {
    const engine = await openEngine({ accumulation: 2 });
    const { allocated } = engine.executor;
    for (let t = 1; t <= 3; t++) {
      engine.step(split(sequences(4, t), 2), stepOptions(t));
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
    engine.step(batches, stepOptions(1));
    const first = await all(engine, "weights");
    engine.step(batches, stepOptions(2));
    engine.clear();
    initialiseWeights(engine, 7);
    engine.step(batches, stepOptions(1));
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
      engine.gradient([a]);
      const lossA = await engine.loss();
      const gradients = await all(engine, "gradients");
      engine.gradient([b]);
      const lossB = await engine.loss();
      engine.gradient([a]);
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
      engine.step(batches, stepOptions(1));
      const name = "transformer.ln_f.bias";
      const bias = await engine.read("weights", name);
      engine.write("weights", name, bias.map(() => NaN));
      const before = await all(engine, "weights");
      engine.step(batches, stepOptions(2));
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
