/**
 * Reads fairseq's binarised folders as fairseq-train does, and writes them as
 * fairseq-preprocess does.
 * @module
 */
export {
  type FairseqLocation,
  FairseqSplit,
  openFairseqSplit,
} from "./blocks.ts";
export {
  type FairseqData,
  type FairseqOptions,
  type FairseqSubsetOptions,
  loadFairseqData,
  locateFairseqSubset,
} from "./folder.ts";
export { FairseqSink } from "./sink.ts";
export { fairseqTokenizerSpec } from "../tokenizers/fairseq/dictionary_tokenizer.ts";
