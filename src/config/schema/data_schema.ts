/**
 * The keys of `data`. Their meaning and defaults: `configs/data/source.yaml`.
 * @module
 */
import * as v from "valibot";
import {
  belowOne,
  flag,
  integerFrom,
  oneOf,
  orNull,
  positives,
  text,
  textOrTexts,
  texts,
} from "./fields.ts";

const count = integerFrom(1);

/** Schema of the `data` section. */
export const dataSchema = v.strictObject({
  name: oneOf("source", "files", "fairseq"),
  files: texts,
  weights: positives,
  format: orNull(oneOf("text", "jsonl", "parquet")),
  text_field: textOrTexts,
  split: textOrTexts,
  valid_files: texts,
  valid_split: textOrTexts,
  valid_fraction: belowOne,
  max_documents: orNull(count),
  valid_max_documents: orNull(count),
  dedup: flag,
  skip_bad: flag,
  tokenizer: text,
  vocab_size: orNull(count),
  path: orNull(text),
  sample_break_mode: oneOf("none"),
  train_subset: text,
  valid_subset: text,
  combine_val: flag,
  bpe: orNull(text),
  workers: orNull(count),
  cache: orNull(text),
});
