/** What the tests of `src/config` share. @module */
import { assertThrows } from "@std/assert";
import {
  compose,
  type Config,
  type FairseqModelConfig,
  type SimplifiedModelConfig,
} from "../../src/config/mod.ts";
import { UserError } from "../../src/errors.ts";

/**
 * Asserts that `action` refuses with exactly this line, or with one that begins
 * like this and continues in a library's words.
 */
export function assertRefuses(
  action: () => unknown,
  line: string,
  { continues = false } = {},
): void {
  const error = assertThrows(action, UserError);
  const same = continues
    ? error.message.startsWith(line) && !error.message.includes("\n") &&
      error.message.length > line.length
    : error.message === line;
  if (!same) {
    throw new Error(`wrong message:\n  ${error.message}\nexpected:\n  ${line}`);
  }
}

/** The config that these overrides compose; its model is a GPT-2. */
export function configOf(
  ...overrides: string[]
): Config & { model: SimplifiedModelConfig } {
  const { config } = compose({ overrides });
  if (config.model.name !== "gpt2") throw new Error("the other family");
  return { ...config, model: config.model };
}

/** The config that these overrides compose; its model is fairseq's. */
export function fairseqConfigOf(
  ...overrides: string[]
): Config & { model: FairseqModelConfig } {
  const { config } = compose({ overrides });
  if (config.model.name === "gpt2") throw new Error("the other family");
  return { ...config, model: config.model };
}

/**
 * Runs `action` on a folder with these files (path to text), then removes it.
 */
export function withFolder(
  files: Record<string, string>,
  action: (folder: string) => void,
): void {
  const folder = Deno.makeTempDirSync();
  try {
    for (const [path, text] of Object.entries(files)) {
      const place = `${folder}/${path}`;
      Deno.mkdirSync(place.slice(0, place.lastIndexOf("/")), {
        recursive: true,
      });
      Deno.writeTextFileSync(place, text);
    }
    action(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
