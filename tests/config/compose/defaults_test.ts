import { assert, assertEquals } from "@std/assert";
import { parse, stringify } from "@std/yaml";
import { keysOf } from "../../../src/config/compose/check.ts";
import { compose, fromYaml } from "../../../src/config/mod.ts";
import { configSchemas } from "../../../src/config/schema/schema.ts";
import { isMapping } from "../../../src/config/values/flat_config.ts";
import { validateFixture } from "../../../src/parity/fixture_config.ts";
import { withFolder } from "../../helpers/config.ts";

/** A YAML document without one dotted key. */
function without(yaml: string, key: string): string {
  const tree = parse(yaml);
  let section = tree;
  const path = key.split("."), last = path.pop()!;
  for (const name of path) {
    section = isMapping(section) ? section[name] : undefined;
  }
  assert(isMapping(section) && last in section, key);
  delete section[last];
  return stringify(tree);
}

for (const model of ["default", "transformer_lm_gpt"]) {
  // A key that this version has and a file lacks is a key that a later version
  // adds: see "Add a block option" in docs/architecture.md.
  Deno.test(`a config of model=${model} that lacks any key has its default`, () => {
    const { config, yaml } = compose({ overrides: [`model=${model}`] });
    const family = config.model.name;
    for (const key of keysOf(configSchemas[family])) {
      if (key === "model.name" && family !== "gpt2") continue;
      const notes: string[] = [];
      const read = fromYaml(
        without(yaml, key),
        "c.yaml",
        (line) => notes.push(line),
      );
      assertEquals(read, config, key);
      assertEquals(notes, [
        `note: c.yaml does not set '${key}': the defaults apply`,
      ]);
    }
  });
}

for (const name of ["st_default", "nf_gpt"]) {
  Deno.test(`fixture ${name} that lacks any key of its model has the default`, () => {
    const path = `tests/golden/${name}/config.yaml`;
    const text = Deno.readTextFileSync(
      new URL(`../../../${path}`, import.meta.url),
    );
    const { family, model } = validateFixture(text, path);
    const reference = compose({
      overrides: family === "normformer"
        ? ["model=transformer_lm_gpt", "data=fairseq"]
        : [],
    }).config.model as Record<string, unknown>;
    for (const key of Object.keys((parse(text) as typeof reference).model!)) {
      // Sizes are the fixture's own: without one, the model is another.
      if (/^(vocab_size|context_length|n_\w+|decoder_\w+)$/.test(key)) continue;
      const read = validateFixture(without(text, `model.${key}`), path);
      assertEquals<unknown>(read.model, { ...model, [key]: reference[key] });
    }
  });
}

Deno.test("a config of which only sizes are set is complete", () => {
  const read = fromYaml("model: {n_layer: 3}\nseed: 1", "c.yaml");
  const { config } = compose({ overrides: ["model.n_layer=3", "seed=1"] });
  assertEquals(read, config);
});

Deno.test("a default that refers to another key sees the config's value", () => {
  const { model } = fromYaml("model: {value_resid_gain: 0.5}", "c.yaml");
  assert(model.name === "gpt2");
  assertEquals(model.proj_resid_gain, 0.5);
});

Deno.test("a user's model file need not name the defaults", () => {
  withFolder({ "model/mine.yaml": "n_layer: 3" }, (configDir) => {
    const { config } = compose({ overrides: ["model=mine"], configDir });
    assertEquals(
      config.model,
      compose({ overrides: ["model.n_layer=3"] }).config.model,
    );
  });
});

Deno.test("a note names three of the keys that a config lacks", () => {
  const notes: string[] = [];
  fromYaml("seed: 1", "c.yaml", (line) => notes.push(line));
  const keys = keysOf(configSchemas.gpt2).filter((key) => key !== "seed");
  assertEquals(notes, [
    `note: c.yaml does not set 'run', 'gpu', 'num_token_mult' and ${
      keys.length - 3
    } more: the defaults apply`,
  ]);
});
