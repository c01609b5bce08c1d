/**
 * Configs: how files and overrides become a checked config, and which keys
 * there are.
 * @module
 */
export {
  compose,
  type Composed,
  type ComposeOptions,
  familyOf,
  fromYaml,
  printConfig,
} from "./compose/compose.ts";
export type { Config, DataConfig, TrainConfig } from "./schema/schema.ts";
export type { SimplifiedModelConfig } from "./schema/simplified_schema.ts";
export type { FairseqModelConfig } from "./schema/fairseq_schema.ts";
export {
  type AnyModel,
  layersOf,
  logsBits,
  sequenceLength,
  sequenceLengthKey,
  widthOf,
} from "./schema/family.ts";
export { absoluteSource } from "./compose/absolute_paths.ts";
export { flagKind, flagNames } from "./compose/flags.ts";
export { readFairseqCommand, withDataPath } from "./compose/fairseq_command.ts";
export { literalOverride } from "./compose/literal_override.ts";
export { modelChoices } from "./compose/library.ts";
export { nearest } from "./values/nearest.ts";
export { warnings } from "./schema/warnings.ts";
