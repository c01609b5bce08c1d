/**
 * fairseq's dictionary: four special symbols, then one symbol per line `symbol
 * count` of `dict.txt`.
 * @module
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { UserError } from "../../../errors.ts";
import { requireBounded } from "../../../fs/bounded_file.ts";
import { fileError, hasCode } from "../../../fs/file_error.ts";
import { trimmedLength } from "./python_whitespace.ts";

/** `<s>`; language models do not use it, but it has an id. */
export const BOS = 0;
/** `<pad>`: fills up short sequences and is never predicted. */
export const PAD = 1;
/** `</s>`: ends each sentence. */
export const EOS = 2;
/** `<unk>`: replaces every symbol that is not in the dictionary. */
export const UNK = 3;

/** The symbols that precede those of `dict.txt`, in order of their ids. */
export const SPECIALS: readonly string[] = ["<s>", "<pad>", "</s>", "<unk>"];

/**
 * Suffix that lets a line of `dict.txt` repeat a symbol, which then gets the
 * later id.
 */
const OVERWRITE = " #fairseq:overwrite";

/** Largest file that is read; a million symbols have about 15 MB. */
const MAX_BYTES = 256e6;

/** A `Map` has room for 2^24 entries. */
const MAX_LINES = 2 ** 24 - SPECIALS.length;

/** Symbols and their ids, from 0 without gaps. */
export class Dictionary {
  #symbols: string[] = [];
  #counts: number[] = [];
  #ids = new Map<string, number>();

  constructor() {
    for (const symbol of SPECIALS) this.add(symbol, 1);
  }

  /**
   * Reads a `dict.txt`.
   * @throws {UserError} if the file is missing, or at its first invalid line.
   */
  static load(path: string): Dictionary {
    let bytes: Uint8Array;
    try {
      requireBounded(path, MAX_BYTES);
      bytes = readFileSync(path);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw fileError("read", path, error);
      throw new UserError(
        `Cannot find '${path}': each folder that fairseq-preprocess wrote has a dict.txt; for text, set 'data.files'`,
      );
    }
    return Dictionary.parse(bytes, path);
  }

  /**
   * Parses the bytes of a `dict.txt`.
   * @param path for messages only
   * @throws {UserError} at the first invalid line.
   */
  static parse(bytes: Uint8Array, path: string): Dictionary {
    let text: string;
    try {
      // fairseq reads a byte-order mark as part of the first symbol.
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
        .decode(bytes);
    } catch {
      throw new UserError(
        `Cannot read '${path}' as it is not UTF-8 text: binarise the text again`,
      );
    }
    // The line endings of Python's text files.
    const lines = text.split(/\r\n|\r|\n/);
    if (lines.at(-1) === "") lines.pop();
    if (lines.length > MAX_LINES) {
      throw new UserError(
        `Cannot read '${path}' as it must have at most ${MAX_LINES} lines: got ${lines.length}`,
      );
    }
    const dictionary = new Dictionary();
    lines.forEach((line, i) => {
      const reason = dictionary.#addLine(line);
      if (reason !== null) {
        throw new UserError(`Cannot read '${path}' line ${i + 1} as ${reason}`);
      }
    });
    return dictionary;
  }

  /** Number of symbols, the special ones included. */
  get size(): number {
    return this.#symbols.length;
  }

  /** The symbol of an id less than `size`. */
  symbol(id: number): string {
    return this.#symbols[id];
  }

  /**
   * The count that `dict.txt` gives for the symbol of an id less than `size`.
   */
  count(id: number): number {
    return this.#counts[id];
  }

  /** The id of a symbol; `UNK` if it is not in the dictionary. */
  index(symbol: string): number {
    return this.#ids.get(symbol) ?? UNK;
  }

  /**
   * Adds a symbol with the next id; `index()` returns the new id for a symbol
   * added before.
   */
  add(symbol: string, count: number): void {
    this.#ids.set(symbol, this.#symbols.length);
    this.#symbols.push(symbol);
    this.#counts.push(count);
  }

  /**
   * Writes a `dict.txt` from which `load()` reads the same dictionary, and
   * syncs it to disk.
   */
  save(path: string): void {
    const seen = new Set(SPECIALS);
    const lines = this.#symbols.slice(SPECIALS.length).map((symbol, i) => {
      const line = `${symbol} ${this.#counts[SPECIALS.length + i]}`;
      const repeated = seen.has(symbol);
      seen.add(symbol);
      return `${line}${repeated ? OVERWRITE : ""}\n`;
    });
    const file = openSync(path, "w");
    try {
      writeFileSync(file, lines.join(""));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  /** Adds the symbol of a line; returns the reason if the line is invalid. */
  #addLine(line: string): string | null {
    let rest = line.slice(0, trimmedLength(line));
    const overwrite = rest.endsWith(OVERWRITE);
    if (overwrite) rest = rest.slice(0, -OVERWRITE.length);
    // A symbol may contain spaces: the count follows the last one.
    const space = rest.lastIndexOf(" ");
    const field = rest.slice(space + 1);
    const count = Number(field);
    if (
      space < 0 || !/^[+-]?\d+$/.test(field) || !Number.isSafeInteger(count)
    ) {
      return `it must be a symbol, a space and a count: got ${
        quoteShort(line)
      }`;
    }
    const symbol = rest.slice(0, space);
    if (this.#ids.has(symbol) && !overwrite) {
      return `it repeats the symbol ${
        quoteShort(symbol)
      }: change one of them, or end the line with '#fairseq:overwrite' to give the symbol this id`;
    }
    this.add(symbol, count);
    return null;
  }
}

/** Quotes the start of a text for a single-line message. */
function quoteShort(text: string): string {
  return JSON.stringify(text.length > 60 ? text.slice(0, 60) + "…" : text);
}
