/**
 * fairseq's binarised folders: reading them as fairseq-train does, writing them as fairseq-preprocess does.
 * @module
 */
export { type FairseqRef, FairseqSplit, openFairseqSplit } from "./blocks.ts";
export {
  type FairseqData,
  fairseqData,
  type FairseqOptions,
  fairseqSubset,
  type SubsetOptions,
} from "./folder.ts";
export { FairseqSink } from "./sink.ts";
export { fairseqSpec } from "../tokenizers/fairseq/dictionary_tokenizer.ts";
