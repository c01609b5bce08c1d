/**
 * A list of token ids that grows in place.
 * @module
 */

/** Token ids, appended one after another. */
export class IdList {
  #ids = new Uint32Array(1024);
  #length = 0;

  /** Number of ids so far. */
  get length(): number {
    return this.#length;
  }

  /** Removes all ids, such as those left over after an error. */
  clear(): void {
    this.#length = 0;
  }

  /** Appends one id. */
  push(id: number): void {
    if (this.#length === this.#ids.length) this.#grow(this.#length + 1);
    this.#ids[this.#length++] = id;
  }

  /** Appends `ids[from]` up to `ids[to - 1]`. */
  append(ids: Uint32Array, from = 0, to = ids.length): void {
    const length = this.#length + to - from;
    if (length > this.#ids.length) this.#grow(length);
    for (let i = from, at = this.#length; i < to; i++) this.#ids[at++] = ids[i];
    this.#length = length;
  }

  /** Returns a copy of the ids and empties the list. */
  take(): Uint32Array {
    const ids = this.#ids.slice(0, this.#length);
    this.#length = 0;
    // One very large document must not keep its memory allocated.
    if (this.#ids.length > 1 << 20) this.#ids = new Uint32Array(1024);
    return ids;
  }

  #grow(length: number): void {
    const bigger = new Uint32Array(length * 2);
    bigger.set(this.#ids.subarray(0, this.#length));
    this.#ids = bigger;
  }
}
