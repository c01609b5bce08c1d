/**
 * The class of errors that the user can fix; all others are faults of the
 * program.
 * @module
 */

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
