/** `blocksmith eval`. @module */
import { join } from "node:path";
import { checkSameTokenizer } from "../checkpoint/tokenizer_files.ts";
import type { Config } from "../config/mod.ts";
import { locateFairseqSubset } from "../data/fairseq/mod.ts";
import { openSplits, type SplitLocation } from "../data/mod.ts";
import { MEMORY_REMEDY } from "../engine/from_config.ts";
import { InferenceEngine } from "../engine/inference_engine.ts";
import { UserError } from "../errors.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import { openGpu } from "./open_gpu.ts";
import { saveChoices } from "../gpu/tuning_cache.ts";
import { evaluate } from "../train/evaluate.ts";
import { openData, prepareWith, sourcesOf } from "../train/open_data.ts";
import { pinData } from "../train/pin_data.ts";
import {
  kernelChoicesFor,
  loadTrainedWeights,
  openTrainedModel,
  type TrainedModel,
} from "./checkpoint_args.ts";
import { type Command, numberFlag } from "./command.ts";

/** Prints loss and perplexity of a checkpoint. */
export const evalCommand: Command = {
  name: "eval",
  summary: "print loss and perplexity of a checkpoint on a split or on files",
  help: `<run or checkpoint> [options] [<file or glob> ...]

Evaluates on the run's validation split, or on the given files.

  --split valid|train   the split of the run's data (default valid); with fairseq's
                        data, any subset, such as test
  --batches <n>         maximum number of batches, 0 for all (default as in training:
                        train.max_eval_batches; all for files)

Examples:
  blocksmith eval runs/mine
  blocksmith eval runs/mine/checkpoints/step-000500 --split train --batches 20
  blocksmith eval runs/mine 'other/**/*.py'`,
  flags: ["split", "batches"],
  async run(args) {
    const [path, ...files] = args.positionals;
    const split = args.flags.split ?? "valid";
    if (files.length > 0 && args.flags.split) {
      throw new UserError(
        "Cannot evaluate as '--split' and files exclude each other: give one of them",
      );
    }
    const trained = await openTrainedModel(path);
    const { checkpoint, config, model } = trained;
    const usual = files.length > 0 ? null : config.train.max_eval_batches;
    const limit = numberFlag(args, "batches", usual ?? 0, 0, true) || null;
    const say = (line: string) => console.error(line);
    const { locations, ignoreId } = files.length > 0
      ? await filesToRead(trained, files, say)
      : await splitToRead(trained, split, say);
    if (locations.length === 0) {
      throw new UserError(
        `Cannot evaluate as the ${split} split is empty: give files, or train with data.valid_fraction above 0`,
      );
    }
    const chosen = openSplits(locations);
    const gpu = await openGpu(MEMORY_REMEDY);
    try {
      const batchSize = Math.min(
        config.train.device_eval_batch_size,
        chosen.sequences,
      );
      const choices = kernelChoicesFor(trained, gpu);
      const engine = await InferenceEngine.open(
        gpu,
        model,
        { evaluate: { batchSize } },
        choices,
      );
      saveChoices(resolveCacheDir(config), gpu, choices);
      loadTrainedWeights(trained, engine);
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
        } nats per token  perplexity ${
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

/** The data to evaluate on. */
interface EvalData {
  locations: SplitLocation[];
  /** The target id that the loss leaves out. */
  ignoreId: number | null;
}

/** Prepares the files of the command line with the run's data options. */
async function filesToRead(
  { config, tokenizer, model }: TrainedModel,
  files: string[],
  say: (line: string) => void,
): Promise<EvalData> {
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
    locations: [{ store: dir, split: "train" }],
    ignoreId: tokenizer.eosId,
  };
}

/** Locates a split of the run's own data. */
async function splitToRead(
  { run, checkpoint, config, tokenizer, model }: TrainedModel,
  split: string,
  say: (line: string) => void,
): Promise<EvalData> {
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
    const fairseq = locateFairseqSubset({
      path: data.path!,
      subset: split,
      combine: false,
      sequenceLength: model.sequenceLength,
    });
    return { locations: [{ fairseq }], ignoreId };
  }
  noteChange(run, opened.fingerprint);
  return {
    locations: (split === "train" ? opened.train : opened.valid).map((p) =>
      p.location
    ),
    ignoreId,
  };
}

/**
 * Prints a note if the data, and so the validation split, changed since
 * training.
 */
function noteChange(run: string, fingerprint: string): void {
  try {
    const { data } = JSON.parse(Deno.readTextFileSync(join(run, "run.json")));
    if (data.fingerprint === fingerprint) return;
  } catch {
    // The run has no fingerprint to compare with.
    return;
  }
  console.error(
    "note: the run's data has changed since training: this split may contain training text",
  );
}
