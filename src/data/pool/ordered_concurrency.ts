/**
 * Runs tasks concurrently and yields results in input order.
 * @module
 */

/** How much work may be in flight. */
export interface InFlightLimits {
  /** Most items. */
  items: number;
  /** Most bytes, unless a single item has more. */
  bytes: number;
}

/**
 * Starts work for each item as it arrives and yields results in the order of
 * the items, whatever order they complete in.
 * @param source is never asked for more items than may be in flight
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
          // A rejection is handled when its turn comes.
          result.catch(() => {});
          inFlight.push([value, result]);
          bytes += value.bytes;
        }
      } catch (error) {
        // Earlier items come first: the first error in order is the one that is
        // thrown.
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
