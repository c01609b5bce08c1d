import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  compose,
  type FairseqModelConfig,
  type SimplifiedModelConfig,
} from "../../../src/config/mod.ts";
import { modelOf } from "../../../src/engine/from_config.ts";
import { initialiseWeights } from "../../../src/engine/initial_weights.ts";
import { buildStepPlans } from "../../../src/engine/step_plans.ts";
import { TrainEngine } from "../../../src/engine/train_engine.ts";
import { UserError } from "../../../src/errors.ts";
import { Graph } from "../../../src/graph/graph.ts";
import type { Model } from "../../../src/model/model.ts";
import { isDecayed } from "../../../src/optim/weight_decay.ts";
import { deviceTest, gpu } from "../../helpers/device.ts";
import { ADAM, sequences, T, toBatch, V } from "../../helpers/engine.ts";
import { assertSlope } from "../_slope.ts";

type Changes = Partial<SimplifiedModelConfig> & Partial<FairseqModelConfig>;

/** Sizes that are multiples of nothing. */
const SIZES: Record<string, Changes> = {
  gpt2: {
    n_embd: 45,
    n_head: 3,
    n_layer: 2,
    context_length: T,
    n_positions: T,
    initializer_range: 0.2,
  },
  transformer_lm_gpt: {
    decoder_embed_dim: 45,
    decoder_ffn_embed_dim: 75,
    decoder_attention_heads: 3,
    decoder_layers: 2,
    tokens_per_sample: T,
  },
};

/** A small model: a file of `configs/model/`, and changes on top. */
function mixed(file: string, changes: Changes = {}): Model {
  const family = file.match(/normformer|transformer/)
    ? "transformer_lm_gpt"
    : "gpt2";
  const overrides = Object.entries({ ...SIZES[family], ...changes })
    .map(([key, value]) => `model.${key}=${value}`);
  const { config } = compose({
    overrides: [`model=${file}`, ...overrides],
  });
  return modelOf(config, V);
}

async function open(model: Model): Promise<TrainEngine> {
  const device = await gpu();
  const sizes = {
    batchSize: 2,
    evalBatchSize: 2,
    accumulation: 1,
    historySlots: 32,
  };
  const plans = buildStepPlans(
    model,
    { ...sizes, adam: { ...ADAM, kind: "adam_fairseq" }, seed: 3 },
    device.limits,
  );
  const engine = await TrainEngine.open(device, plans);
  initialiseWeights(engine, 7);
  return engine;
}

const ALL: Changes = {
  scale_attn: true,
  scale_heads: true,
  scale_fc: true,
  scale_resids: true,
};
const BEFORE: Changes = { ...ALL, scale_heads_position: "before" };

/** Blocks of several papers at once. */
const MIXES: [file: string, changes: Changes][] = [
  ["default", ALL],
  ["default", BEFORE],
  ["default", { scale_heads: true, norm_position: "post" }],
  ["default", {
    scale_resids: true,
    norm_position: "post",
    norm_type: "ln",
    activation_function: "gelu",
  }],
  ["default-parallel", ALL],
  ["default-parallel", { ...BEFORE, qk_norm_type: "ln" }],
  ["skipless", ALL],
  ["skipless", { ...BEFORE, norm_type: "none" }],
  ["skipless", { val_init_type: "orth", value_resid_gain: 0.5, ...ALL }],
  ["skipless-parallel", { ...ALL, scale_resids: false }],
  ["op", ALL],
  ["op", { ln_1_type: "none", ln_2_type: "ln", ln_f_type: "rmsnorm" }],
  ["default", { ln_1_type: "ln", ln_2_type: "none", ln_f_type: "none" }],
  ["skipless", {
    ...ALL,
    attn_ln_type: "rmsnorm",
    ffn_layernorm_type: "rmsnorm",
  }],
  ["op", { ...BEFORE, trainable_attn_block_gains: true }],
  ["normformer", { scale_resids: true, qk_norm_type: "rmsnorm" }],
  ["normformer", { scale_heads_position: "before", qk_norm_type: "ln" }],
  ["normformer", { decoder_normalize_before: false }],
  ["normformer", { attn_ln_type: "rmsnorm", ffn_layernorm_type: "rmsnorm" }],
  ["transformer_lm_gpt", { padding_idx: 1, decoder_learned_pos: true }],
  ["transformer_lm_gpt", { share_decoder_input_output_embed: false }],
  ["transformer_lm_gpt", {
    no_token_positional_embeddings: true,
    no_scale_embedding: true,
    layernorm_embedding: true,
    no_decoder_final_norm: true,
    activation_fn: "relu",
  }],
];

for (const [file, changes] of MIXES) {
  const what = `${file} with ${JSON.stringify(changes).replaceAll('"', "")}`;
  deviceTest(`gradients are slopes, and the loss falls: ${what}`, async () => {
    const engine = await open(mixed(file, changes));
    try {
      const batch = toBatch(sequences(2, 3));
      await assertSlope(engine, batch);
      initialiseWeights(engine, 7);
      engine.clear();
      const steps = 12;
      for (let i = 0; i < steps; i++) {
        await engine.step([batch], {
          step: i + 1,
          learningRate: 2e-3,
          slot: i,
          maxGradNorm: 1,
        });
      }
      const history = await engine.history(steps);
      const losses = history.map((record) => record.loss);
      // Learning one batch by heart.
      assert(losses[steps - 1] < losses[0] - 0.05, losses.join(" "));
    } finally {
      engine.close();
    }
  });
}

const names = (model: Model) => model.parameters.map((p) => p.name);

Deno.test("NormFormer's scales have fairseq's names in a simplified block", () => {
  const plain = new Set(names(mixed("skipless")));
  const scaled = mixed("skipless", ALL);
  const added = names(scaled).filter((name) => !plain.has(name));
  const of = (i: number) =>
    [
      "c_attn",
      "w_resid",
      "attn_ln.weight",
      "attn_ln.bias",
      "ffn_layernorm.weight",
      "ffn_layernorm.bias",
    ].map((name) => `transformer.h.${i}.${name}`);
  assertEquals(added, [...of(0), ...of(1)]);
  assertEquals(
    scaled.parameters.filter((p) => added.includes(p.name))
      .slice(0, 6).map((p) => p.shape),
    [[3], [45], [45], [45], [180], [180]],
  );
});

Deno.test("each site may have its own norm", () => {
  const norms = (changes: Changes) =>
    names(mixed("default", { n_layer: 1, ...changes }))
      .filter((name) => /\.(ln_|attn_ln|ffn_layernorm)/.test(name))
      .map((name) => name.replace(/^transformer\.(h\.0\.)?/, ""));
  assertEquals(norms({}), [
    "ln_1.scale",
    "ln_2.scale",
    "ln_f.weight",
    "ln_f.bias",
  ]);
  // Without norms the first block still begins with one, unless it is named.
  assertEquals(norms({ norm_type: "none", ln_f_type: "none" }), [
    "ln_1.weight",
    "ln_1.bias",
  ]);
  const none: Changes = { ln_1_type: "none", ln_f_type: "none" };
  assertEquals(norms({ norm_type: "none", ...none }), []);
  assertEquals(
    norms({
      ...none,
      scale_attn: true,
      attn_ln_type: "rmsnorm",
      scale_fc: true,
    }),
    [
      "ln_2.scale",
      "attn_ln.scale",
      "ffn_layernorm.weight",
      "ffn_layernorm.bias",
    ],
  );
});

Deno.test("isDecayed() gives each optimizer its parameters in either family", () => {
  for (const file of ["default", "skipless", "normformer"]) {
    const all = names(mixed(file, { ...ALL, qk_norm_type: "rmsnorm" }));
    assert(all.every((name) => isDecayed("adam_fairseq", name)));
    // Hugging Face's Trainer: no norms, biases and gains.
    for (const kind of ["adamw_hf", "adamw_torch"] as const) {
      const decayed = all.filter((name) => isDecayed(kind, name));
      const others = all.filter((name) => !isDecayed(kind, name));
      for (const name of decayed) {
        assertEquals(/norm|ln|bias|gain/.test(name), false, name);
      }
      for (const name of others) {
        assertEquals(/norm|ln|bias|gain/.test(name), true, name);
      }
      assert(decayed.some((name) => name.endsWith("c_attn")));
      assert(others.some((name) => name.includes("attn_ln")));
      assert(others.some((name) => name.includes("q_norm")));
    }
  }
});

Deno.test("positions start after padding_idx, or at 0 without one", () => {
  const rows = (changes: Changes) =>
    mixed("transformer_lm_gpt", { decoder_learned_pos: true, ...changes })
      .parameters.find((p) => p.name === "decoder.embed_positions.weight")!;
  assertEquals(rows({}).shape, [T, 45]);
  assertEquals(rows({ padding_idx: 1 }).shape, [T + 2, 45]);
  const table = (changes: Changes) =>
    mixed("transformer_lm_gpt", changes).fixed[0].values(0);
  // Row 0 is sin 0 and cos 0, and no zero row as for a padding token.
  assertEquals([...table({}).subarray(21, 24)], [0, 1, 1]);
  assertEquals([...table({ padding_idx: 0 }).subarray(0, 45)], [
    ...new Float32Array(45),
  ]);
});

Deno.test("scales that are off cost nothing", () => {
  const operations = (changes: Changes) => {
    const graph = new Graph(), model = mixed("default", changes);
    const input = (name: string) => graph.input(name, [T], "u32");
    model.forward(graph, { tokens: input("tokens"), order: input("order") });
    return graph.nodes.map((n) => n.operation.name);
  };
  const count = (changes: Changes, name: string) =>
    operations(changes).filter((n) => n === name).length -
    operations({}).filter((n) => n === name).length;
  assertEquals(count({ scale_attn: true }, "norm"), 2);
  assertEquals(count({ scale_fc: true }, "norm"), 2);
  assertEquals(count({ scale_heads: true }, "scale"), 2);
  assertEquals(count({ scale_resids: true }, "scale"), 2);
  assertEquals(operations({}).includes("scale"), false);
});

Deno.test("a scale of a skip that is not there is refused", () => {
  const error = assertThrows(
    () => mixed("skipless-parallel", ALL),
    UserError,
  );
  assertEquals(
    error.message,
    "Cannot scale the MLP's skip as 'model.scale_resids' must be false where 'model.mlp_block_skip_gain' is 0, which leaves that skip out: got true",
  );
});

Deno.test("a padding token beyond the vocabulary is refused", () => {
  const error = assertThrows(
    () => mixed("normformer", { padding_idx: V }),
    UserError,
  );
  assertEquals(
    error.message,
    `Cannot pad as 'model.padding_idx' must be below the vocabulary's ${V}: got ${V}`,
  );
});
