/**
 * Faults in the content of a Parquet file.
 * @module
 */

/**
 * A fault in the content; the message is a clause for the user, without the
 * file's name.
 */
export class ParquetError extends Error {
  override name = "ParquetError";
}

/**
 * Checks a condition that every valid file meets.
 *
 * @throws {ParquetError} with `clause` where it does not hold
 */
export function assertParquet(right: boolean, clause: string): asserts right {
  if (!right) throw new ParquetError(clause);
}
