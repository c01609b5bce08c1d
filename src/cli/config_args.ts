/** Composes the config that a command's arguments describe. @module */
import {
  compose,
  type Composed,
  familyOf,
  modelChoices,
  readFairseqCommand,
  withDataPath,
} from "../config/mod.ts";
import { UserError } from "../errors.ts";
import { expandHome } from "../fs/user_path.ts";
import { say } from "../terminal/output.ts";
import type { ParsedArgs } from "./command.ts";

/** Overrides that say how to run, not which model on which data. */
const RUN_OPTION = /^\+?(run|seed|gpu|use_wandb|report_\w+|train\.\w+)=/;

/**
 * Composes the config that the arguments describe. If they choose no model, no
 * data, no experiment and no config folder, the config is the demo's.
 *
 * @returns the config, and a name for its run
 * @throws {UserError} on an argument that is not an override, and as `compose`
 * does
 */
export function configFromArgs(args: ParsedArgs): Composed & { name: string } {
  const words = withDataPath(args.positionals);
  const plain = words.filter((word) => !word.startsWith("--"));
  for (const word of plain) {
    if (!/^[+~]?[\w./@-]+=/.test(word)) {
      throw new UserError(
        `Cannot read '${word}' as it must be key=value or group=choice`,
      );
    }
  }
  const named = args.flags["config-dir"];
  const own = named === undefined ? undefined : expandHome(named);
  const overrides = withoutFlags(words, plain, own);
  const demo = own === undefined &&
    overrides.every((word) => RUN_OPTION.test(word));
  if (demo) overrides.unshift("experiment=demo");
  // Even for an empty list: the user means their own text, not this project's.
  const names = (key: string) =>
    overrides.some((word) => word.startsWith(`${key}=`));
  if (names("data.files") && !names("data")) overrides.unshift("data=files");
  else if (names("data.path") && !names("data")) {
    overrides.unshift("data=fairseq");
  }
  const chosen = overrides.map((w) =>
    w.match(/^(?:experiment|model)=(.+)$/)?.[1]
  )
    .filter((c) => c !== undefined);
  return {
    ...compose({ overrides, configDir: own }),
    name: chosen.at(-1) ?? "default",
  };
}

/**
 * Replaces each config flag by the overrides it stands for, and says of which
 * ones there are none. The model family decides which keys exist.
 */
function withoutFlags(
  words: readonly string[],
  plain: readonly string[],
  configDir?: string,
): string[] {
  const arch = words.flatMap((word) => /^--arch=(.*)$/s.exec(word)?.[1] ?? [])
    .map((choice) => `model=${choice}`);
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
