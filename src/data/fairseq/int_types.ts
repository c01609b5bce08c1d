/**
 * The number types that token ids may have in fairseq's data files, by the code that an index has for them.
 * @module
 */

/** How ids lie in a data file. */
export interface IntType {
  /** What stands for it in the index. */
  code: number;
  /** NumPy's name. */
  name: string;
  /** Bytes of an id. */
  bytes: 1 | 2 | 4 | 8;
  /**
   * Reads `into.length` ids from the start of `buffer`, those of `vocabSize` and above included.
   * @returns the place of the first that is negative or not below `vocabSize`, or -1.
   */
  decode(buffer: ArrayBuffer, into: Uint32Array, vocabSize: number): number;
  /** The id at a place of `buffer`, for messages. */
  idAt(buffer: ArrayBuffer, place: number): bigint;
}

type SmallArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

function small(
  code: number,
  name: string,
  bytes: 1 | 2 | 4,
  view: new (buffer: ArrayBuffer, at: number, length: number) => SmallArray,
): IntType {
  return {
    code,
    name,
    bytes,
    decode(buffer, into, vocabSize) {
      const ids = new view(buffer, 0, into.length);
      let bad = -1;
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i];
        if (!(id >= 0 && id < vocabSize) && bad < 0) bad = i;
        into[i] = id;
      }
      return bad;
    },
    idAt: (buffer, place) => BigInt(new view(buffer, place * bytes, 1)[0]),
  };
}

function large(
  code: number,
  name: string,
  view: new (buffer: ArrayBuffer, at: number, length: number) =>
    | BigInt64Array
    | BigUint64Array,
): IntType {
  return {
    code,
    name,
    bytes: 8,
    decode(buffer, into, vocabSize) {
      // Halves are far faster to read than big integers, and no id needs the upper one.
      const halves = new Uint32Array(buffer, 0, 2 * into.length);
      let bad = -1;
      for (let i = 0; i < into.length; i++) {
        const low = halves[2 * i];
        if ((halves[2 * i + 1] !== 0 || low >= vocabSize) && bad < 0) bad = i;
        into[i] = low;
      }
      return bad;
    },
    idAt: (buffer, place) => new view(buffer, place * 8, 1)[0],
  };
}

/** Type of ids in dictionaries of less than 65,500 symbols. */
export const U16 = small(8, "uint16", 2, Uint16Array);
/** Type of ids in larger ones. */
export const I32 = small(4, "int32", 4, Int32Array);

/** All types of whole numbers that fairseq has codes for; 6 and 7 are floating-point numbers. */
export const INT_TYPES: readonly IntType[] = [
  small(1, "uint8", 1, Uint8Array),
  small(2, "int8", 1, Int8Array),
  small(3, "int16", 2, Int16Array),
  I32,
  large(5, "int64", BigInt64Array),
  U16,
  small(9, "uint32", 4, Uint32Array),
  large(10, "uint64", BigUint64Array),
];

/**
 * The type that fairseq-preprocess takes for the ids of a dictionary. Its latest versions have uint32 in place of
 * int32, with a code that earlier ones cannot read; all read int32.
 */
export function typeFor(symbols: number): IntType {
  return symbols < 65_500 ? U16 : I32;
}
