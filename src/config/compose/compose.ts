/**
 * Composes a config from files and overrides, and reads a resolved one back.
 * @module
 */
import { stringify } from "@std/yaml";
import type { AnyModel } from "../schema/family.ts";
import { checkRules } from "../schema/rules.ts";
import { type Config, configSchemas, schemaOf } from "../schema/schema.ts";
import { type FlatConfig, flatten } from "../values/flat_config.ts";
import { parseYamlFile } from "../values/yaml_file.ts";
import { checkConfig } from "./check.ts";
import { mergeFiles } from "./defaults_list.ts";
import { GROUPS, openLibrary } from "./library.ts";
import { parseOverrides } from "./overrides.ts";
import { settlePadding, settleWarmup } from "./settle.ts";

/** What to compose. */
export interface ComposeOptions {
  /** `key=value` and `group=choice`, in the order of the command line. */
  overrides: readonly string[];
  /**
   * A folder with the layout of `configs/` that is searched before the built-in
   * configs.
   */
  configDir?: string | undefined;
}

/** A composed config. */
export interface Composed {
  config: Config;
  /** The config as YAML; {@linkcode fromYaml} reads it back. */
  yaml: string;
}

/**
 * Composes `config.yaml`, its groups and the overrides into a checked config.
 *
 * Reads no files except those of `configDir`. If the overrides make no choice
 * for `data`, `data.files` chooses `data=files`, and `data.path` chooses
 * `data=fairseq`.
 *
 * @throws {UserError} on anything unknown, ill-typed, missing or contradictory
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compose } from "./compose.ts";
 *
 * const { config, yaml } = compose({
 *   overrides: ["experiment=demo", "model=op", "model.n_layer=6"],
 * });
 * assertEquals(config.model.name, "gpt2");
 * assertEquals(yaml.includes("n_layer: 6"), true);
 * ```
 */
export function compose(options: ComposeOptions): Composed {
  const flat = gather(options);
  const config = checkConfig(schemaOf(flat), flat, "the config", {
    hint: (key) => inheritHint(key, flat),
    names: GROUPS,
  });
  checkRules(config);
  return { config, yaml: printConfig(config) };
}

/** Collects all values that files and overrides set, unchecked. */
function gather(options: ComposeOptions): FlatConfig {
  const library = openLibrary(options.configDir);
  const { choices, values } = parseOverrides(options.overrides, GROUPS);
  const files = values.get("data.files")?.value;
  if (!choices.has("data")) {
    if (Array.isArray(files) && files.length > 0) choices.set("data", "files");
    else if (values.get("data.path")?.value) choices.set("data", "fairseq");
  }
  const flat = mergeFiles(library, choices);
  for (const [key, value] of values) flat.set(key, value);
  settlePadding(flat);
  settleWarmup(flat);
  return flat;
}

/**
 * The model family that the overrides select; checks nothing else.
 *
 * @throws {UserError} on unknown choices and families, and malformed files
 */
export function familyOf(options: ComposeOptions): AnyModel["name"] {
  const flat = gather(options);
  return schemaOf(flat) === configSchemas.gpt2 ? "gpt2" : "transformer_lm_gpt";
}

/**
 * For each group, the file that sets all its keys, for others to inherit from.
 */
const COMPLETE: Record<string, string> = {
  model: "default",
  train: "train",
  data: "source",
};

function inheritHint(key: string, flat: FlatConfig): string {
  const [group] = key.split(".");
  const family = flat.get("model.name")?.value;
  return group in COMPLETE
    ? ` (the file chosen for '${group}' inherits what it does not set by 'defaults: [${
      group === "model" && family === "transformer_lm_gpt"
        ? family
        : COMPLETE[group]
    }]')`
    : "";
}

/**
 * Reads a resolved config, such as a run's `config.yaml`; every key must be
 * set.
 *
 * @param path the path, as messages show it
 * @throws {UserError} on malformed YAML and on anything unknown, ill-typed,
 * missing or contradictory
 */
export function fromYaml(text: string, path: string): Config {
  const file = parseYamlFile(text, path);
  const flat: FlatConfig = new Map();
  flatten(flat, file.tree, "", file.origin);
  settlePadding(flat);
  const config = checkConfig(schemaOf(flat), flat, path);
  checkRules(config);
  return config;
}

/**
 * Formats a config as YAML, in the order of the schema; equal configs give
 * equal text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compose, fromYaml, printConfig } from "./compose.ts";
 *
 * const { config } = compose({ overrides: ["experiment=demo"] });
 * assertEquals(fromYaml(printConfig(config), "config.yaml"), config);
 * ```
 */
export function printConfig(config: Config): string {
  return stringify(config, { lineWidth: -1 })
    // js-yaml writes `1.e-8`, which few other parsers read as a number.
    .replace(/^(\s*\w+: -?\d+)\.e/gm, "$1.0e");
}
