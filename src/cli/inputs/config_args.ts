/** Composes the config that a command's arguments describe. @module */
import {
  compose,
  type Composed,
  familyOf,
  layersOf,
  literalOverride,
  modelChoices,
  readFairseqCommand,
  widthOf,
  withDataPath,
} from "../../config/mod.ts";
import { UserError } from "../../errors.ts";
import { expandHome } from "../../fs/user_path.ts";
import { counted } from "../../terminal/format_numbers.ts";
import { say } from "../../terminal/output.ts";
import { quoted } from "../../terminal/quote.ts";
import type { ParsedArgs } from "../command.ts";

/** A composed config, and what to call it. */
export interface ConfigOfArgs extends Composed {
  /** A name for its run. */
  name: string;
  /** One line: which model it is, and why. */
  model: string;
  /**
   * Whether the user may expect the demo's model, and gets another: `model` is
   * worth a line before anything happens.
   */
  leavesDemo: boolean;
}

/**
 * Composes the config that the arguments describe. If they choose no model, no
 * data, no experiment and no config folder, the config is the demo's.
 *
 * @throws {UserError} on an argument that is not an override, and as `compose`
 * does
 */
export function configFromArgs(args: ParsedArgs): ConfigOfArgs {
  const words = withDataPath(args.positionals);
  for (const word of words) {
    if (!word.includes("=") && !word.startsWith("~")) {
      throw new UserError(
        `Cannot read '${word}' as it must be key=value or group=choice`,
      );
    }
  }
  const named = args.flags["config-dir"];
  const configDir = named === undefined ? undefined : expandHome(named);
  const overrides = withoutFlags(words, configDir);
  const composed = compose({ overrides, configDir, demo: true });
  const { subject, isDemo } = composed;
  return {
    ...composed,
    name: isDemo ? "demo" : subject.choice ?? "default",
    model: describe(composed, configDir !== undefined),
    leavesDemo: subject.byKeysAlone && configDir === undefined,
  };
}

/** Which model a config has, and why: one line without a label. */
function describe(
  { config, subject, isDemo }: Composed,
  ownFolder: boolean,
): string {
  const { decidedBy, choice, byKeysAlone } = subject;
  const name = isDemo ? "the demo" : choice ?? "default";
  const { layers } = layersOf(config.model);
  const size = `${counted(layers, "layer")} of width ${widthOf(config.model)}`;
  const why = isDemo
    ? "nothing on the command line chooses a model, data or an experiment"
    : decidedBy === undefined
    ? "by the files of --config-dir"
    : `chosen by ${quoted(decidedBy)}${
      byKeysAlone && !ownFolder
        ? "; this is no longer the demo: add experiment=demo to change the demo's"
        : ""
    }`;
  return `${name}, ${size} (${why})`;
}

/**
 * Replaces each config flag by the overrides it stands for, and says of which
 * ones there are none. The model family decides which keys exist.
 */
function withoutFlags(
  words: readonly string[],
  configDir?: string,
): string[] {
  const plain = words.filter((word) => !word.startsWith("--"));
  const arch = words.flatMap((word) => /^--arch=(.*)$/s.exec(word)?.[1] ?? [])
    .map((choice) => literalOverride("model", choice));
  const { overrides, note } = readFairseqCommand(words, {
    models: modelChoices(configDir),
    family: () => familyOf({ overrides: [...plain, ...arch], configDir }),
  });
  if (note) say(note);
  return overrides;
}

/** Help text of the options that all commands with a config share. */
export const CONFIG_HELP =
  `  key=value             sets a key, e.g. model.n_layer=6 train.learning_rate=3e-4
  --<key> [<value>]     the same with fairseq's names, e.g. --scale-attn --lr 3e-3 --max-update 500;
                        the options of a whole fairseq-train command are taken over, or all
                        that cannot be are named
  group=choice          selects a file in configs/<group>/, e.g. model=default-parallel
  --config-dir <folder> your own config folder, searched before the built-in configs`;
