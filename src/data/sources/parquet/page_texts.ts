/**
 * Decodes the texts of a page.
 * @module
 */
import { isUtf8 } from "node:buffer";
import { unpack } from "./codecs/unpack.ts";
import type { PageHeader } from "./page_reader.ts";
import { assertParquet } from "./parquet_error.ts";
import { readRleRuns } from "./rle.ts";
import {
  type Dictionary,
  isDictionaryEncoding,
  readDictionary,
  readIndices,
  readValues,
} from "./values.ts";

/** Content of a row: a text, or the reason why there is none. */
export type TextCell = { text: string } | { reason: "null" | "not UTF-8" };

/** What is needed to decode a column's pages. */
export interface PageOptions {
  codec: number;
  /** See `TextColumn`. */
  maxLevel: number;
  /** Null where there is none, or it is damaged. */
  dictionary: Dictionary | null;
}

/** The dictionary in a page's content. */
export function dictionaryOf(
  content: Uint8Array,
  { values, unpacked }: PageHeader,
  codec: number,
): Dictionary {
  const bytes = unpack(content, codec, unpacked);
  // It stays while the window that holds the content is reused.
  return readDictionary(bytes === content ? bytes.slice() : bytes, values);
}

/**
 * Opens a data page whose cells are taken in order, each with `wanted`; a cell
 * that is not wanted is null and not decoded.
 *
 * @returns the next cell; throws a {@linkcode ParquetError} at the first
 * damaged one
 * @throws {ParquetError} if the page is damaged before its first cell
 */
export function pageCells(
  content: Uint8Array,
  header: PageHeader,
  options: PageOptions,
): (wanted: boolean) => TextCell | null {
  const { levels, count, bytes } = open(content, header, options);
  const next = isDictionaryEncoding(header.encoding)
    ? fromDictionary(readIndices(bytes, count), options.dictionary)
    : fromBytes(readValues(bytes, header.encoding, count));
  let row = 0;
  return (wanted) => {
    if (levels !== null && levels[row++] !== options.maxLevel) {
      return wanted ? { reason: "null" } : null;
    }
    const text = next(wanted);
    if (!wanted) return null;
    return text === null ? { reason: "not UTF-8" } : { text };
  };
}

interface Opened {
  /** Definition levels of the rows; null where all have a value. */
  levels: Uint8Array | null;
  /** Rows that have a value. */
  count: number;
  /** The encoded values. */
  bytes: Uint8Array;
}

function open(
  content: Uint8Array,
  header: PageHeader,
  { codec, maxLevel }: PageOptions,
): Opened {
  const { kind, values, unpacked, isPacked } = header;
  const width = 32 - Math.clz32(maxLevel);
  let packedLevels: Uint8Array;
  let bytes: Uint8Array;
  if (kind === "data v2") {
    packedLevels = content.subarray(0, header.levels);
    const rest = content.subarray(header.levels);
    const size = unpacked - header.levels;
    bytes = isPacked ? unpack(rest, codec, size) : rest;
  } else {
    bytes = unpack(content, codec, unpacked);
    if (maxLevel === 0) return { levels: null, count: values, bytes };
    assertParquet(bytes.length >= 4, LEVELS);
    const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(
      0,
      true,
    );
    assertParquet(size <= bytes.length - 4, LEVELS);
    packedLevels = bytes.subarray(4, 4 + size);
    bytes = bytes.subarray(4 + size);
  }
  if (maxLevel === 0) return { levels: null, count: values, bytes };
  const levels = new Uint8Array(values);
  readRleRuns(packedLevels, width, levels);
  let count = 0;
  for (let i = 0; i < values; i++) {
    assertParquet(levels[i] <= maxLevel, LEVELS);
    if (levels[i] === maxLevel) count++;
  }
  return { levels, count, bytes };
}

const LEVELS = "its levels are damaged";

/** Gives the next text, null if it is not UTF-8 or not wanted. */
type Next = (want: boolean) => string | null;

function fromBytes(values: { next(): Uint8Array }): Next {
  return (want) => {
    const bytes = values.next();
    return want ? decode(bytes) : null;
  };
}

function fromDictionary(
  indices: Uint32Array,
  dictionary: Dictionary | null,
): Next {
  assertParquet(dictionary !== null, "its dictionary is missing or damaged");
  const { bytes, starts, texts } = dictionary;
  let i = 0;
  return (want) => {
    const index = indices[i++];
    assertParquet(
      index < starts.length - 1,
      "it refers to values that its dictionary lacks",
    );
    if (!want) return null;
    return texts[index] ??= decode(
      bytes.subarray(starts[index], starts[index + 1] - 4),
    );
  };
}

// A byte order mark is part of a text, as in every other reader of Parquet.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

function decode(bytes: Uint8Array): string | null {
  return isUtf8(bytes) ? utf8.decode(bytes) : null;
}
