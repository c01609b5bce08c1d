/**
 * Many at a time, one after the other.
 * @module
 */

/** How much may be under way. */
export interface InFlightLimits {
  /** Items at most. */
  items: number;
  /** Bytes at most, unless a single item has more. */
  bytes: number;
}

/**
 * Starts work for each item as it comes, and gives the results in the items' order, whatever order they are ready in.
 * @param source asked for no more items than may be under way
 */
export async function* orderedConcurrency<
  Item extends { bytes: number },
  Result,
>(
  source: AsyncIterator<Item>,
  work: (item: Item) => Promise<Result>,
  limits: InFlightLimits,
): AsyncGenerator<[Item, Result]> {
  const inFlight: [Item, Promise<Result>][] = [];
  let bytes = 0;
  let ended = false;
  let failure: { error: unknown } | undefined;
  for (;;) {
    while (!ended && inFlight.length < limits.items && bytes < limits.bytes) {
      try {
        const { done, value } = await source.next();
        if (done) ended = true;
        else {
          const result = work(value);
          // Its error is met in its turn.
          result.catch(() => {});
          inFlight.push([value, result]);
          bytes += value.bytes;
        }
      } catch (error) {
        // What came before has its turn first: the first error in order is the one that is told.
        failure = { error };
        ended = true;
      }
    }
    const head = inFlight.shift();
    if (!head) break;
    yield [head[0], await head[1]];
    bytes -= head[0].bytes;
  }
  if (failure) throw failure.error;
}
