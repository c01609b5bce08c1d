/** `blocksmith generate`. @module */
import { MEMORY_REMEDY } from "../engine/from_config.ts";
import { sampleToken } from "./sampling.ts";
import { UserError } from "../errors.ts";
import { writeOutput } from "../terminal/output.ts";
import { type Command, numberFlag } from "./command.ts";
import {
  CONFIG_FILE_HELP,
  loadTrainedWeights,
  openInference,
  openTrainedModel,
  TRAINED_HELP,
} from "./inputs/checkpoint_args.ts";
import { openGpu } from "./inputs/open_gpu.ts";
import { takeCache } from "./inputs/run_config.ts";

/** Samples text from a checkpoint. */
export const generate: Command = {
  name: "generate",
  summary: "sample text from a checkpoint",
  help: `<run or checkpoint> [options]

${TRAINED_HELP}

  --prompt <text>       the beginning of the text (default a line break); write
                        --prompt='- x' if it begins with a dash
  --tokens <n>          number of tokens to sample (default 256)
  --temperature <t>     divides the logits; 0 takes the most likely token (default 0.8)
  --top-k <k>           samples from the k most likely tokens; 0 from all (default 40)
  --cache <folder>      in place of the run's data.cache
  --seed <n>            equal seeds give equal texts (default 0)
${CONFIG_FILE_HELP}

Examples:
  blocksmith generate runs/mine --prompt 'def '
  blocksmith generate runs/mine --temperature 0 --tokens 100`,
  mayBeEmpty: ["prompt"],
  flags: [
    "prompt",
    "tokens",
    "temperature",
    "top-k",
    "seed",
    "cache",
    "config",
  ],
  async run(args) {
    const count = numberFlag(args, "tokens", 256, 1, true);
    const options = {
      temperature: numberFlag(args, "temperature", 0.8, 0),
      topK: numberFlag(args, "top-k", 40, 0, true),
      seed: numberFlag(args, "seed", 0, 0, true),
    };
    const { rest: [path, ...rest], cache } = takeCache(args);
    if (rest.length > 0) {
      throw new UserError(
        `Cannot read '${
          rest[0]
        }' as one run or checkpoint must be given: write text as --prompt '${
          rest[0]
        }'`,
      );
    }
    const trained = await openTrainedModel(path, { ...args.flags, cache });
    const { config, tokenizer, model } = trained;
    const prompt = args.flags.prompt || "\n";
    const tokens = [...tokenizer.encode(prompt)];
    // fairseq's texts start after an end-of-sentence token; and the model needs
    // at least one token.
    if (config.data.name === "fairseq" || tokens.length === 0) {
      tokens.unshift(tokenizer.eosId ?? 0);
    }
    const gpu = await openGpu({ memoryRemedy: MEMORY_REMEDY });
    try {
      const engine = await openInference(trained, gpu, { generate: true });
      loadTrainedWeights(trained, engine);
      // A character may span several tokens: print complete characters only.
      let printed = 0;
      const show = (last: boolean) => {
        const text = tokenizer.decode(tokens);
        const whole = last ? text : text.replace(/\uFFFD{1,3}$/, "");
        if (whole.length > printed) writeOutput(whole.slice(printed));
        printed = Math.max(printed, whole.length);
      };
      show(false);
      for (let i = 0; i < count; i++) {
        const logits = await engine.next(tokens.slice(-model.sequenceLength));
        const token = sampleToken(logits, options, i);
        if (token === tokenizer.eosId) break;
        tokens.push(token);
        show(false);
      }
      show(true);
      writeOutput("\n");
      return 0;
    } finally {
      gpu.close();
    }
  },
};
