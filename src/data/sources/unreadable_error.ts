/**
 * Errors of files whose content cannot be read.
 * @module
 */
import { MissingError, UserError } from "../../errors.ts";
import { CONTENT_LENGTH, oneLine } from "../../terminal/quote.ts";

/** A file with a fault in its content. */
export class UnreadableError extends UserError {
  /** Why, as a clause that follows `Cannot read '<name>' as `. */
  readonly fault: string;
  /** Whether what was read before the fault may be wrong, too. */
  readonly suspect: boolean;

  constructor(name: string, fault: string, { suspect = false } = {}) {
    super(`Cannot read '${name}' as ${fault}`);
    this.fault = fault;
    this.suspect = suspect;
  }
}

/** The error for a file that the operating system does not let us read. */
export function cannotRead(name: string, error: unknown): UserError {
  const { code, message } = error as { code?: string; message?: string };
  const reason = code === "EACCES" || code === "EPERM"
    ? "permission denied"
    : code === "ENOENT"
    ? "no such file"
    : code === "EISDIR"
    ? "it is a folder"
    : oneLine(message ?? String(error), CONTENT_LENGTH);
  const Kind = code === "ENOENT" ? MissingError : UserError;
  return new Kind(`Cannot read '${name}': ${reason}`, { cause: error });
}
