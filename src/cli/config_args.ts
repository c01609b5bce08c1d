/** From a command's words to a config. @module */
import {
  compose,
  type Composed,
  familyOf,
  overridesOfFlag,
} from "../config/mod.ts";
import { UserError } from "../errors.ts";
import type { ParsedArgs } from "./command.ts";

/** Keys that do not say what to train. */
const HOW = /^\+?(run|seed|gpu|use_wandb|report_\w+|train\.\w+)=/;

/**
 * Composes the config that the words describe. Where they choose no model, data
 * or experiment and name no folder of configs, that is the demo.
 *
 * @throws {UserError} on a word that is no override, and as `compose` does
 */
export function configFromArgs(args: ParsedArgs): Composed & { name: string } {
  const plain = args.words.filter((word) => !word.startsWith("--"));
  for (const word of plain) {
    if (!/^[+~]?[\w./@-]+=/.test(word)) {
      throw new UserError(
        `Cannot read '${word}' as it must be key=value or group=choice`,
      );
    }
  }
  const own = args.flags["config-dir"];
  const overrides = withoutFlags(args.words, plain, own);
  const demo = own === undefined && overrides.every((word) => HOW.test(word));
  if (demo) overrides.unshift("experiment=demo");
  // Even an empty list: the user's text was meant, not this project's.
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

/** Flags of keys as overrides, in their places; which keys there are is a matter of the model. */
function withoutFlags(
  words: readonly string[],
  plain: readonly string[],
  configDir?: string,
): string[] {
  const flags = new Map<string, [name: string, value: string]>();
  for (const word of words) {
    const match = /^--([^=]+)=(.*)$/s.exec(word);
    if (match) flags.set(word, [match[1], match[2]]);
  }
  if (flags.size === 0) return [...words];
  const chosen = [...flags.values()].filter(([name]) => name === "arch")
    .map(([, value]) => `model=${value}`);
  const family = familyOf({ overrides: [...plain, ...chosen], configDir });
  return words.flatMap((word) => {
    const flag = flags.get(word);
    return flag ? overridesOfFlag(...flag, family) : [word];
  });
}

/** The help text of the options that configs have in common. */
export const CONFIG_HELP =
  `  key=value             sets a key, e.g. model.n_layer=6 train.learning_rate=3e-4
  --<key> [<value>]     the same with fairseq's names, e.g. --scale-attn --lr 3e-3 --max-update 500
  group=choice          takes a file of configs/<group>/, e.g. model=default-parallel
  --config-dir <folder> a folder of your own that is searched before the built-in configs`;
