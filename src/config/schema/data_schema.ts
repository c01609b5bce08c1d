/**
 * The keys of `data`. `configs/data/source.yaml` documents their meaning and
 * defaults.
 * @module
 */
import * as v from "valibot";
import {
  fractionBelowOne,
  how,
  integerFrom,
  nullable,
  oneOf,
  path,
  paths,
  positiveList,
  sources,
  text,
  textOrList,
  tokenizer,
  trueOrFalse,
} from "./fields.ts";

const count = integerFrom(1);

/** Schema of the `data` section. */
export const dataSchema = v.strictObject({
  name: oneOf("source", "files", "fairseq"),
  files: sources,
  weights: positiveList,
  format: nullable(oneOf("text", "jsonl", "parquet")),
  text_field: textOrList,
  split: textOrList,
  valid_files: sources,
  valid_split: textOrList,
  valid_fraction: fractionBelowOne,
  max_documents: nullable(count),
  documents_per_token_mult: nullable(count),
  valid_max_documents: nullable(count),
  dedup: trueOrFalse,
  ...how({ skip_bad: trueOrFalse }),
  tokenizer,
  vocab_size: nullable(count),
  path: nullable(paths),
  sample_break_mode: oneOf("none"),
  train_subset: text,
  valid_subset: text,
  combine_val: trueOrFalse,
  bpe: nullable(tokenizer),
  ...how({ workers: nullable(count), cache: nullable(path) }),
});
