/** `blocksmith eval`. @module */
import { join } from "node:path";
import type { Config } from "../config/mod.ts";
import { locateFairseqSubset } from "../data/fairseq/mod.ts";
import { openSplits, type SplitLocation } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { openGpu } from "../gpu/device.ts";
import { saveChoices } from "../gpu/tuning_cache.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import { openData, prepareWith, sourcesOf } from "../train/open_data.ts";
import { evaluate } from "../train/evaluate.ts";
import { MEMORY_REMEDY } from "../engine/from_config.ts";
import { InferenceEngine } from "../engine/inference_engine.ts";
import { checkSameTokenizer } from "../checkpoint/tokenizer_files.ts";
import { pinData } from "../train/pin_data.ts";
import {
  choicesOf,
  loadTrained,
  type Trained,
  trainedModel,
} from "./checkpoint_args.ts";
import { type Command, numberFlag } from "./command.ts";

/** Loss and perplexity of a checkpoint. */
export const evalCommand: Command = {
  name: "eval",
  summary: "loss and perplexity of a checkpoint on a split or files",
  help: `<run or checkpoint> [options] [<file or glob> ...]

Evaluates on the run's held-out split, or on the files given.

  --split valid|train   which split of the run's data (default valid); of a folder of
                        fairseq's any subset, such as test
  --batches <n>         at most so many batches, 0 for all (default as in training,
                        train.max_eval_batches; all for files)

Examples:
  blocksmith eval runs/mine
  blocksmith eval runs/mine/checkpoints/step-000500 --split train --batches 20
  blocksmith eval runs/mine 'other/**/*.py'`,
  flags: ["split", "batches"],
  async run(args) {
    const [path, ...files] = args.words;
    const split = args.flags.split ?? "valid";
    if (files.length > 0 && args.flags.split) {
      throw new UserError(
        "Cannot evaluate as '--split' and files exclude each other: give one of them",
      );
    }
    const trained = await trainedModel(path);
    const { checkpoint, config, model } = trained;
    const usual = files.length > 0 ? null : config.train.max_eval_batches;
    const limit = numberFlag(args, "batches", usual ?? 0, 0, true) || null;
    const say = (line: string) => console.error(line);
    const { refs, ignoreId } = files.length > 0
      ? await filesToRead(trained, files, say)
      : await splitToRead(trained, split, say);
    if (refs.length === 0) {
      throw new UserError(
        `Cannot evaluate as the ${split} split is empty: give files, or train with data.valid_fraction above 0`,
      );
    }
    const chosen = openSplits(refs);
    const gpu = await openGpu(MEMORY_REMEDY);
    try {
      const batchSize = Math.min(
        config.train.device_eval_batch_size,
        chosen.sequences,
      );
      const choices = choicesOf(trained, gpu);
      const engine = await InferenceEngine.open(
        gpu,
        model,
        { evaluate: { batchSize } },
        choices,
      );
      saveChoices(resolveCacheDir(config), gpu, choices);
      loadTrained(trained, engine);
      const options = {
        batchSize,
        vocabSize: model.vocabSize,
        ignoreId,
      };
      const result = await evaluate(engine, chosen, options, limit);
      const { loss, perplexity, tokens } = result!;
      console.log(
        `step ${checkpoint.step}  ${files.length > 0 ? "files" : split}  loss ${
          loss.toFixed(4)
        } nats a token  perplexity ${
          perplexity.toPrecision(5)
        }  ${tokens} tokens`,
      );
    } finally {
      chosen.close();
      gpu.close();
    }
    return 0;
  },
};

/** What to evaluate on. */
interface ToRead {
  refs: SplitLocation[];
  /** The label that does not count. */
  ignoreId: number | null;
}

/** The files of the command line, as the run's data would be read. */
async function filesToRead(
  { config, tokenizer, model }: Trained,
  files: string[],
  say: (line: string) => void,
): Promise<ToRead> {
  const { data } = config;
  const field = data.text_field;
  const ofFiles: Config["data"] = {
    ...data,
    name: "files",
    files,
    text_field: typeof field === "string" ? field : field[0],
    split: typeof data.split === "string" ? data.split : data.split[0],
  };
  const asked = await pinData({ ...config, data: ofFiles }, say);
  const { dir } = await prepareWith(asked, {
    documents: { files: await sourcesOf(asked, "files", say) },
    tokenizer,
    sequenceLength: model.sequenceLength,
    validFraction: 0,
    maxDocuments: null,
    say,
  });
  return {
    refs: [{ store: dir, split: "train" }],
    ignoreId: tokenizer.eosId,
  };
}

/** A split of the run's own data. */
async function splitToRead(
  { run, checkpoint, config, tokenizer, model }: Trained,
  split: string,
  say: (line: string) => void,
): Promise<ToRead> {
  const { data } = config;
  const other = split !== "train" && split !== "valid";
  if (other && data.name !== "fairseq") {
    throw new UserError(
      `Cannot evaluate as '--split' must be valid or train: got '${split}'`,
    );
  }
  const opened = await openData(config, {
    say,
    tokenizer: data.name === "fairseq" ? undefined : tokenizer,
  });
  checkSameTokenizer(checkpoint.path, tokenizer, opened.tokenizer);
  const { ignoreId } = opened;
  if (other) {
    const ref = locateFairseqSubset({
      path: data.path!,
      subset: split,
      combine: false,
      sequenceLength: model.sequenceLength,
    });
    return { refs: [{ fairseq: ref }], ignoreId };
  }
  noteChange(run, opened.fingerprint);
  return {
    refs: (split === "train" ? opened.train : opened.valid).map((p) => p.ref),
    ignoreId,
  };
}

/** What was held out in training may now be something else. */
function noteChange(run: string, fingerprint: string): void {
  try {
    const { data } = JSON.parse(Deno.readTextFileSync(join(run, "run.json")));
    if (data.fingerprint === fingerprint) return;
  } catch {
    // The run does not say what it saw: nothing to compare with.
    return;
  }
  console.error(
    "note: the run's data has changed since: text of this split may have been trained on",
  );
}
