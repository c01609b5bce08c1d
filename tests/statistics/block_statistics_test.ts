import { assert, assertEquals } from "@std/assert";
import {
  gradientNorms,
  type ReportOptions,
} from "../../src/statistics/block_statistics.ts";
import { gainParameters, placeOf } from "../../src/statistics/gains.ts";
import { deviceTest } from "../helpers/device.ts";
import {
  all,
  openEngine,
  sequences,
  split,
  stepOptions,
} from "../helpers/engine.ts";
import { assertClose } from "../reference/numbers.ts";

const ALL: ReportOptions = {
  gains: true,
  attnEntropy: true,
  outliers: true,
  gradNorms: true,
};
const NONE: ReportOptions = {
  gains: false,
  attnEntropy: false,
  outliers: false,
  gradNorms: false,
};

Deno.test("placeOf() tells layers and kinds of both families apart", () => {
  const of = (name: string) => Object.values(placeOf(name));
  assertEquals(of("transformer.h.12.attn.qk_attn.bias"), [
    "12",
    "attn.qk_attn",
  ]);
  assertEquals(of("transformer.h.0.ln_1.scale"), ["0", "ln_1"]);
  assertEquals(of("decoder.layers.3.fc2.weight"), ["3", "fc2"]);
  assertEquals(of("decoder.layers.3.c_attn"), ["3", "c_attn"]);
  assertEquals(of("transformer.wte.weight"), [null, "wte"]);
  assertEquals(of("decoder.embed_tokens.weight"), [null, "embed_tokens"]);
});

Deno.test("gradientNorms() joins weight and bias, and a layer's kinds", () => {
  const names = ["a.weight", "a.bias", "b.weight"].map((n) =>
    `decoder.layers.1.${n}`
  );
  assertEquals(
    gradientNorms([...names, "decoder.layer_norm.weight"], [
      9,
      16,
      144,
      4,
    ]),
    {
      "grad_norm.1": 13,
      "grad_norm.1.a": 5,
      "grad_norm.1.b": 12,
      "grad_norm.layer_norm": 2,
    },
  );
});

deviceTest("a report that is off adds no plan, dispatch or byte", async () => {
  const without = await openEngine(),
    off = await openEngine({ report: NONE });
  try {
    assertEquals(off.plans.report, undefined);
    assertEquals(off.executor.allocated, without.executor.allocated);
    assertEquals(off.plans.memory, without.plans.memory);
    assertEquals(await off.report(), {});
  } finally {
    without.close();
    off.close();
  }
});

deviceTest("reports change no bit of training", async () => {
  const ends: Map<string, Float32Array>[] = [];
  for (const report of [undefined, ALL]) {
    const engine = await openEngine({ report });
    for (let t = 1; t <= 3; t++) {
      await engine.report();
      await engine.step(split(sequences(2, t), 2), stepOptions(t));
    }
    ends.push(await all(engine, "weights"));
    engine.close();
  }
  assertEquals(ends[0], ends[1]);
});

deviceTest("each option of a report logs its own names", async () => {
  const names = async (options: Partial<ReportOptions>) => {
    const engine = await openEngine({ report: { ...NONE, ...options } });
    await engine.step(split(sequences(2, 1), 2), stepOptions(1));
    const numbers = await engine.report();
    engine.close();
    for (const [name, x] of Object.entries(numbers)) {
      assert(Number.isFinite(x), `${name} is ${x}`);
    }
    return Object.keys(numbers);
  };
  assertEquals(await names({ attnEntropy: true }), ["attn.0.entropy"]);
  const outliers = await names({ outliers: true });
  assertEquals(outliers.length, 2 * 7);
  assert(outliers.every((n) => /^hidden_states\.[01]\.\w+$/.test(n)));
  const gradients = await names({ gradNorms: true });
  assert(gradients.includes("grad_norm.0.mlp.c_fc"), `${gradients}`);
  assert(gradients.every((n) => n.startsWith("grad_norm.")));
  const gains = await names({ gains: true });
  assert(gains.includes("0.mlp_block_resid_gain"), `${gains}`);
  assert(gains.includes("scale.0.ln_1_mean"), `${gains}`);
});

deviceTest("gradient norms of layers add up to the global norm", async () => {
  const engine = await openEngine({ report: ALL });
  try {
    await engine.step(split(sequences(2, 1), 2), stepOptions(1));
    const [{ gradNorm }] = await engine.history(1);
    const numbers = Object.entries(await engine.report())
      .filter(([name]) => /^grad_norm\.[^.]+$/.test(name));
    const whole = Math.hypot(...numbers.map(([, x]) => x));
    assertClose("norm", [whole], [gradNorm], { relative: 1e-5, absolute: 0 });
  } finally {
    engine.close();
  }
});

deviceTest("a report sees gains as they are after an update", async () => {
  const engine = await openEngine({ report: ALL }, {
    trainable_attn_block_gains: true,
  });
  try {
    const [name] = gainParameters(engine.model).map((p) => p.name);
    assertEquals(name, "transformer.h.0.attn_block_resid_gain");
    for (let t = 1; t <= 2; t++) {
      await engine.step(split(sequences(2, t), 2), stepOptions(t));
    }
    const [value] = await engine.read("weights", name);
    const numbers = await engine.report();
    assertEquals(numbers["0.attn_block_resid_gain"], value);
    assert(value !== 1);
  } finally {
    engine.close();
  }
});
