/**
 * The command line: which commands exist, their help, errors and exit codes.
 * @module
 */
import { isUtf8 } from "node:buffer";
import { messageOf, UserError } from "../errors.ts";
import { workingFolder } from "../fs/user_path.ts";
import { OutputClosed, print, say } from "../terminal/output.ts";
import { quoted } from "../terminal/quote.ts";
import { VERSION } from "../version.ts";
import { bench } from "./bench.ts";
import { type Command, parseCommand } from "./command.ts";
import { devices } from "./devices.ts";
import { evalCommand } from "./eval.ts";
import { generate } from "./generate.ts";
import { parityCommand } from "./parity.ts";
import { plan } from "./plan.ts";
import { prepareCommand } from "./prepare.ts";
import { reportCommand } from "./report.ts";
import { train } from "./train.ts";

/** All commands, in the order in which the help lists them. */
export const commands: readonly Command[] = [
  train,
  evalCommand,
  generate,
  prepareCommand,
  plan,
  reportCommand,
  parityCommand,
  bench,
  devices,
];

const overview = () =>
  `blocksmith ${VERSION}: trains transformers with WGSL kernels on WebGPU.

Usage: blocksmith <command> [options] [key=value ...]

${commands.map((c) => `  ${c.name.padEnd(10)} ${c.summary}`).join("\n")}

'blocksmith <command> --help' shows a command's options and examples.
`;

/**
 * Runs the command that `args` name.
 *
 * @returns the exit code: 0, or 1 after one line on standard error; a training
 * run that a signal stops has its own codes
 */
export async function main(args: readonly string[]): Promise<number> {
  const debug = args.includes("--debug");
  try {
    const [name, ...rest] = args.filter((a) => a !== "--debug");
    if (!name || name === "help" || name === "--help" || name === "-h") {
      print(overview());
      return 0;
    }
    if (name === "--version") {
      print(VERSION);
      return 0;
    }
    const command = commands.find((c) => c.name === name);
    if (!command) {
      throw new UserError(
        `Unknown command '${name}': it must be one of ${
          commands.map((c) => c.name).join(", ")
        }`,
      );
    }
    const parsed = parseCommand(command, rest);
    if (parsed.switches.has("help")) {
      print(`Usage: blocksmith ${command.name} ${command.help}`);
      return 0;
    }
    // Paths start from it: fail before a command does any work.
    workingFolder();
    // A report passes over what it cannot find.
    if (command !== reportCommand) requireText(rest);
    return await command.run(parsed);
  } catch (error) {
    // The reader of our output, such as `head`, has closed the pipe.
    if (error instanceof OutputClosed) return 0;
    say(`blocksmith: ${messageOf(error)}`);
    if (debug) say(Deno.inspect(error));
    return 1;
  }
}

/**
 * Names of files may be any bytes, but the runtime decodes arguments: those
 * that are not UTF-8 name other files then, or none.
 *
 * @throws {UserError} if an argument was not UTF-8
 */
function requireText(args: readonly string[]): void {
  const changed = args.find((arg) => arg.includes("\ufffd"));
  if (changed === undefined) return;
  try {
    if (isUtf8(Deno.readFileSync("/proc/self/cmdline"))) return;
  } catch {
    // What was given is not known here.
    return;
  }
  throw new UserError(
    `Cannot use the argument ${
      quoted(changed)
    } as it must be UTF-8: rename the file or folder that it names`,
  );
}
