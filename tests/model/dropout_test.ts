import { assert, assertEquals } from "@std/assert";
import type { FairseqModelConfig } from "../../src/config/mod.ts";
import { initialiseWeights } from "../../src/engine/initial_weights.ts";
import {
  buildStepPlans,
  gradientGraph,
  lossGraph,
  RANDOM,
} from "../../src/engine/step_plans.ts";
import { TrainEngine } from "../../src/engine/train_engine.ts";
import { fairseqDecoder } from "../../src/model/fairseq/decoder.ts";
import type { Model } from "../../src/model/model.ts";
import { simplifiedModel } from "../../src/model/simplified/model.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { deviceTest, gpu } from "../helpers/device.ts";
import { ADAM, sequences, SMALL, T, toBatch, V } from "../helpers/engine.ts";
import { defaultModel, type FullConfig } from "../helpers/model_config.ts";
import { inner } from "../reference/numbers.ts";

const RATES = { embd_pdrop: 0.1, attn_pdrop: 0.2, resid_pdrop: 0.3 };

const simplified = (changes: Partial<FullConfig> = {}): Model =>
  simplifiedModel(
    defaultModel({ ...SMALL, initializer_range: 0.2, ...RATES, ...changes }),
  );

const FAIRSEQ: FairseqModelConfig & { vocab_size: number } = {
  name: "transformer_lm_gpt",
  decoder_normalize_before: true,
  no_decoder_final_norm: false,
  share_decoder_input_output_embed: true,
  decoder_learned_pos: true,
  no_scale_embedding: false,
  no_token_positional_embeddings: false,
  layernorm_embedding: false,
  activation_fn: "gelu",
  qk_norm_type: "none",
  scale_attn: true,
  scale_heads: true,
  scale_heads_position: "after",
  attn_ln_type: "ln",
  ffn_layernorm_type: "ln",
  scale_fc: true,
  scale_resids: true,
  dropout: 0.1,
  attention_dropout: 0.2,
  activation_dropout: 0.3,
  decoder_layers: 1,
  decoder_embed_dim: 45,
  decoder_ffn_embed_dim: 75,
  decoder_attention_heads: 3,
  vocab_size: V,
  tokens_per_sample: T,
  padding_idx: 1,
};

const SHAPED: Partial<FullConfig> = {
  centre_attn: true,
  attn_mat_skip_gain: 1,
  attn_mat_resid_gain: 0.5,
  centre_attn_gain: 0.5,
};

const MODELS: Record<string, Model> = {
  "the default block": simplified(),
  "Shaped Attention": simplified({ ...SHAPED, parallel_layers: true }),
  "Shaped Attention with trained gains": simplified({
    ...SHAPED,
    trainable_attn_mat_gains: true,
    trainable_attn_block_gains: true,
  }),
  NormFormer: fairseqDecoder(FAIRSEQ),
};

for (const [name, model] of Object.entries(MODELS)) {
  deviceTest(
    `the gradient of a model with dropout and ${name} is the slope of its loss under the same mask`,
    async () => {
      const device = await gpu();
      const sizes = { batchSize: 2, evalBatchSize: 2, accumulation: 1 };
      const plans = buildStepPlans(
        model,
        { ...sizes, adam: ADAM, historySlots: 8, seed: 5 },
        device.limits,
      );
      const engine = await TrainEngine.open(device, plans);
      try {
        initialiseWeights(engine, 7);
        const batch = toBatch(sequences(2, 3)), t = 9;
        await engine.gradient([batch], t);
        const names = plans.trained.map((p) => p.name);
        const weights = new Map<string, Float32Array>();
        const gradients = new Map<string, Float32Array>();
        for (const name of names) {
          weights.set(name, await engine.read("weights", name));
          gradients.set(name, await engine.read("gradients", name));
        }
        const norm = Math.sqrt(
          [...gradients.values()].reduce((sum, g) => sum + inner(g, g), 0),
        );
        const lossAt = async (step: number, t: number) => {
          for (const name of names) {
            const g = gradients.get(name)!;
            engine.write(
              "weights",
              name,
              weights.get(name)!.map((w, i) => w + step * g[i] / norm),
            );
          }
          await engine.gradient([batch], t);
          return await engine.loss();
        };
        const step = 0.003 / norm;
        const slope = (await lossAt(step, t) - await lossAt(-step, t)) /
          (2 * step);
        assert(
          Math.abs(slope / norm - 1) < 2e-3,
          `slope ${slope}, gradient ${norm}`,
        );
        // Another mask is another loss, and none is what an evaluation has.
        const [here, there] = [await lossAt(0, t), await lossAt(0, t + 1)];
        engine.clearLoss();
        engine.evaluate(batch, 1);
        const whole = await engine.loss();
        for (const other of [there, whole]) {
          assert(Math.abs(here - other) > 1e-3, `${here} and ${other}`);
        }
      } finally {
        engine.close();
      }
    },
  );
}

/** Names of the tensors that dropout makes, in order. */
const dropped = (model: Model) =>
  lossGraph(model, 1, { training: true }).graph.nodes
    .filter((node) => node.inputs.some((t) => t.name === RANDOM))
    .map((node) => node.outputs[0].name);

Deno.test("simplifiedModel() drops out where the authors' code does", () => {
  const path = "transformer.h.0";
  assertEquals(dropped(simplified()), [
    "embedding dropout",
    `${path}.attn.attend`,
    `${path}.attn dropout`,
    `${path}.mlp dropout`,
  ]);
  assertEquals(dropped(simplified(SHAPED)), [
    "embedding dropout",
    `${path}.attn.attend`,
    `${path}.attn.shaped identity`,
    `${path}.attn dropout`,
    `${path}.mlp dropout`,
  ]);
  assertEquals(dropped(simplified({ attn_pdrop: 0, resid_pdrop: 0 })), [
    "embedding dropout",
  ]);
});

Deno.test("fairseqDecoder() drops out where fairseq does", () => {
  const path = "decoder.layers.0";
  assertEquals(dropped(fairseqDecoder(FAIRSEQ)), [
    "embedding dropout",
    `${path}.self_attn.attend`,
    `${path}.attended dropout`,
    `${path}.act dropout`,
    `${path}.fc2 dropout`,
  ]);
  // NormFormer's norm of the hidden layer sees what activation dropout leaves.
  const { graph } = lossGraph(fairseqDecoder(FAIRSEQ), 1, { training: true });
  const made = graph.nodes.map((node) => node.outputs[0].name);
  const at = (name: string) => made.indexOf(`${path}.${name}`);
  assert(at("act dropout") < at("ffn_layernorm"));
  assert(at("attn_ln") < at("attended dropout"));
});

Deno.test("every dropout of a model has separate random numbers", () => {
  const { graph } = lossGraph(simplified({ n_layer: 3 }), 1, {
    training: true,
  });
  const sites = graph.nodes
    .map(({ attrs }) => attrs?.site ?? attrs?.dropout?.site)
    .filter((site) => site !== undefined);
  assertEquals(sites.length, 1 + 3 * 3);
  assertEquals(new Set(sites).size, sites.length);
  assert(sites.every((site) => site > 0));
});

deviceTest(
  "dropout of 0 costs nothing, and an evaluation has none",
  async () => {
    const { limits } = await gpu();
    const none = { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 };
    const reads = (graph: ReturnType<typeof gradientGraph>["graph"]) => {
      const plan = makePlan("test", graph, limits);
      const places = plan.dispatches.flatMap((d) =>
        Object.values(d.bindings).map((b) => b.location)
      );
      const random =
        places.filter((location) =>
          "external" in location && location.external.startsWith(RANDOM)
        ).length;
      return { random, dispatches: plan.dispatches.length };
    };
    const off = simplified(none), on = simplified();
    const training = { training: true };
    const plain = reads(lossGraph(off, 1).graph);
    assertEquals(plain.random, 0);
    assertEquals(reads(lossGraph(off, 1, training).graph), plain);
    assertEquals(reads(lossGraph(on, 1).graph), plain);
    // Two of the three are between a product and a sum that it would do.
    assertEquals(reads(lossGraph(on, 1, training).graph), {
      random: 4,
      dispatches: plain.dispatches + 3 + 2,
    });
    assertEquals(reads(gradientGraph(off, 1).graph).random, 0);
    // Each again in the backward pass, attention in two kernels.
    assertEquals(reads(gradientGraph(on, 1).graph).random, 4 + 3 + 2);
  },
);
