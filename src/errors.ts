/**
 * Whose error is it, and how is it shown? A {@linkcode UserError} is the
 * user's, an error with a code the system's, any other a fault of the program.
 * @module
 */
import { constants } from "node:os";

/** Options of a {@linkcode UserError}. */
export interface UserErrorOptions extends ErrorOptions {
  /**
   * Whether a file or folder is not where the config says.
   * @default false
   */
  isMissing?: boolean;
}

/**
 * An error in the user's input: its message is one line that says what is
 * wrong, where, and what to do.
 */
export class UserError extends Error {
  override name = "UserError";
  /** Whether a file or folder is not where the config says. */
  readonly isMissing: boolean;

  constructor(message: string, options: UserErrorOptions = {}) {
    super(message, options);
    this.isMissing = options.isMissing ?? false;
  }
}

/**
 * The code of a system error, as in `ENOENT`; null for any other error.
 *
 * Deno gives codes to the usual errors only; the others have their number in
 * the message, as EFBIG beyond `ulimit -f`.
 */
export function systemCode(error: unknown): string | null {
  const { code, message } = (error ?? {}) as Record<string, unknown>;
  if (typeof code === "string") return /^E[A-Z0-9]+$/.test(code) ? code : null;
  const number = /\(os error (\d+)\)/.exec(String(message))?.[1];
  if (number === undefined) return null;
  const names = Object.entries(constants.errno);
  return names.find(([, value]) => value === Number(number))?.[0] ?? null;
}

/** What is done with what each of Deno's permissions protects. */
const PROTECTED: Record<string, string> = {
  read: "read",
  write: "write",
  env: "use the environment variable",
  sys: "ask the system for",
  net: "connect to",
  run: "run",
  ffi: "load the library",
  all: "open",
};

/**
 * The permission that Deno did not grant, as a message, where an error or its
 * cause says so; null for any other error. The text is what counts, as an error
 * of a thread arrives as text.
 */
export function missingPermission(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    const [, kind, what] =
      /Requires (\w+) access(?: to (.+?))?, (?:run again|specify)/s
        .exec(at.message) ?? [];
    if (!kind) continue;
    const doing = `${PROTECTED[kind] ?? kind} ${what ?? "what it protects"}`;
    return `Cannot ${
      doing.replaceAll('"', "'")
    } as Deno was started without --allow-${kind}: add it, or -A`;
  }
  return null;
}

/**
 * An error's message as one line; marks those that are faults of the program.
 */
export function messageOf(error: unknown): string {
  const refused = missingPermission(error);
  if (refused !== null) return refused;
  const message = error instanceof Error ? error.message : String(error);
  const line = message.split("\n")[0];
  return error instanceof UserError
    ? line
    : `${line} (unexpected: --debug shows where)`;
}
