/**
 * What is around the blocks? GPT-2: token and learned position embeddings, the
 * configurable blocks, a final LayerNorm, and a head tied to the token
 * embedding.
 * @module
 */
import type { SimplifiedModelConfig } from "../../config/mod.ts";
import {
  applyDropout,
  DropoutStreams,
} from "../../graph/ops/elementwise/dropout.ts";
import { embed } from "../../graph/ops/embedding/embedding.ts";
import { type Model, weightsOf } from "../model.ts";
import { applyNorm, normParameters } from "../norm_layer.ts";
import type { ParameterSpec } from "../parameters.ts";
import { block, blockParameters, joinedProjections } from "./block.ts";
import { fixedMatrices } from "./value_layer.ts";

/**
 * The model that `config` describes.
 *
 * @param config with `vocab_size` set
 */
export function simplifiedModel(
  config: SimplifiedModelConfig & { vocab_size: number },
): Model {
  const { n_embd: D, n_layer, initializer_range: std } = config;
  const table = (name: string, rows: number): ParameterSpec => ({
    name: `transformer.${name}.weight`,
    shape: [rows, D],
    init: { kind: "normal", std },
    trainable: true,
  });
  const parameters = [
    table("wte", config.vocab_size),
    table("wpe", config.n_positions),
    ...Array.from({ length: n_layer }, (_, i) => blockParameters(config, i))
      .flat(),
    ...normParameters(config.ln_f_type, "transformer.ln_f", D),
  ];
  const joined = Array.from(
    { length: n_layer },
    (_, i) => joinedProjections(config, i),
  ).flat();
  const fixed = fixedMatrices(config);
  return {
    parameters,
    joined,
    fixed,
    tied: { "lm_head.weight": "transformer.wte.weight" },
    markers: [],
    vocabSize: config.vocab_size,
    sequenceLength: config.context_length,
    head: "transformer.wte.weight",
    forward(graph, { random, ...inputs }) {
      const weights = weightsOf(graph, [...parameters, ...joined, ...fixed]);
      const streams = new DropoutStreams(random);
      const embedding = embed(graph, "embedding", {
        ...inputs,
        table: weights("transformer.wte.weight"),
        positions: weights("transformer.wpe.weight"),
      }, { sequenceLength: config.context_length, firstPosition: 0, scale: 1 });
      const place = streams.next(config.embd_pdrop);
      const hidden = [
        applyDropout(graph, "embedding dropout", embedding, place),
      ];
      for (let layer = 0; layer < n_layer; layer++) {
        const x = hidden[layer];
        hidden.push(graph.segment(
          "block",
          `transformer.h.${layer}`,
          () => block(graph, config, layer, x, weights, streams),
        ));
      }
      const final = applyNorm(
        graph,
        "transformer.ln_f",
        hidden[n_layer],
        weights,
        { kind: config.ln_f_type, eps: config.layer_norm_epsilon },
      );
      return { hidden, final };
    },
  };
}
