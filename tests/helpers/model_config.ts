/** Model configs for tests. @module */
import { compose, type SimplifiedModelConfig } from "../../src/config/mod.ts";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Fixture,
  validateFixture,
} from "../../src/parity/fixture_config.ts";

/** A config whose vocabulary is known. */
export type FullConfig = SimplifiedModelConfig & { vocab_size: number };

/** The paper's default model with changes. */
export function defaultModel(changes: Partial<FullConfig> = {}): FullConfig {
  const { model } = compose({ overrides: [] }).config;
  if (model.name !== "gpt2") throw new Error("the other family");
  return { ...model, vocab_size: 50_000, ...changes };
}

/** Folders of the golden fixtures of this family. */
export const FIXTURES: readonly URL[] = (() => {
  const golden = new URL("../golden/", import.meta.url);
  return [...Deno.readDirSync(golden)]
    .filter((entry) => entry.isDirectory && entry.name.startsWith("st_"))
    .map((entry) => new URL(`${entry.name}/`, golden))
    .sort((a, b) => a.href < b.href ? -1 : 1);
})();

/** A fixture's name. */
export const nameOf = (folder: URL): string => basename(fileURLToPath(folder));

type Simplified = Extract<Fixture, { family: "simplified_transformers" }>;

/** A fixture's config. */
export function fixtureConfig(
  folder: URL,
): Simplified & { model: FullConfig } {
  const file = fileURLToPath(new URL("config.yaml", folder));
  const fixture = validateFixture(Deno.readTextFileSync(file), file);
  return fixture as Simplified & { model: FullConfig };
}
