/**
 * Errors of files whose content cannot be read.
 * @module
 */
import {
  missingPermission,
  systemCode,
  UserError,
  type UserErrorOptions,
} from "../../errors.ts";
import { FileError, fileError, hasCode } from "../../fs/file_error.ts";
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

/** A file that the operating system does not let us read. */
export class AccessError extends UserError {
  /** Why, as a clause that follows `Cannot read '<name>': `. */
  readonly reason: string;

  constructor(name: string, reason: string, options?: UserErrorOptions) {
    super(`Cannot read '${name}': ${reason}`, options);
    this.reason = reason;
  }
}

/** The error for a file that the operating system does not let us read. */
export function cannotRead(name: string, error: unknown): AccessError {
  return new AccessError(name, accessReason(error), {
    cause: error,
    isMissing: hasCode(error, "ENOENT"),
  });
}

/**
 * Why the operating system does not let us read something.
 *
 * @throws the error itself where it is Deno that has no permission: that is not
 *   the fault of one file
 */
export function accessReason(error: unknown): string {
  if (missingPermission(error)) throw error;
  const known = REASONS[systemCode(error) ?? ""];
  if (known) return known;
  const fault = fileError("read", "", error);
  return fault instanceof FileError
    ? fault.reason
    : oneLine(fault.message, CONTENT_LENGTH);
}

/** Shorter than those of `FileError`: several stand in one list. */
const REASONS: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "no such file",
  EISDIR: "it is a folder",
  ELOOP: "it is a loop of links",
};
