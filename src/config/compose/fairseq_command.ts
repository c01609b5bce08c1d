/**
 * A command line in fairseq's style: flags beside overrides, or the whole of a
 * `fairseq-train` command. Which overrides does it stand for, what of it
 * changes no number here, and what cannot be taken over?
 *
 * A command with `--task` is fairseq-train's own: what it leaves out has that
 * program's default.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { AnyModel } from "../schema/family.ts";
import {
  DEFAULTS,
  INSTEAD,
  ONLY,
  PRECISION,
  REFUSED,
  SAME_AS,
  WITHOUT_EFFECT,
} from "./fairseq_options.ts";
import {
  flagKind,
  flagName,
  hasKey,
  overridesOfFlag,
  problemOf,
} from "./flags.ts";
import { literalOverride } from "./literal_override.ts";

/** A command line's overrides, and what to say of its flags. */
export interface FairseqCommand {
  overrides: string[];
  /** One line about flags without an effect and combined ones. */
  note: string | null;
}

/** What decides how a command is read, besides its words. */
export interface CommandContext {
  /** The names that `model=` and `--arch` know. */
  models: readonly string[];
  /** The model family that the command chooses. */
  family(): AnyModel["name"];
}

/** The most checkpoints that `train.keep` can name. */
const ALL = 2 ** 32 - 1;

/** fairseq takes a list for these, with one item per epoch. */
const PER_EPOCH = ["lr", "update-freq"];

const FLAG = /^--([^=]+)=(.*)$/s;

interface Flag {
  name: string;
  value: string;
}

/** A flag as it was written. */
const shown = ({ name, value }: Flag) =>
  flagKind(name) === "switch" || value === ""
    ? `--${name}`
    : `--${name} ${value}`;

/** The flag's row in a table of options, with `=` if it takes a value. */
const option = (name: string) =>
  flagKind(name) === "switch" ? name : `${name}=`;

const isEqual = (value: string, other: string) =>
  value === other || value !== "" && Number(value) === Number(other);

/**
 * Takes the data folder of a fairseq-train command, its only word without a
 * name, as `data.path`; leaves out the program's name.
 */
export function withDataPath(words: readonly string[]): string[] {
  if (!words.some((word) => /^--(task|arch)=/.test(word))) return [...words];
  const rest = words[0] === "fairseq-train" ? words.slice(1) : [...words];
  const at = rest.findIndex((word) => word !== "" && !isOverride(word));
  if (at >= 0) rest[at] = literalOverride("data.path", rest[at]);
  return rest;
}

/** Whether a word sets something, and is no folder's name with `=` in it. */
const isOverride = (word: string): boolean =>
  /^--|^[^/=]*=|^~[^/]*$/.test(word);

/** The flags of a command, of which the last one of a name counts. */
class Flags {
  readonly all: Flag[];
  /**
   * Whether it is a whole command of fairseq-train's: a config that is chosen
   * beside it says what it leaves out.
   */
  readonly whole: boolean;
  /** Whether the words choose a model. */
  readonly choosesModel: boolean;
  /** Whether they choose data. */
  readonly choosesData: boolean;
  readonly #last = new Map<string, string>();

  constructor(words: readonly string[]) {
    this.all = words.flatMap((word) => flagOf(word) ?? []);
    for (const { name, value } of this.all) this.#last.set(name, value);
    const has = (pattern: RegExp) => words.some((word) => pattern.test(word));
    this.whole = this.#last.has("task") && !has(/^\+*(experiment|train)=/);
    this.choosesModel = has(/^\+*model=|^--arch=/);
    this.choosesData = has(/^\+*data(\.path|\.files)?=/);
  }

  last(name: string): string | undefined {
    return this.#last.get(name);
  }

  /** A flag's value as a number; undefined where it has none. */
  number(name: string): number | undefined {
    const value = Number(this.#last.get(name) || NaN);
    return Number.isFinite(value) ? value : undefined;
  }

  /** Devices that share an update. */
  get devices(): number {
    return this.number("distributed-world-size") ?? 1;
  }

  /** Micro-batches of an update, over all devices. */
  get accumulation(): number | undefined {
    const freq = this.number("update-freq") ?? (this.whole ? 1 : undefined);
    return freq === undefined ? undefined : freq * this.devices;
  }

  get tokensPerSample(): number | undefined {
    return this.number("tokens-per-sample") ??
      (this.whole ? Number(DEFAULTS["model.tokens_per_sample"]) : undefined);
  }

  /**
   * Sequences of a batch, as fairseq cuts them where all have one length: not
   * more than either limit, and a multiple of the one required above it.
   */
  get batchSize(): number | undefined {
    const tokens = this.number("max-tokens"), length = this.tokensPerSample;
    const limits = [
      this.number("batch-size"),
      tokens && length ? Math.floor(tokens / length) : undefined,
    ].filter((limit) => limit !== undefined);
    if (limits.length === 0) return undefined;
    const most = Math.min(...limits);
    const multiple = this.number("required-batch-size-multiple") ??
      (this.whole ? 8 : 1);
    return most > multiple ? most - most % multiple : most;
  }
}

/**
 * The flag that a word is, if it is one.
 *
 * @throws {UserError} on a switch with a value that is neither true nor false
 */
function flagOf(word: string): Flag | null {
  const match = FLAG.exec(word);
  if (!match) return null;
  const [, name, text] = match;
  if (flagKind(name) === "switch" && !hasKey(name)) {
    // Hydra and the Trainer write True, too.
    const value = text.toLowerCase();
    if (value === "true" || value === "false") return { name, value };
    throw new UserError(
      `Cannot set '--${name}' as it must be true or false: got '${text}'`,
    );
  }
  const one = PER_EPOCH.includes(name)
    ? /^[[(]\s*([^,]+?)\s*,?\s*[\])]$/.exec(text)
    : null;
  return { name: flagName(name), value: one?.[1] ?? text };
}

/**
 * The overrides that a command line stands for: each flag's in its place.
 *
 * @param words overrides, and flags as `--name=value`
 * @throws {UserError} naming all options at once that would change what is
 * trained and cannot be taken over
 */
export function readFairseqCommand(
  words: readonly string[],
  context: CommandContext,
): FairseqCommand {
  const flags = new Flags(words);
  if (flags.all.length === 0) return { overrides: [...words], note: null };
  const byDefault = flags.whole && !flags.choosesModel;
  const familyOf = () => byDefault ? "transformer_lm_gpt" : context.family();
  refuse(flags, { ...context, family: familyOf });
  const family = familyOf();
  const front: string[] = [];
  if (flags.whole) {
    front.push("train=fairseq");
    if (byDefault) front.push("model=transformer_lm_gpt");
    for (const [key, value] of Object.entries(DEFAULTS)) {
      if (key.startsWith("model.") && family === "gpt2") continue;
      front.push(`${key}=${value}`);
    }
    front.push(`train.gradient_accumulation_steps=${flags.accumulation}`);
  }
  // As in fairseq, unless it is said: in front, so that any place says it.
  const size = flags.batchSize;
  if (size !== undefined) front.push(`train.device_eval_batch_size=${size}`);
  const rest = words.flatMap((word) => {
    const flag = flagOf(word);
    return flag ? overridesOf(flag, flags, family) : [word];
  });
  return { overrides: [...front, ...rest], note: noteOn(flags) };
}

/** The overrides that one flag stands for, in this command. */
function overridesOf(
  flag: Flag,
  flags: Flags,
  family: AnyModel["name"],
): string[] {
  const { name, value } = flag;
  const size = `train.device_train_batch_size=${flags.batchSize}`;
  switch (name) {
    case "batch-size":
      return flags.batchSize === undefined
        ? overridesOfFlag(name, value, family)
        : [size];
    case "max-tokens":
      return [size];
    case "update-freq":
      return flags.number(name) === undefined
        ? overridesOfFlag(name, value, family)
        : [`train.gradient_accumulation_steps=${flags.accumulation}`];
    case "max-valid-steps":
      return flags.number(name) === undefined
        ? overridesOfFlag(name, value, family)
        : [`train.max_eval_batches=${Number(value) * flags.devices}`];
    case "fp16":
      return precision(value === "true", family);
    case "memory-efficient-fp16":
      // It implies --fp16: without it, that decides.
      return value === "true" ? precision(true, family) : [];
    case "checkpoint-activations":
      return [`train.recompute=${value === "true" ? "block" : "none"}`];
    case "offload-activations":
      // It implies --checkpoint-activations.
      return value === "true" ? ["train.recompute=block"] : [];
    // 0 is no limit, and no interval but the epoch's end.
    case "max-update":
      return [`train.max_steps=${isEqual(value, "0") ? "null" : value}`];
    case "max-epoch":
    case "save-interval-updates":
    case "validate-interval-updates":
      return isEqual(value, "0") ? [] : overridesOfFlag(name, value, family);
    case "keep-interval-updates":
      return isEqual(value, "-1")
        ? [`train.keep=${ALL}`]
        : overridesOfFlag(name, value, family);
  }
  return hasKey(name) ? overridesOfFlag(name, value, family) : [];
}

/** fairseq's models have their residual stream in fp16 too. */
const precision = (half: boolean, family: AnyModel["name"]): string[] => [
  `train.precision=${half ? "fp16" : "fp32"}`,
  ...half && family === "transformer_lm_gpt"
    ? ["train.residual_precision=fp16"]
    : [],
];

function refuse(flags: Flags, context: CommandContext): void {
  const reasons = flags.all.flatMap((flag) => {
    const reason = reasonAgainst(flag, flags);
    return reason === null ? [] : [`${shown(flag)}${reason}`];
  });
  if (flags.whole) reasons.push(...missing(flags));
  if (reasons.length === 0) return;
  const arch = flags.last("arch");
  if (arch !== undefined && !context.models.includes(arch)) {
    reasons.push(
      `--arch ${arch} (must be one of ${context.models.join(", ")})`,
    );
  } else {
    for (const flag of flags.all) {
      if (reasonAgainst(flag, flags) !== null) continue;
      for (const override of overridesOf(flag, flags, context.family())) {
        const problem = problemOf(override, context.family());
        if (problem) reasons.push(`${shown(flag)} (must be ${problem})`);
      }
    }
  }
  throw new UserError(
    `Cannot take over this command as every option of it that changes what is trained must be supported: got ${
      [...new Set(reasons)].join(", ")
    }`,
  );
}

/** Why a flag cannot be taken over: "" needs no words, null is no reason. */
function reasonAgainst(flag: Flag, flags: Flags): string | null {
  const { name, value } = flag, row = option(name);
  if (flagKind(name) === undefined) return " (not known here)";
  if (REFUSED.includes(row)) {
    if (value === "false") return null;
    return row in INSTEAD ? ` (${INSTEAD[row]})` : "";
  }
  const allowed = ONLY[row];
  if (allowed && !allowed.some((other) => isEqual(value, other))) {
    const words = allowed.join(", ");
    return ` (must be ${allowed.length > 1 ? `one of ${words}` : words})`;
  }
  if (row in SAME_AS) {
    const [other, fallback] = SAME_AS[row];
    const want = flags.last(other) ?? fallback;
    // A longer table of sinusoids changes nothing.
    const longer = name === "max-target-positions" &&
      flags.last("decoder-learned-pos") !== "true" && +value >= +want;
    return longer || isEqual(value, want) ? null : ` (must be ${want})`;
  }
  if (PER_EPOCH.includes(name) && value.includes(",")) {
    return " (must be one value for all epochs)";
  }
  const number = Number(value);
  switch (name) {
    case "max-tokens":
      return flags.tokensPerSample === undefined
        ? " (give --batch-size, or --tokens-per-sample too)"
        : number >= flags.tokensPerSample
        ? null
        : ` (must be at least --tokens-per-sample, ${flags.tokensPerSample})`;
    case "distributed-world-size":
      if (!(Number.isInteger(number) && number >= 1)) {
        return " (must be an integer of 1 or more)";
      }
      return number > 1 && flags.accumulation === undefined
        ? " (it multiplies --update-freq: give that too)"
        : null;
    case "valid-subset":
      return value.includes(",") ? " (must be one subset)" : null;
    case "required-batch-size-multiple":
      return Number.isInteger(number) && number >= 1
        ? null
        : " (must be an integer of 1 or more)";
    case "max-epoch":
      return number > 0 && (flags.number("max-update") ?? 0) > 0
        ? " (must be absent beside --max-update)"
        : null;
  }
  return null;
}

/** What fairseq-train takes by default and is not supported here. */
function missing(flags: Flags): string[] {
  const has = (...names: string[]) =>
    names.some((name) => flags.last(name) !== undefined);
  const ends = ["max-update", "max-epoch"].some((name) =>
    (flags.number(name) ?? 0) > 0
  );
  return [
    flags.choosesData ? null : "no data folder",
    has("optimizer") ? null : "no --optimizer (must be adam)",
    has("lr-scheduler")
      ? null
      : "no --lr-scheduler (fixed is the default, must be polynomial_decay)",
    has("batch-size", "max-tokens") ? null : "no --batch-size",
    ends ? null : "no end (give --max-update or --max-epoch)",
  ].filter((line) => line !== null);
}

function noteOn(flags: Flags): string | null {
  const unique = (keep: (row: string, flag: Flag) => boolean) =>
    [
      ...new Set(
        flags.all.filter((flag) => keep(option(flag.name), flag))
          .map(({ name }) => `--${name}`),
      ),
    ].join(", ");
  const silent = unique((row, { name }) =>
    WITHOUT_EFFECT.includes(row) || row in SAME_AS ||
    (row in ONLY && name !== "task" && !hasKey(name)) ||
    REFUSED.includes(row) ||
    row === "required-batch-size-multiple="
  );
  const halves = unique((row) => PRECISION.includes(row));
  const { batchSize, devices, accumulation } = flags;
  const parts = [
    silent && `without effect on the numbers here: ${silent}`,
    halves && `computed in fp32: ${halves}`,
    flags.last("offload-activations") === "true" &&
    "--offload-activations: activations are computed again, none is moved to the host's memory",
    devices > 1 &&
    `--distributed-world-size ${devices} multiplies --update-freq: train.gradient_accumulation_steps is ${accumulation}`,
    batchSize !== undefined && batchSize !== flags.number("batch-size") &&
    `sequences of one length are cut into batches of ${batchSize}: train.device_train_batch_size is ${batchSize}`,
  ].filter((part) => part);
  return parts.length > 0 ? `note: ${parts.join("; ")}` : null;
}
