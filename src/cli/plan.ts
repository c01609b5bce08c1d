/** `blocksmith plan`. @module */
import { asText, percent, type Table, threeDigits } from "../bench/mod.ts";
import { type Config, warnings } from "../config/mod.ts";
import { loadTokenizer } from "../data/mod.ts";
import { modelOf, stepPlansOf } from "../engine/from_config.ts";
import { MemoryVariants } from "../engine/memory_variants.ts";
import { trainSettings } from "../engine/train_settings.ts";
import { UserError } from "../errors.ts";
import { deviceMemory } from "../gpu/device_memory.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import { parameterCount } from "../model/model.ts";
import { estimateStep, type StepCost } from "../plan/cost.ts";
import {
  deviceNamed,
  deviceOfAdapter,
  DEVICES,
  type KnownDevice,
  limitsOfDevice,
} from "../plan/devices.ts";
import { firstVariants, type Plan } from "../plan/plan.ts";
import { formatBytes, formatCount } from "../terminal/format_numbers.ts";
import { print, say } from "../terminal/output.ts";
import type { Command } from "./command.ts";
import { printVariants, recomputationLine } from "./plan_memory.ts";
import { CONFIG_HELP, configFromArgs } from "./inputs/config_args.ts";
import { openGpu } from "./inputs/open_gpu.ts";

/** Limits of a typical discrete GPU, for planning without a device. */
export const ASSUMED: AdapterLimits = {
  software: false,
  subgroupSize: 32,
  int64: false,
  f16: true,
  storageBindings: 48,
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
the limits of a typical discrete GPU. --device plans for a device that is named, or
without a name for this machine's adapter, and estimates the time of a step on it.

${CONFIG_HELP}
  --device [<name>]     plans for a device, here or not, and estimates its times:
                        ${DEVICES.map((d) => d.name).join(", ")}
  --dispatches          lists every dispatch with its FLOPs and bytes
  --buffers             lists every buffer
  --memory              also the memory with other settings: fp16, recomputation,
                        half of the batch
  --json                prints everything as JSON

Examples:
  blocksmith plan
  blocksmith plan num_token_mult=2 model.n_layer=18
  blocksmith plan model=default-parallel --dispatches
  blocksmith plan experiment=preln-18l --device h100`,
  flags: ["config-dir", "device"],
  mayStandAlone: ["device"],
  switches: ["dispatches", "buffers", "memory", "json"],
  configFlags: true,
  async run(args) {
    const { config, model: described } = configFromArgs(args);
    const notes = warnings(config.model);
    const model = modelOf(config, await vocabularyOf(config));
    const { limits, adapter, device, free } = await targetOf(args.flags.device);
    const settings = trainSettings(config, 1);
    const { batchSize, accumulation } = settings;
    const padding = config.model.name === "gpt2"
      ? undefined
      : config.model.padding_idx;
    const plans = stepPlansOf(config, model, settings, limits);
    const { micro, update, evaluate, memory } = plans;
    const count = parameterCount(model);
    const flops = accumulation * micro.flops + update.flops;
    const variants = new MemoryVariants(config, model, limits);
    const dispatches = accumulation * firstVariants(micro.dispatches).length +
      firstVariants(update.dispatches).length;
    const cost = device && estimateStep(
      [{ plan: micro, times: accumulation }, { plan: update, times: 1 }],
      device,
      navigator.hardwareConcurrency,
    );
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
          ...device && cost && {
            estimate: costAsData(device, cost, settings.tokensPerStep),
          },
          plans: [micro, update, evaluate].map(asData),
          ...args.switches.has("memory") && {
            memory_variants: variants.table(),
          },
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
    if (device?.memory) line("  of the device's", formatBytes(device.memory));
    if (config.train.recompute !== "none") {
      line("recomputation", recomputationLine(variants));
    }
    const tooLarge = memory.total > free;
    if (tooLarge) {
      line("too large", `${formatBytes(free)} free: ${variants.remedy(free)}`);
    }
    if (tooLarge || args.switches.has("memory")) {
      printVariants(variants, free);
    }
    if (device && cost) {
      print("");
      print(asText(costTable(device, cost, settings.tokensPerStep)).trimEnd());
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

/** What to plan for: limits, their name, and figures where they are known. */
interface Target {
  limits: AdapterLimits;
  adapter: string;
  device: KnownDevice | undefined;
  /** Bytes that buffers can be allocated from, as far as that is known. */
  free: number;
}

/**
 * The target of `--device`.
 *
 * @param name empty for this machine's adapter
 * @throws {UserError} on an unknown name, listing the known ones
 */
async function targetOf(name: string | undefined): Promise<Target> {
  if (name === undefined) {
    return {
      limits: ASSUMED,
      adapter: "a GPU with 2 GiB bindings (assumed)",
      device: undefined,
      free: Infinity,
    };
  }
  if (name === "") {
    const gpu = await openGpu({ allowCpu: true });
    gpu.close();
    return {
      limits: gpu.limits,
      adapter: gpu.name,
      device: deviceOfAdapter(gpu.name),
      free: deviceMemory(gpu),
    };
  }
  const device = deviceNamed(name);
  if (!device) {
    throw new UserError(
      `Cannot plan for '--device' as it must name one of ${
        DEVICES.map((d) => d.name).join(", ")
      }, or stand alone for this machine's adapter: got '${name}'`,
    );
  }
  return {
    limits: limitsOfDevice(device),
    adapter: `${device.name} (by its figures; no device is opened)`,
    device,
    free: device.memory ?? Infinity,
  };
}

/** The estimated times of a step, as a table. */
function costTable(
  device: KnownDevice,
  { kernels, seconds, arithmetic, traffic }: StepCost,
  tokens: number,
): Table {
  const ms = (s: number) => threeDigits(1e3 * s);
  const rate = (s: number) => Math.round(tokens / s);
  const cores = device.perCore
    ? ` on ${navigator.hardwareConcurrency} cores`
    : "";
  return {
    title: `Estimated step on ${device.name}${cores}: ${ms(seconds)} ms, ${
      rate(seconds)
    } tokens/s`,
    headings: ["kernel", "work", "times", "ms", "share", "GFLOP/s", "GB/s"],
    rows: kernels.map((k) => [
      k.kernel,
      k.work,
      String(k.count),
      ms(k.seconds),
      percent(k.seconds / seconds),
      threeDigits(k.flops / k.seconds / 1e9),
      threeDigits(k.bytes / k.seconds / 1e9),
    ]),
    notes: [
      `Limit by arithmetic: ${ms(arithmetic)} ms, ${
        rate(arithmetic)
      } tokens/s; limit by bytes from memory: ${ms(traffic)} ms.`,
      "An estimate from the device's figures, not a measurement; docs/performance.md says how far off it is.",
      `Figures of ${device.name}: ${device.source}.`,
    ],
  };
}

const costAsData = (
  { name, source }: KnownDevice,
  { kernels, seconds, arithmetic, traffic }: StepCost,
  tokens: number,
) => ({
  device: name,
  source,
  ms_per_step: 1e3 * seconds,
  tokens_per_s: tokens / seconds,
  least_ms_by_arithmetic: 1e3 * arithmetic,
  least_ms_by_bytes: 1e3 * traffic,
  kernels: kernels.map(({ seconds, ...rest }) => ({
    ...rest,
    ms: 1e3 * seconds,
  })),
});

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
