/** What a command is, and how its arguments are parsed. @module */
import { parseArgs } from "@std/cli/parse-args";
import { flagKind, flagNames, nearest } from "../config/mod.ts";
import { UserError } from "../errors.ts";
import { insteadOfHydraFlag } from "./hydra_flags.ts";

/** The arguments of a command, parsed. */
export interface ParsedArgs {
  /** Flags with a value, `--name value`, by name. */
  flags: Record<string, string | undefined>;
  /** Names of the flags without a value that are present, `--name`. */
  switches: Set<string>;
  /** All other arguments, in order, config flags among them. */
  positionals: string[];
}

/** One command of the program. */
export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /**
   * The text of `--help` after the command's name: usage, options, examples.
   */
  help: string;
  /** Names of flags that take a value. */
  flags?: readonly string[];
  /**
   * Names of flags whose value may be empty, given as `--name ''` or `--name=`.
   */
  mayBeEmpty?: readonly string[];
  /**
   * Names of flags that may stand alone, which is read as an empty value: what
   * follows is their value only if it is a plain word.
   */
  mayStandAlone?: readonly string[];
  /** Names of flags that take no value. */
  switches?: readonly string[];
  /**
   * Whether config keys are accepted as flags too; they become positional
   * arguments of the form `--lr=3e-3`.
   */
  configFlags?: boolean;
  /** @returns the exit code */
  run(args: ParsedArgs): Promise<number>;
}

/**
 * Parses a command's arguments.
 *
 * @throws {UserError} on an unknown flag, listing the known ones, and on a flag
 * without its value
 */
export function parseCommand(
  command: Command,
  args: readonly string[],
): ParsedArgs {
  const flags = [...command.flags ?? []];
  const switches = [...command.switches ?? [], "help", "debug"];
  const known = [...flags, ...switches].map((f) => `--${f}`).join(", ");
  const alone = command.mayStandAlone ?? [];
  const words = joinEmpty(closeAlone(args, alone));
  const given = command.configFlags
    ? keepConfigFlags(command, words, flags, switches)
    : words;
  const parsed = parseArgs(given, {
    string: [...flags, "_"],
    boolean: switches,
    alias: { help: "h" },
    unknown(arg, key) {
      if (key === undefined) return true;
      const instead = command.configFlags && insteadOfHydraFlag(arg);
      if (instead) {
        throw new UserError(
          `Cannot use Hydra's '${arg}' in 'blocksmith ${command.name}': ${instead}`,
        );
      }
      const hint = command.configFlags
        ? `, or as flags: the nearest is --${nearest(key, flagNames())}`
        : "";
      throw new UserError(
        `Unknown flag '${arg}' of 'blocksmith ${command.name}': it knows ${known}; config keys are written key=value${hint}`,
      );
    },
  });
  for (const flag of flags) {
    if (parsed[flag] !== "") continue;
    const empty = command.mayBeEmpty?.includes(flag) || alone.includes(flag);
    if (empty && given.includes(`--${flag}=`)) continue;
    throw new UserError(
      `Cannot read '--${flag}' of 'blocksmith ${command.name}' as it must have a value: write --${flag}=<value> where that begins with a dash`,
    );
  }
  return {
    flags: Object.fromEntries(
      flags.map((f) => [f, parsed[f] as string | undefined]),
    ),
    switches: new Set(switches.filter((s) => parsed[s] as unknown === true)),
    positionals: parsed._.map((word) => String(word).replace(KEPT, "")),
  };
}

/**
 * Prefix of a config flag that stays a positional argument, to keep its place.
 */
const KEPT = "\u0000";

/**
 * Turns flags that stand for config keys into positional arguments with their
 * values: `--lr 3` becomes `--lr=3` behind {@linkcode KEPT}.
 */
function keepConfigFlags(
  command: Command,
  args: readonly string[],
  flags: readonly string[],
  switches: readonly string[],
): string[] {
  const kept: string[] = [];
  // What a command of fairseq-train's has and nobody knows is refused together
  // with its other options.
  const whole = args.some((arg) => /^--task(=|$)/.test(arg));
  for (let i = 0; i < args.length; i++) {
    // fairseq's short form of --arch.
    const word = args[i] === "-a" ? "--arch" : args[i];
    const [, name, written] = /^--([a-z][\w-]*)(?:=(.*))?$/s.exec(word) ??
      [];
    const kind = name === undefined || switches.includes(name)
      ? undefined
      : flags.includes(name)
      ? "own"
      : flagKind(name) ?? (whole ? "unknown" : undefined);
    if (kind === undefined || kind === "own") {
      kept.push(args[i]);
      // The next argument is the flag's value, even if it looks like a flag.
      if (kind === "own" && written === undefined && i + 1 < args.length) {
        kept.push(args[++i]);
      }
      continue;
    }
    if (kind === "unknown") {
      const next = written ?? args[i + 1] ?? "-";
      const value = next.startsWith("-") || next.includes("=") ? "" : next;
      if (written === undefined && value !== "") i++;
      kept.push(`${KEPT}--${name}=${value}`);
      continue;
    }
    let value = written ?? (kind === "switch" ? "true" : args[i + 1]);
    if (written === undefined && kind === "value") {
      if (value === undefined || /^-(?![\d.])/.test(value)) {
        throw new UserError(
          `Cannot read '--${name}' of 'blocksmith ${command.name}' as it must have a value: write --${name} <value>`,
        );
      }
      i++;
    }
    value ??= "";
    kept.push(`${KEPT}--${name}=${value}`);
  }
  return kept;
}

/** Rewrites `--name` as `--name=` where no plain word follows it. */
const closeAlone = (
  args: readonly string[],
  names: readonly string[],
): string[] =>
  args.map((arg, i) =>
    names.some((name) => arg === `--${name}`) &&
      !/^\w[\w-]*$/.test(args[i + 1] ?? "")
      ? `${arg}=`
      : arg
  );

/**
 * Rewrites `--name ''` as `--name=`, which parses as an empty value, not as no
 * value.
 */
function joinEmpty(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1);
    if (arg === "" && before && /^--[^=]+$/.test(before)) {
      joined[joined.length - 1] = `${before}=`;
    } else joined.push(arg);
  }
  return joined;
}

/**
 * A flag's value as a number.
 *
 * @param fallback the value if the flag is absent
 * @param least the smallest value allowed
 * @throws {UserError} if it is not a number, or below `least`
 */
export function numberFlag(
  args: ParsedArgs,
  name: string,
  fallback: number,
  least: number,
  integer = false,
): number {
  const text = args.flags[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value >= least) || integer && !Number.isInteger(value)) {
    throw new UserError(
      `Cannot read '--${name}' as it must be ${
        integer ? "a whole number" : "a number"
      } from ${least} up: got '${text}'`,
    );
  }
  return value;
}
