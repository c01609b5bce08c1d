import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { compose } from "../../src/config/mod.ts";
import { modelOf } from "../../src/engine/from_config.ts";
import { initialValues } from "../../src/model/initialise.ts";
import type { Model } from "../../src/model/model.ts";
import { elements } from "../../src/model/parameters.ts";

const built = (...overrides: string[]): Model =>
  modelOf(compose({ overrides }).config, 256);

const values = (model: Model, name: string, seed: number) =>
  initialValues(model.parameters.find((p) => p.name === name)!, seed);

/** Mean, deviation and largest magnitude. */
function moments(x: Float32Array) {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const square = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
  const most = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return { mean, std: Math.sqrt(square), most };
}

/** What a fixture's `params.init` says of the authors' own initial values. */
function authorsInit(fixture: string) {
  const path = new URL(`../golden/${fixture}/expected.json`, import.meta.url);
  const { params } = JSON.parse(Deno.readTextFileSync(path));
  return params as Record<
    string,
    { shape: number[]; init: { constant?: number; std?: number } }
  >;
}

Deno.test("initialValues() draws NormFormer's parameters as fairseq does, at width 768", () => {
  const model = built("model=normformer", "model.decoder_layers=1");
  const path = "decoder.layers.0", xavier = Math.sqrt(6 / (768 + 768));
  for (const seed of [1, 2, 3]) {
    const uniform = (name: string, bound: number) => {
      const { mean, std, most } = moments(values(model, name, seed));
      const n = elements(model.parameters.find((p) => p.name === name)!);
      // Five standard errors of a uniform's mean and deviation.
      const deviation = bound / Math.sqrt(3), error = 5 / Math.sqrt(n);
      assertAlmostEquals(mean, 0, error * deviation, name);
      assertAlmostEquals(std, deviation, error * deviation, name);
      assert(most <= bound && most > 0.99 * bound, name);
    };
    uniform(`${path}.self_attn.q_proj.weight`, xavier * Math.SQRT1_2);
    uniform(`${path}.self_attn.k_proj.weight`, xavier * Math.SQRT1_2);
    uniform(`${path}.self_attn.v_proj.weight`, xavier * Math.SQRT1_2);
    uniform(`${path}.self_attn.out_proj.weight`, xavier);
    uniform(`${path}.fc1.weight`, 1 / Math.sqrt(768));
    uniform(`${path}.fc2.weight`, 1 / Math.sqrt(3072));
    const table = values(model, "decoder.embed_tokens.weight", seed);
    const { std } = moments(table);
    assertAlmostEquals(std, 768 ** -0.5, 0.02 * 768 ** -0.5);
  }
});

Deno.test("initialValues() leaves the padding's row at 0", () => {
  const model = built("model=normformer", "model.padding_idx=1");
  const table = values(model, "decoder.embed_tokens.weight", 0);
  assertEquals(moments(table.subarray(768, 2 * 768)).most, 0);
  assert(moments(table.subarray(0, 768)).most > 0);
});

for (
  const fixture of [
    "st_default",
    "st_skipless",
    "st_value_skipinit",
    "st_skipless_fig4",
    "nf_normformer_resids",
    "nf_learned_pos",
  ]
) {
  Deno.test(`initialValues() has the moments of the authors' ${fixture}`, async () => {
    const { openFixture } = await import("../../src/parity/fixture_files.ts");
    const folder = fileURLToPath(
      new URL(`../golden/${fixture}`, import.meta.url),
    );
    const files = openFixture(folder);
    files.close();
    for (
      const [name, { shape, init }] of Object.entries(authorsInit(fixture))
    ) {
      const spec = files.model.parameters.find((p) => p.name === name)!;
      const n = shape.reduce((a, b) => a * b, 1);
      const got = moments(initialValues(spec, 7));
      if (init.constant !== undefined) {
        assertEquals(got.most, Math.abs(Math.fround(init.constant)), name);
        // Rounding of a mean, no deviation.
        assertAlmostEquals(got.std, 0, 1e-6, name);
      } else {
        // Both are samples: six standard errors of their difference.
        const error = 6 * Math.sqrt(2) * init.std! / Math.sqrt(2 * n);
        assertAlmostEquals(got.std, init.std!, error, name);
      }
    }
  });
}

/** a · b, row-major n × n. */
function product(a: Float32Array, b: Float32Array, n: number): Float32Array {
  const c = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
      c[i * n + j] = sum;
    }
  }
  return c;
}

function assertIdentity(a: Float32Array, n: number): void {
  a.forEach((x, i) =>
    assertAlmostEquals(x, i % (n + 1) === 0 ? 1 : 0, 1e-5, `element ${i}`)
  );
}

Deno.test("orthogonal values are orthogonal, and differ by seed", () => {
  const n = 96;
  const model = built(
    "model=skipless",
    "model.value_skip_gain=null",
    "model.proj_skip_gain=null",
    "model.val_init_type=orth",
    `model.n_embd=${n}`,
    "model.n_layer=1",
  );
  const name = "transformer.h.0.attn.v_attn.weight";
  const matrix = values(model, name, 1);
  const transposed = matrix.map((_, i) =>
    matrix[i % n * n + Math.floor(i / n)]
  );
  assertIdentity(product(matrix, transposed, n), n);
  assert(matrix.some((x, i) => x !== values(model, name, 2)[i]));
});

Deno.test("tie_valproj_init lets projections undo values", () => {
  const n = 48;
  const fixedOf = (tie: string) => {
    const { fixed } = built(
      "model=skipless",
      "model.val_init_type=orth",
      "model.value_resid_gain=0.5",
      `model.tie_valproj_init=${tie}`,
      `model.n_embd=${n}`,
      "model.n_layer=3",
    );
    return fixed.map(({ values }) => values(3));
  };
  const all = fixedOf("all_blocks");
  assertEquals(all.length, 6);
  for (let layer = 0; layer < 3; layer++) {
    assertIdentity(product(all[2 * layer], all[2 * layer + 1], n), n);
  }
  const last = fixedOf("last_block");
  const [first, ...rest] = last;
  assertIdentity(
    rest.reduce((a: Float32Array, b) => product(a, b, n), first),
    n,
  );
});

Deno.test("tie_valproj_init ties to the identity where values are the identity", () => {
  const n = 16;
  const { fixed } = built(
    "model=skipless",
    "model.val_init_type=id",
    "model.proj_init_type=orth",
    "model.value_resid_gain=0.5",
    "model.tie_valproj_init=all_blocks",
    `model.n_embd=${n}`,
    "model.n_head=2",
    "model.n_layer=1",
  );
  assertEquals(fixed.map((t) => t.name), ["transformer.h.0.attn.c_proj.id"]);
  assertIdentity(fixed[0].values(0), n);
});
