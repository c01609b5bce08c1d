/**
 * Collects bytes until they make a block of whole lines.
 * @module
 */

/** Bytes from which on lines are returned. */
const ENOUGH_BYTES = 1 << 20;

// Leaves room for the unfinished line that stays when whole ones are taken.
const CAPACITY = ENOUGH_BYTES + (ENOUGH_BYTES >> 2);
const NEWLINE = 10;

/** Takes blocks of bytes and returns whole lines, each time in a new buffer. */
export class LineBuffer {
  /** Bytes held. */
  length = 0;
  /** How many of them belong to whole lines. */
  #whole = 0;
  #held: Uint8Array<ArrayBuffer> = new Uint8Array();

  /** Adds a block. Returns all whole lines if they are enough for a block. */
  add(block: Uint8Array): Uint8Array<ArrayBuffer> | null {
    const newline = block.lastIndexOf(NEWLINE);
    if (newline >= 0) this.#whole = this.length + newline + 1;
    this.#reserve(this.length + block.length);
    this.#held.set(block, this.length);
    this.length += block.length;
    return this.length >= ENOUGH_BYTES && this.#whole > 0
      ? this.take(false)
      : null;
  }

  /** Takes the whole lines, or everything. */
  take(all: boolean): Uint8Array<ArrayBuffer> {
    const end = all ? this.length : this.#whole;
    const taken = this.#held.subarray(0, end);
    const rest = this.#held.subarray(end, this.length);
    this.#held = new Uint8Array();
    this.length = 0;
    if (rest.length > 0) {
      this.#reserve(Math.max(CAPACITY, rest.length * 2));
      this.#held.set(rest);
      this.length = rest.length;
    }
    this.#whole = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#held.length) return;
    // A small file needs no more than its own size.
    const room = bytes < ENOUGH_BYTES / 2
      ? bytes
      : Math.max(CAPACITY, bytes, this.#held.length * 2);
    const larger = new Uint8Array(room);
    larger.set(this.#held.subarray(0, this.length));
    this.#held = larger;
  }
}
