/**
 * Composes a config from files and overrides, and reads a resolved one back.
 * @module
 */
import { stringify } from "@std/yaml";
import { UserError } from "../../errors.ts";
import { type AnyModel, FAMILIES } from "../schema/family.ts";
import { checkRules } from "../schema/rules.ts";
import { type Config, configSchemas, schemaOf } from "../schema/schema.ts";
import { type FlatConfig, flatten, isMapping } from "../values/flat_config.ts";
import { escapeReferences } from "../values/interpolate.ts";
import { parseYamlFile } from "../values/yaml_file.ts";
import { checkConfig } from "./check.ts";
import { fillDefaults } from "./defaults.ts";
import { mergeFiles } from "./defaults_list.ts";
import { EXPERIMENT, GROUPS, openLibrary } from "./library.ts";
import { parseOverrides } from "./overrides.ts";
import { settlePadding, settlePrecision, settleWarmup } from "./settle.ts";
import { type Subject, subjectOf } from "./subject.ts";

/** What to compose. */
export interface ComposeOptions {
  /** `key=value` and `group=choice`, in the order of the command line. */
  overrides: readonly string[];
  /**
   * A folder with the layout of `configs/` that is searched before the built-in
   * configs.
   */
  configDir?: string | undefined;
  /**
   * Whether `experiment=demo` is chosen if no override and no folder says what
   * is trained.
   */
  demo?: boolean;
}

/** A composed config. */
export interface Composed {
  config: Config;
  /** The config as YAML; {@linkcode fromYaml} reads it back. */
  yaml: string;
  /** What the overrides say about what is trained. */
  subject: Subject;
  /** Whether the demo was chosen, as nothing says what is trained. */
  isDemo: boolean;
}

/**
 * Composes `config.yaml`, its groups and the overrides into a checked config.
 * Keys that no file sets have their defaults.
 *
 * Reads no files except those of `configDir`. If the overrides make no choice
 * for `data`, `data.files` chooses `data=files`, and `data.path` chooses
 * `data=fairseq`.
 *
 * @throws {UserError} on anything unknown, ill-typed or contradictory
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
  const { flat, subject, isDemo } = gather(options);
  const schema = schemaOf(flat);
  fillDefaults(flat, schema, familyIn(flat));
  settlePadding(flat);
  const config = checkConfig(schema, flat, "the config", {
    names: GROUPS,
    environment,
  });
  checkRules(config);
  return { config, yaml: printConfig(config), subject, isDemo };
}

/** Collects all values that files and overrides set, unchecked. */
function gather(
  { overrides, configDir, demo }: ComposeOptions,
): { flat: FlatConfig; subject: Subject; isDemo: boolean } {
  const library = openLibrary(configDir);
  const { given, choices, values } = parseOverrides(overrides, GROUPS);
  const subject = subjectOf(given);
  const isDemo = demo === true && configDir === undefined &&
    subject.decidedBy === undefined;
  if (isDemo) choices.set(EXPERIMENT, "demo");
  if (!choices.has("data")) {
    // Even for an empty list: the user means their own text.
    if (values.has("data.files")) choices.set("data", "files");
    else if (values.get("data.path")?.value) choices.set("data", "fairseq");
  }
  const flat = mergeFiles(library, choices);
  for (const said of [flat, values]) settlePrecision(said);
  requireFamily(flat, values);
  for (const [key, value] of values) flat.set(key, value);
  settleWarmup(flat);
  return { flat, subject, isDemo };
}

/** Refuses a `model.name` whose keys the chosen files do not have. */
function requireFamily(flat: FlatConfig, values: FlatConfig): void {
  const asked = values.get("model.name")?.value, family = familyIn(flat);
  if (asked === family || !FAMILIES.some((name) => name === asked)) return;
  const chosen = asked === "gpt2" ? "default" : asked;
  throw new UserError(
    `Cannot set 'model.name' to '${asked}' as the model's other keys must be of that family: write model=${chosen}, which sets all of them`,
  );
}

/** An environment variable; undefined for what cannot be the name of one. */
const environment = (name: string): string | undefined =>
  /^[^=\0]+$/.test(name) ? Deno.env.get(name) : undefined;

/**
 * The model family that the overrides select; checks nothing else.
 *
 * @throws {UserError} on unknown choices and families, and malformed files
 */
export function familyOf(options: ComposeOptions): AnyModel["name"] {
  return familyIn(gather(options).flat);
}

function familyIn(flat: FlatConfig): AnyModel["name"] {
  return schemaOf(flat) === configSchemas.gpt2 ? "gpt2" : "transformer_lm_gpt";
}

/**
 * Reads a saved config, such as a run's `config.yaml`. Keys that it lacks, as
 * those of a later version, have their defaults.
 *
 * @param path the path, as messages show it
 * @param note receives a line that names the keys it lacks, if there are any
 * @throws {UserError} on malformed YAML and on anything unknown, ill-typed or
 * contradictory
 */
export function fromYaml(
  text: string,
  path: string,
  note?: (line: string) => void,
): Config {
  const file = parseYamlFile(text, path);
  const flat: FlatConfig = new Map();
  flatten(flat, file.tree, "", file);
  if (flat.size === 0) {
    throw new UserError(
      `Cannot use ${path} as it must hold a config: got no key`,
    );
  }
  const schema = schemaOf(flat);
  const lacking = fillDefaults(flat, schema, familyIn(flat));
  settlePadding(flat);
  const config = checkConfig(schema, flat, path);
  checkRules(config);
  if (lacking.length > 0) {
    const more = lacking.length > 3 ? ` and ${lacking.length - 3} more` : "";
    note?.(
      `note: ${path} does not set ${
        lacking.slice(0, 3).map((key) => `'${key}'`).join(", ")
      }${more}: the defaults apply`,
    );
  }
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
  return stringify(withoutReferences(config), { lineWidth: -1 })
    // js-yaml writes `1.e-8`, which few other parsers read as a number.
    .replace(/^(\s*\w+: -?\d+)\.e/gm, "$1.0e");
}

/** Escapes text that would be read back as a reference, `${`. */
function withoutReferences(value: unknown): unknown {
  if (typeof value === "string") return escapeReferences(value);
  if (Array.isArray(value)) return value.map(withoutReferences);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutReferences(item)]),
  );
}
