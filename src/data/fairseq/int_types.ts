/**
 * The number types of token ids in fairseq's data files, with their codes in
 * the index.
 * @module
 */

/** Storage type of ids in a data file. */
export interface IdType {
  /** Code in the index. */
  code: number;
  /** Name in NumPy. */
  name: string;
  /** Bytes per id. */
  bytes: 1 | 2 | 4 | 8;
  /**
   * Reads `into.length` ids from the start of `buffer`, including invalid ones.
   * @returns the index of the first id that is negative or not less than
   * `vocabSize`, or -1.
   */
  decode(buffer: ArrayBuffer, into: Uint32Array, vocabSize: number): number;
  /** The id at an index of `buffer`, for messages. */
  idAt(buffer: ArrayBuffer, place: number): bigint;
}

type SmallArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

function narrowType(
  code: number,
  name: string,
  bytes: 1 | 2 | 4,
  view: new (buffer: ArrayBuffer, at: number, length: number) => SmallArray,
): IdType {
  return {
    code,
    name,
    bytes,
    decode(buffer, into, vocabSize) {
      const ids = new view(buffer, 0, into.length);
      let firstInvalid = -1;
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i];
        if (!(id >= 0 && id < vocabSize) && firstInvalid < 0) firstInvalid = i;
        into[i] = id;
      }
      return firstInvalid;
    },
    idAt: (buffer, place) => BigInt(new view(buffer, place * bytes, 1)[0]),
  };
}

function wideType(
  code: number,
  name: string,
  view: new (buffer: ArrayBuffer, at: number, length: number) =>
    | BigInt64Array
    | BigUint64Array,
): IdType {
  return {
    code,
    name,
    bytes: 8,
    decode(buffer, into, vocabSize) {
      // 32-bit halves are far faster to read than big integers, and no id needs
      // the upper half.
      const halves = new Uint32Array(buffer, 0, 2 * into.length);
      let firstInvalid = -1;
      for (let i = 0; i < into.length; i++) {
        const low = halves[2 * i];
        if ((halves[2 * i + 1] !== 0 || low >= vocabSize) && firstInvalid < 0) {
          firstInvalid = i;
        }
        into[i] = low;
      }
      return firstInvalid;
    },
    idAt: (buffer, place) => new view(buffer, place * 8, 1)[0],
  };
}

/** Type of ids for dictionaries of less than 65,500 symbols. */
const UINT16 = narrowType(8, "uint16", 2, Uint16Array);
/** Type of ids for larger dictionaries. */
export const INT32 = narrowType(4, "int32", 4, Int32Array);

/**
 * All integer types that fairseq has codes for; codes 6 and 7 are
 * floating-point types.
 */
export const ID_TYPES: readonly IdType[] = [
  narrowType(1, "uint8", 1, Uint8Array),
  narrowType(2, "int8", 1, Int8Array),
  narrowType(3, "int16", 2, Int16Array),
  INT32,
  wideType(5, "int64", BigInt64Array),
  UINT16,
  narrowType(9, "uint32", 4, Uint32Array),
  wideType(10, "uint64", BigUint64Array),
];

/**
 * The type that fairseq-preprocess uses for the ids of a dictionary. Its latest
 * versions use uint32 instead of int32, with a code that earlier versions
 * cannot read; all versions read int32.
 */
export function idTypeFor(symbols: number): IdType {
  return symbols < 65_500 ? UINT16 : INT32;
}
