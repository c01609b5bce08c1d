/**
 * The class of errors that the user can fix; all others are faults of the
 * program.
 * @module
 */

/**
 * An error in the user's input: its message is one line that says what is
 * wrong, where, and what to do.
 */
export class UserError extends Error {
  override name = "UserError";
}

/** An error about a file or folder that is not where the config says. */
export class MissingError extends UserError {}
