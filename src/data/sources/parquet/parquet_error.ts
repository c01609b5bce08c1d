/**
 * What is wrong with a Parquet file.
 * @module
 */

/** A fault in the content; the message is a clause for the user, without the file's name. */
export class ParquetError extends Error {
  override name = "ParquetFault";
}

/** Stops at a fault unless `right` holds. */
export function assertParquet(right: boolean, clause: string): asserts right {
  if (!right) throw new ParquetError(clause);
}
