/**
 * Configs: composition, overrides, schema, messages.
 * @module
 */
export {
  compose,
  type Composed,
  type ComposeOptions,
  familyOf,
  fromYaml,
  printConfig,
} from "./compose.ts";
export type { Config, DataConfig, TrainConfig } from "./schema.ts";
export type { ModelConfig } from "./model_schema.ts";
export type { NormformerModel } from "./normformer_schema.ts";
export {
  type AnyModel,
  contextKey,
  contextLength,
  layersOf,
} from "./family.ts";
export {
  type Fixture,
  type FixtureOptim,
  type NormformerOptim,
  validateFixture,
  validateModel,
} from "../parity/fixture_config.ts";
export { flagKind, flagNames, overridesOfFlag } from "./flags.ts";
export { nearest } from "./nearest.ts";
export { warnings } from "./warnings.ts";
