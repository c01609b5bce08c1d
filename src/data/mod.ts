/**
 * Data: text becomes tokens, tokens become sequences on disk, sequences become
 * batches.
 * @module
 */
export { type Tokenizer } from "./tokenizers/tokenizer.ts";
export { loadTokenizer, TOKENIZER_NAMES } from "./tokenizers/load_tokenizer.ts";
export { type NamedText } from "./sources/text_pieces.ts";
export {
  type DocumentSource,
  prepare,
  type Prepared,
  preparedLines,
  type PreparedLinesOptions,
  type PrepareOptions,
  skippedLines,
} from "./prepare/prepare.ts";
export { type PrepareProgress } from "./prepare/progress.ts";
export {
  type SplitName,
  type SplitSummary,
  type StoreSummary,
  type TokenSplit,
  TokenStore,
} from "./store/token_store.ts";
export {
  openSplit,
  openSplits,
  type SplitLocation,
} from "./loader/split_location.ts";
export {
  Sampler,
  type SamplerOptions,
  type SamplerState,
} from "./loader/sampler.ts";
export {
  assembleBatch,
  type BatchArrays,
  BatchAssembler,
  type BatchShape,
} from "./loader/batch.ts";
export { IGNORE } from "./store/token_store.ts";
