import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gradientGraph } from "../../../src/engine/step_plans.ts";
import { Graph } from "../../../src/graph/graph.ts";
import { initialValues } from "../../../src/model/initialise.ts";
import { type Model, parameterCount } from "../../../src/model/model.ts";
import type { ParameterSpec } from "../../../src/model/parameters.ts";
import { simplifiedModel } from "../../../src/model/simplified/model.ts";
import { isDecayed } from "../../../src/optim/weight_decay.ts";
import {
  defaultModel,
  fixtureConfig,
  FIXTURES,
  type FullConfig,
  nameOf,
} from "../../helpers/model_config.ts";

/** What the authors' code says of a fixture's parameters. */
interface Expected {
  n_params: { total: number; trainable: number };
  tied: Record<string, string>;
  params: Record<string, {
    shape: number[];
    trainable: boolean;
    gets_gradient: boolean;
    weight_decay: number | null;
    init: { constant: number } | { mean: number; std: number };
  }>;
}

const expectedOf = (folder: URL): Expected =>
  JSON.parse(Deno.readTextFileSync(new URL("expected.json", folder)));

const forward = (model: Model) => {
  const graph = new Graph();
  const input = (name: string) =>
    graph.input(name, [2 * model.sequenceLength], "u32");
  const inputs = { tokens: input("tokens"), order: input("order") };
  return { graph, ...model.forward(graph, inputs) };
};

const operations = (graph: Graph) => graph.nodes.map((n) => n.operation.name);

Deno.test("there are fixtures to compare the model with", () => {
  assert(FIXTURES.length >= 9, `${FIXTURES.length} fixtures`);
});

for (const folder of FIXTURES) {
  const name = nameOf(folder);
  const { model: config, optim } = fixtureConfig(folder);
  const expected = expectedOf(folder);

  Deno.test(`simplifiedModel() has the authors' parameters in ${name}`, () => {
    const model = simplifiedModel(config);
    const got = Object.fromEntries(model.parameters.map((p) => [p.name, {
      shape: [...p.shape],
      trainable: p.trainable,
      weight_decay: !p.trainable
        ? null
        : isDecayed(optim.optim, p.name)
        ? optim.weight_decay
        : 0,
    }]));
    const want = Object.fromEntries(
      Object.entries(expected.params).map(([name, p]) => [name, {
        shape: p.shape,
        trainable: p.trainable,
        weight_decay: p.weight_decay,
      }]),
    );
    assertEquals(got, want);
    assertEquals(parameterCount(model), expected.n_params);
    assertEquals(model.tied, expected.tied);
  });

  Deno.test(`a gradient reaches what it reaches in the authors' ${name}`, () => {
    const { trained } = gradientGraph(simplifiedModel(config), 1);
    const want = Object.entries(expected.params)
      .filter(([, p]) => p.gets_gradient).map(([name]) => name);
    assertEquals(trained.map((p) => p.name).sort(), want.sort());
  });

  Deno.test(`parameters start as the authors' do in ${name}`, () => {
    for (const spec of simplifiedModel(config).parameters) {
      const { init } = expected.params[spec.name];
      if ("constant" in init) {
        // Theirs went through a 32-bit float.
        const values = initialValues(spec, 0);
        assert(values.every((x) => x === init.constant), spec.name);
      } else {
        const n = spec.shape.reduce((a, b) => a * b, 1);
        const std = deviation(spec);
        // The authors drew one sample: five standard errors around it.
        assertAlmostEquals(init.mean, 0, 5 * std / Math.sqrt(n), spec.name);
        const error = 5 * std / Math.sqrt(2 * n);
        assertAlmostEquals(init.std, std, error, spec.name);
      }
    }
  });
}

/** Standard deviation over a whole parameter, whose mean is 0. */
function deviation({ init, shape }: ParameterSpec): number {
  assert(init.kind === "normal" || init.kind === "orthogonal");
  if (init.kind === "orthogonal") return 1 / Math.sqrt(shape[0]);
  const variances = [init.std].flat().map((std) => std ** 2);
  return Math.sqrt(variances.reduce((a, b) => a + b) / variances.length);
}

Deno.test("simplifiedModel() has the published size at 18 layers of width 768", () => {
  // 167M with the 50,000 tokens of the paper's tokenizer and 1024 positions.
  const { total } = parameterCount(
    simplifiedModel(defaultModel({ n_layer: 18 })),
  );
  const D = 768, gains = 4 + 3 * 12;
  const layer = 2 * D + (D * 2 * D + 2 * D) + 2 * (D * D + D) +
    (D * 4 * D + 4 * D) + (4 * D * D + D) + gains;
  assertEquals(total, (50_000 + 1024) * D + 18 * layer + 2 * D);
  assertEquals(Math.round(total / 1e6), 167);
});

Deno.test("simplifiedModel() of 12 layers is GPT-2's 124 million", () => {
  // GPT-2 has biases on values, projections and MLP too: as many as here.
  const config = defaultModel({ vocab_size: 50_257, norm_type: "ln" });
  const { total } = parameterCount(simplifiedModel(config));
  const gains = 12 * (4 + 3 * 12);
  assertEquals(total - gains, 124_439_808);
});

Deno.test("simplifiedModel() returns its hidden states", () => {
  const model = simplifiedModel(defaultModel({ n_layer: 2, vocab_size: 101 }));
  const { hidden, final } = forward(model);
  assertEquals(hidden.map((t) => t.shape), Array(3).fill([256, 768]));
  assertEquals(final.shape, [256, 768]);
  assertEquals(hidden[0].name, "embedding");
});

Deno.test("simplifiedModel() leaves out a skip whose gain is 0", () => {
  const count = (changes: Partial<FullConfig>) => {
    const { graph } = forward(simplifiedModel(defaultModel({
      n_layer: 1,
      vocab_size: 101,
      ...changes,
    })));
    return graph.nodes.filter((n) => n.operation.name === "weighted_sum")
      .map((n) => n.inputs.length);
  };
  assertEquals(count({}), [2, 2]);
  // A lone branch with gain 1 needs no sum.
  assertEquals(count({ attn_block_skip_gain: 0 }), [2]);
  assertEquals(count({ mlp_block_skip_gain: 0 }), [2]);
  assertEquals(count({ parallel_layers: true }), [3]);
  // A trained gain of the skip changes nothing about it; the branch's is an
  // input.
  const trained = { trainable_mlp_block_gains: true, mlp_block_skip_gain: 0 };
  assertEquals(count(trained), [2, 2]);
});

Deno.test("simplifiedModel() norms where the config says", () => {
  const norms = (changes: Partial<FullConfig>) => {
    const config = defaultModel({ n_layer: 2, vocab_size: 101, ...changes });
    return operations(forward(simplifiedModel(config)).graph)
      .filter((name) => name === "norm").length;
  };
  assertEquals(norms({}), 5);
  // The first block keeps one, and the last norm stays.
  assertEquals(norms({ norm_type: "none" }), 2);
  assertEquals(norms({ qk_norm_type: "rmsnorm" }), 7);
  assertEquals(norms({ parallel_layers: true }), 3);
});

Deno.test("initialValues() has the deviation asked for at real width", () => {
  const { parameters } = simplifiedModel(
    defaultModel({ n_layer: 1, vocab_size: 101 }),
  );
  const spec = parameters.find((p) => p.name.endsWith("v_attn.weight"))!;
  const n = 768 * 768;
  const moments = [0, 1, 2].map((seed) => {
    const values = initialValues(spec, seed);
    assertEquals(values.length, n);
    const mean = values.reduce((a, b) => a + b, 0) / n;
    const square = values.reduce((a, b) => a + b * b, 0) / n;
    assertAlmostEquals(mean, 0, 5 * 0.02 / Math.sqrt(n));
    assertAlmostEquals(Math.sqrt(square), 0.02, 5 * 0.02 / Math.sqrt(2 * n));
    return mean;
  });
  assertEquals(new Set(moments).size, 3);
});

Deno.test("initialValues() gives queries and keys different deviations", () => {
  const { parameters } = simplifiedModel(defaultModel({
    n_layer: 1,
    vocab_size: 101,
    query_init_std: 0,
    key_init_std: 0.05,
  }));
  const spec = parameters.find((p) => p.name.endsWith("qk_attn.weight"))!;
  const values = initialValues(spec, 0), D = 768;
  let queries = 0, keys = 0;
  values.forEach((x, i) => {
    if (i % (2 * D) < D) queries = Math.max(queries, Math.abs(x));
    else keys += x * x / (D * D);
  });
  assertEquals(queries, 0);
  assertAlmostEquals(Math.sqrt(keys), 0.05, 5 * 0.05 / Math.sqrt(2 * D * D));
});

Deno.test("initializer_range reaches the embeddings alone, as in the authors' code", () => {
  const deviations = (changes: Partial<FullConfig>) =>
    simplifiedModel(
      defaultModel({ n_layer: 1, vocab_size: 101, ...changes }),
    ).parameters.flatMap(({ name, init }) =>
      init.kind === "normal"
        ? [[name.split(".").slice(1).join("."), init.std]]
        : []
    );
  const of = (embedding: number) => [
    ["wte.weight", embedding],
    ["wpe.weight", embedding],
    ["h.0.attn.qk_attn.weight", [0.02, 0.02]],
    ["h.0.attn.v_attn.weight", 0.02],
    ["h.0.attn.c_proj.weight", 0.02],
    ["h.0.mlp.c_fc.weight", 0.02],
    ["h.0.mlp.c_proj.weight", 0.02],
  ];
  assertEquals(deviations({}), of(0.02));
  assertEquals(deviations({ initializer_range: 0.5 }), of(0.5));
});

Deno.test("initialValues() depends on seed and name, not on the rest of the model", () => {
  const values = (changes: Partial<FullConfig>, seed: number, name: string) => {
    const config = defaultModel({ n_embd: 48, n_head: 4, ...changes });
    const spec = simplifiedModel(config).parameters.find((p) =>
      p.name === name
    )!;
    return initialValues(spec, seed);
  };
  const name = "transformer.h.0.mlp.c_fc.weight";
  const first = values({ n_layer: 1 }, 0, name);
  assertEquals(values({ n_layer: 3, norm_type: "ln" }, 0, name), first);
  const other = values({ n_layer: 1 }, 1, name);
  assert(first.every((x, i) => x !== other[i]));
  const wide = values({ n_layer: 1 }, 0, "transformer.h.0.attn.v_attn.weight");
  assert(wide.every((x, i) => x !== first[i]));
});
