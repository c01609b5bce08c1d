import { deviceTest } from "../helpers/device.ts";
import { openEngine, sequences, toBatch } from "../helpers/engine.ts";
import type { FullConfig } from "../helpers/model_config.ts";
import { assertSlope } from "./_slope.ts";

/**
 * Blocks that differ in more than a number. Widths and heads are multiples of
 * nothing.
 */
const MODELS: Record<string, Partial<FullConfig>> = {
  "the default block": {},
  "one head": { n_head: 1, n_embd: 15 },
  "LayerNorm after the skips": { norm_type: "ln", norm_position: "post" },
  "no norms, but of queries and keys": {
    norm_type: "none",
    qk_norm_type: "ln",
  },
  "trained block gains": {
    trainable_attn_block_gains: true,
    trainable_mlp_block_gains: true,
    mlp_block_resid_gain: 0.5,
  },
  "a parallel block with a soft cap": {
    parallel_layers: true,
    dot_norm_type: "tanh",
    activation_function: "gelu",
  },
  "three layers": { n_layer: 3, activation_function: "silu" },
};

for (const [name, changes] of Object.entries(MODELS)) {
  deviceTest(
    `the gradient of a model with ${name} is its loss's slope`,
    async () => {
      // Larger weights than at the start of a run, so that every part matters.
      const config = { initializer_range: 0.2, ...changes };
      const engine = await openEngine(
        { batchSize: 1, evalBatchSize: 1 },
        config,
      );
      try {
        await assertSlope(engine, toBatch(sequences(1, 3)));
      } finally {
        engine.close();
      }
    },
  );
}
