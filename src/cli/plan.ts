/** `blocksmith plan`. @module */
import { type Config, warnings } from "../config/mod.ts";
import { loadTokenizer } from "../data/mod.ts";
import { modelOf, stepPlansOf } from "../engine/from_config.ts";
import { trainSettings } from "../engine/train_settings.ts";
import { UserError } from "../errors.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import { parameterCount } from "../model/model.ts";
import { firstVariants, type Plan } from "../plan/plan.ts";
import { formatBytes, formatCount } from "../terminal/format_numbers.ts";
import { print, say } from "../terminal/output.ts";
import type { Command } from "./command.ts";
import { CONFIG_HELP, configFromArgs } from "./inputs/config_args.ts";
import { openGpu } from "./inputs/open_gpu.ts";

/** Limits of a typical discrete GPU, for planning without a device. */
export const ASSUMED: AdapterLimits = {
  software: false,
  subgroupSize: 32,
  int64: false,
  maxBindingBytes: 2 ** 31 - 256,
  maxBufferBytes: 2 ** 31 - 256,
  offsetAlignment: 256,
};

/** Prints the size and cost of a run, without running it. */
export const plan: Command = {
  name: "plan",
  summary: "print parameters, memory, FLOPs and dispatches of a run",
  help: `[options] [key=value ...]

Builds the run's plans without data and prints their cost. Needs no GPU: it assumes
the limits of a typical discrete GPU; with --device it takes those of this machine's
adapter.

${CONFIG_HELP}
  --device              plans for this machine's adapter
  --dispatches          lists every dispatch with its FLOPs and bytes
  --buffers             lists every buffer
  --json                prints everything as JSON

Examples:
  blocksmith plan
  blocksmith plan num_token_mult=2 model.n_layer=18
  blocksmith plan model=default-parallel --dispatches`,
  flags: ["config-dir"],
  switches: ["device", "dispatches", "buffers", "json"],
  configFlags: true,
  async run(args) {
    const { config, model: described } = configFromArgs(args);
    const notes = warnings(config.model);
    const model = modelOf(config, await vocabularyOf(config));
    let limits = ASSUMED, adapter = "a GPU with 2 GiB bindings (assumed)";
    if (args.switches.has("device")) {
      const gpu = await openGpu({ allowCpu: true });
      [limits, adapter] = [gpu.limits, gpu.name];
      gpu.close();
    }
    const settings = trainSettings(config, 1);
    const { batchSize, accumulation } = settings;
    const padding = config.model.name === "gpt2"
      ? undefined
      : config.model.padding_idx;
    const plans = stepPlansOf(config, model, settings, limits);
    const { micro, update, evaluate, memory } = plans;
    const count = parameterCount(model);
    const flops = accumulation * micro.flops + update.flops;
    const dispatches = accumulation * firstVariants(micro.dispatches).length +
      firstVariants(update.dispatches).length;
    if (args.switches.has("json")) {
      print(JSON.stringify(
        {
          adapter,
          warnings: notes,
          parameters: count,
          memory,
          flops_per_step: flops,
          tokens_per_step: settings.tokensPerStep,
          ...padding !== undefined && { padding_idx: padding },
          dispatches_per_step: dispatches,
          plans: [micro, update, evaluate].map(asData),
        },
        null,
        2,
      ));
      return 0;
    }
    for (const note of notes) say(`warning: ${note}`);
    const line = (name: string, value: string) =>
      print(`${name.padEnd(22)} ${value}`);
    line("adapter", adapter);
    line("model", described);
    line(
      "parameters",
      `${
        formatCount(count.total)
      } (${count.total}), trainable ${count.trainable}`,
    );
    line(
      "tokens per step",
      `${settings.tokensPerStep} (${batchSize} × ${model.sequenceLength} × ${accumulation})`,
    );
    if (padding !== undefined) {
      line(
        "padding_idx",
        `${padding}, so positions start at ${(padding ?? -1) + 1}`,
      );
    }
    line(
      "FLOPs per step",
      `${flops.toExponential(3)} (${
        (flops / settings.tokensPerStep).toExponential(3)
      } per token)`,
    );
    line("dispatches per step", `${dispatches}`);
    line("memory", formatBytes(memory.total));
    for (const [name, bytes] of Object.entries(memory)) {
      if (name !== "total") line(`  ${name}`, formatBytes(bytes));
    }
    if (args.switches.has("buffers")) {
      print("\nbuffers");
      for (const shard of plans.layout.shards) {
        line("  shard", `4 × ${formatBytes(shard.elements * 4)}`);
      }
      for (const p of [micro, update, evaluate]) {
        p.slots.forEach((size, i) =>
          line(`  ${p.name} slot ${i}`, formatBytes(size))
        );
      }
    }
    if (args.switches.has("dispatches")) {
      for (const p of [micro, update, evaluate]) printDispatches(p);
    }
    return 0;
  },
};

/**
 * The vocabulary size: from the config if it is set there, which needs no data
 * and no network.
 */
async function vocabularyOf({ model, data }: Config): Promise<number> {
  const known = model.vocab_size ?? data.vocab_size;
  if (known !== null) return known;
  if (data.name !== "fairseq") {
    return (await loadTokenizer(data.tokenizer)).vocabSize;
  }
  throw new UserError(
    "Cannot plan as the size of fairseq's dictionary is not known: set data.vocab_size to the number of lines of dict.txt plus 4",
  );
}

function printDispatches(plan: Plan): void {
  const dispatches = firstVariants(plan.dispatches);
  print(`\n${plan.name}: ${dispatches.length} dispatches`);
  dispatches.forEach((d, i) =>
    print(
      [
        String(i).padStart(5),
        d.kernel.padEnd(24),
        `[${d.workgroups}]`.padEnd(16),
        d.flops.toExponential(2),
        "FLOP",
        d.bytes.toExponential(2),
        "B ",
        d.label,
      ].join(" "),
    )
  );
}

const asData = (p: Plan) => ({
  name: p.name,
  slots: p.slots,
  flops: p.flops,
  bytes: p.bytes,
  dispatches: firstVariants(p.dispatches).map((
    { label, kernel, workgroups, flops, bytes, bindings },
  ) => ({
    label,
    kernel,
    workgroups,
    flops,
    bytes,
    // "place" is the name in the published form of --json.
    bindings: Object.values(bindings).map(({ location, ...rest }) => ({
      place: location,
      ...rest,
    })),
  })),
});
