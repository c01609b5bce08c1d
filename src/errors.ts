/**
 * Whose error is it? The user's, which has a class of its own, the system's,
 * which has a code, or else the program's.
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
