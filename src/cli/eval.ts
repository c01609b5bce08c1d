/** `blocksmith eval`. @module */
import { join } from "node:path";
import { checkSameTokenizer } from "../checkpoint/tokenizer_files.ts";
import { absoluteSource, type Config, logsBits } from "../config/mod.ts";
import { locateFairseqSubset } from "../data/fairseq/mod.ts";
import { openSplits, preparedLines, type SplitLocation } from "../data/mod.ts";
import { holdsNames } from "../data/scan/fingerprint.ts";
import { MEMORY_REMEDY } from "../engine/from_config.ts";
import { UserError } from "../errors.ts";
import { readPlainText } from "../fs/plain_file.ts";
import { asFairseqPrints } from "../terminal/format_numbers.ts";
import { print, say } from "../terminal/output.ts";
import { sourcesOf } from "../train/data/sources_of.ts";
import { tellData } from "../train/data/tell_data.ts";
import { evaluate } from "../train/evaluate.ts";
import { prepareWith } from "../train/open_data.ts";
import { pinData } from "../train/pin_data.ts";
import { openRunData } from "../train/resume_checks.ts";
import { type Command, numberFlag } from "./command.ts";
import {
  CONFIG_FILE_HELP,
  loadTrainedWeights,
  openInference,
  openTrainedModel,
  TRAINED_HELP,
  type TrainedModel,
} from "./inputs/checkpoint_args.ts";
import { openGpu } from "./inputs/open_gpu.ts";
import { takeCache } from "./inputs/run_config.ts";

/** Prints loss and perplexity of a checkpoint. */
export const evalCommand: Command = {
  name: "eval",
  summary: "print loss and perplexity of a checkpoint on a split or on files",
  help: `<run or checkpoint> [options] [<file or glob> ...]

Evaluates on the run's validation split, or on the given files.
${TRAINED_HELP}

  --split valid|train   the split of the run's data (default valid); with fairseq's
                        data, any subset, such as test
  --batches <n>         maximum number of batches, 0 for all (default as in training:
                        train.max_eval_batches; all for files)
  --skip-bad            skips and counts what cannot be read of the files, in place of
                        stopping (default as the run's data.skip_bad)
  --cache <folder>      in place of the run's data.cache
${CONFIG_FILE_HELP}

Examples:
  blocksmith eval runs/mine
  blocksmith eval runs/mine/checkpoints/step-000500 --split train --batches 20
  blocksmith eval runs/mine 'other/**/*.py'`,
  flags: ["split", "batches", "cache", "config"],
  switches: ["skip-bad"],
  async run(args) {
    const { rest: [path, ...files], cache } = takeCache(args);
    const split = args.flags.split ?? "valid";
    if (files.length > 0 && args.flags.split) {
      throw new UserError(
        "Cannot evaluate as '--split' and files exclude each other: give one of them",
      );
    }
    const trained = await openTrainedModel(path, { ...args.flags, cache });
    const { weights, config, model } = trained;
    const usual = files.length > 0 ? null : config.train.max_eval_batches;
    const limit = numberFlag(args, "batches", usual ?? 0, 0, true) || null;
    const { locations, ignoreId } = files.length > 0
      ? await filesToRead(trained, files, args.switches.has("skip-bad"), say)
      : await splitToRead(trained, split, say);
    if (locations.length === 0) {
      throw new UserError(
        `Cannot evaluate as the ${split} split is empty: give files, or train with data.valid_fraction above 0`,
      );
    }
    const chosen = openSplits(locations);
    const gpu = await openGpu({ memoryRemedy: MEMORY_REMEDY });
    try {
      const batchSize = Math.min(
        config.train.device_eval_batch_size,
        chosen.sequences,
      );
      const engine = await openInference(trained, gpu, {
        evaluate: { batchSize },
      });
      loadTrainedWeights(trained, engine);
      const options = {
        batchSize,
        vocabSize: model.vocabSize,
        ignoreId,
      };
      const result = await evaluate(engine, chosen, options, limit);
      const { loss, perplexity, tokens } = result!;
      const inBits = logsBits(config.model);
      const step = weights.step === null ? "" : `step ${weights.step}  `;
      print(
        `${step}${files.length > 0 ? "files" : split}  loss ${
          loss.toFixed(4)
        } nats per token${inBits ? asFairseqPrints(loss) : ""}  perplexity ${
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
  skipBad: boolean,
  say: (line: string) => void,
): Promise<EvalData> {
  const { data } = config;
  const field = data.text_field;
  const ofFiles: Config["data"] = {
    ...data,
    name: "files",
    files: files.map((file) => absoluteSource(file)),
    skip_bad: data.skip_bad || skipBad,
    text_field: typeof field === "string" ? field : field[0],
    split: typeof data.split === "string" ? data.split : data.split[0],
  };
  const asked = await pinData({ ...config, data: ofFiles }, say);
  const found = await sourcesOf(asked, "files", { say });
  const prepared = await prepareWith(asked, {
    documents: { files: found.files },
    unopened: found.unopened,
    tokenizer,
    sequenceLength: model.sequenceLength,
    validFraction: 0,
    maxDocuments: null,
    say,
  });
  const lines = preparedLines(prepared, { splits: { train: "files" } });
  for (const line of lines) say(line);
  return {
    locations: [{ store: prepared.dir, split: "train" }],
    ignoreId: tokenizer.eosId,
  };
}

/** Locates a split of the run's own data. */
async function splitToRead(
  { run, weights, config, tokenizer, model }: TrainedModel,
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
  const recorded = recordedFingerprint(run);
  const opened = await openRunData(config, join(run, "config.yaml"), {
    say,
    existingRun: true,
    tokenizer: data.name === "fairseq" ? undefined : tokenizer,
    recorded,
  });
  tellData(config, opened.stores, say);
  checkSameTokenizer(weights.folder, tokenizer, opened.tokenizer);
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
  if (recorded !== undefined && recorded !== opened.fingerprint) {
    // A fingerprint with names depends on the folder.
    const old = data.name === "files" && holdsNames(recorded);
    say(
      `note: the run's data has changed since training${
        old ? ", or this is not the folder where this old run was begun" : ""
      }: this split may contain training text`,
    );
  }
  return {
    locations: (split === "train" ? opened.train : opened.valid).map((p) =>
      p.location
    ),
    ignoreId,
  };
}

/** The fingerprint of the data that a run was trained on, if it is known. */
function recordedFingerprint(run: string): string | undefined {
  try {
    const { data } = JSON.parse(readPlainText(join(run, "run.json")));
    return typeof data.fingerprint === "string" ? data.fingerprint : undefined;
  } catch {
    return undefined;
  }
}
