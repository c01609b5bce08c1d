/**
 * Decodes Thrift's compact protocol, the format of Parquet's headers. Time and
 * memory are at most a multiple of the bytes, whatever they claim, and bounded.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 * @module
 */
import { assertParquet, ParquetError } from "./parquet_error.ts";

/** A value. */
export type Thrift = number | boolean | Uint8Array | ThriftList | ThriftStruct;

/** A list or a set. */
export class ThriftList {
  readonly items: Thrift[] = [];
}

/** Fields by their number. */
export class ThriftStruct {
  readonly #fields: (Thrift | undefined)[] = [];

  set(id: number, value: Thrift): void {
    // No struct of Parquet has more fields; future ones are skipped.
    if (id > 0 && id < 64) this.#fields[id] = value;
  }

  has(id: number): boolean {
    return this.#fields[id] !== undefined;
  }

  /** An integer from 0, or `absent` where there is none. */
  count(id: number, absent?: number): number {
    const value = this.#fields[id] ?? absent;
    assertParquet(
      typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
      DAMAGED,
    );
    return value;
  }

  /** A 32-bit integer, or null. */
  int(id: number): number | null {
    const value = this.#fields[id] ?? null;
    assertParquet(value === null || typeof value === "number", DAMAGED);
    return value;
  }

  flag(id: number, absent: boolean): boolean {
    const value = this.#fields[id] ?? absent;
    assertParquet(typeof value === "boolean", DAMAGED);
    return value;
  }

  text(id: number): string {
    return textOf(this.#fields[id]);
  }

  texts(id: number): string[] {
    return this.#list(id).map(textOf);
  }

  struct(id: number): ThriftStruct {
    const value = this.#fields[id];
    assertParquet(value instanceof ThriftStruct, DAMAGED);
    return value;
  }

  structs(id: number): ThriftStruct[] {
    return this.#list(id).map((item) => {
      assertParquet(item instanceof ThriftStruct, DAMAGED);
      return item;
    });
  }

  #list(id: number): Thrift[] {
    const value = this.#fields[id];
    assertParquet(value instanceof ThriftList, DAMAGED);
    return value.items;
  }
}

/** Thrown where a struct continues after the last byte. */
export class EndOfBytes extends ParquetError {}

/** Thrown where a struct has more values than memory should hold. */
export class TooManyValues extends ParquetError {}

const DAMAGED = "a header in it is damaged";
/**
 * An empty struct takes one byte of a file and 100 of memory. A footer has some
 * 35 values per column and row group.
 */
const MAX_VALUES = 4_000_000;
const DEEPEST = 16;

const utf8 = new TextDecoder();

function textOf(value: Thrift | undefined): string {
  assertParquet(value instanceof Uint8Array, DAMAGED);
  return utf8.decode(value);
}

/**
 * Reads one struct from the start of `bytes`; `end` is the position after it.
 */
export function readThriftStruct(
  bytes: Uint8Array,
): { struct: ThriftStruct; end: number } {
  const reader = new Reader(bytes);
  const struct = reader.struct(0);
  return { struct, end: reader.at };
}

class Reader {
  at = 0;
  #values = 0;
  constructor(private readonly bytes: Uint8Array) {}

  struct(depth: number): ThriftStruct {
    assertParquet(depth < DEEPEST, DAMAGED);
    const struct = new ThriftStruct();
    for (let id = 0;;) {
      const header = this.byte();
      if (header === 0) return struct;
      id = header >> 4 === 0 ? this.integer() : id + (header >> 4);
      const type = header & 15;
      struct.set(id, type <= 2 ? type === 1 : this.value(type, depth));
    }
  }

  value(type: number, depth: number): Thrift {
    if (++this.#values > MAX_VALUES) {
      throw new TooManyValues(
        `a header in it has more than ${MAX_VALUES} values`,
      );
    }
    switch (type) {
      case 1:
      case 2: // in a list
        return this.byte() === 1;
      case 3:
        return this.byte() << 24 >> 24;
      case 4:
      case 5:
      case 6:
        return this.integer();
      case 7:
        return this.take(8);
      case 8:
        return this.take(this.varint());
      case 9:
      case 10:
        return this.list(depth);
      case 11:
        return this.map(depth);
      case 12:
        return this.struct(depth + 1);
      default:
        throw new ParquetError(DAMAGED);
    }
  }

  list(depth: number): ThriftList {
    assertParquet(depth < DEEPEST, DAMAGED);
    const header = this.byte();
    const size = header >> 4 === 15 ? this.varint() : header >> 4;
    const list = new ThriftList();
    // Each item takes a byte or more, so the bytes run out before memory does.
    for (let i = 0; i < size; i++) {
      list.items.push(this.value(header & 15, depth + 1));
    }
    return list;
  }

  /** Parquet has no maps: they are skipped. */
  map(depth: number): ThriftList {
    assertParquet(depth < DEEPEST, DAMAGED);
    const size = this.varint();
    const types = size > 0 ? this.byte() : 0;
    for (let i = 0; i < size; i++) {
      this.value(types >> 4, depth + 1);
      this.value(types & 15, depth + 1);
    }
    return new ThriftList();
  }

  /** A zigzag number; beyond 53 bits, some value that is not a safe integer. */
  integer(): number {
    const n = this.varint();
    return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1, i = 0; i < 10; i++, factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new ParquetError(DAMAGED);
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new EndOfBytes(DAMAGED);
    return this.bytes[this.at++];
  }

  take(length: number): Uint8Array {
    if (!(length <= this.bytes.length - this.at)) throw new EndOfBytes(DAMAGED);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
