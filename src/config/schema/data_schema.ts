/**
 * The keys of `data`. `configs/data/source.yaml` documents their meaning and
 * defaults.
 * @module
 */
import * as v from "valibot";
import {
  fractionBelowOne,
  integerFrom,
  nullable,
  oneOf,
  positiveList,
  text,
  textList,
  textOrList,
  trueOrFalse,
} from "./fields.ts";

const count = integerFrom(1);

/** Schema of the `data` section. */
export const dataSchema = v.strictObject({
  name: oneOf("source", "files", "fairseq"),
  files: textList,
  weights: positiveList,
  format: nullable(oneOf("text", "jsonl", "parquet")),
  text_field: textOrList,
  split: textOrList,
  valid_files: textList,
  valid_split: textOrList,
  valid_fraction: fractionBelowOne,
  max_documents: nullable(count),
  documents_per_token_mult: nullable(count),
  valid_max_documents: nullable(count),
  dedup: trueOrFalse,
  skip_bad: trueOrFalse,
  tokenizer: text,
  vocab_size: nullable(count),
  path: nullable(text),
  sample_break_mode: oneOf("none"),
  train_subset: text,
  valid_subset: text,
  combine_val: trueOrFalse,
  bpe: nullable(text),
  workers: nullable(count),
  cache: nullable(text),
});
