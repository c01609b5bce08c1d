/**
 * fairseq's dictionary: four special symbols, then those of `dict.txt`, a line `symbol count` each.
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
import { trimmedLength } from "./words.ts";

/** `<s>`; language models have no use for it, but it has its id. */
export const BOS = 0;
/** `<pad>`: fills up what is too short, and is never to be predicted. */
export const PAD = 1;
/** `</s>`: ends each sentence. */
export const EOS = 2;
/** `<unk>`: stands for all symbols that are not in the dictionary. */
export const UNK = 3;

/** The symbols that are there before any of `dict.txt`, in order of their ids. */
export const SPECIALS: readonly string[] = ["<s>", "<pad>", "</s>", "<unk>"];

/** Allows a line of `dict.txt` to repeat a symbol, which then has the later id. */
const OVERWRITE = " #fairseq:overwrite";

/** A `Map` has room for 2^24 entries. */
const MOST_LINES = 2 ** 24 - SPECIALS.length;

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
   * @throws {UserError} if there is none, or at its first faulty line.
   */
  static load(path: string): Dictionary {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new UserError(
        code === "ENOENT"
          ? `Cannot find '${path}': each folder that fairseq-preprocess wrote has a dict.txt; text is named in 'data.files'`
          : `Cannot read '${path}': ${message}`,
      );
    }
    return Dictionary.parse(bytes, path);
  }

  /**
   * What the bytes of a `dict.txt` say.
   * @param path for messages only
   * @throws {UserError} at the first faulty line.
   */
  static parse(bytes: Uint8Array, path: string): Dictionary {
    let text: string;
    try {
      // fairseq takes a byte-order mark for a part of the first symbol.
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
        .decode(bytes);
    } catch {
      throw new UserError(
        `Cannot read '${path}' as it is not UTF-8 text: binarise the text again`,
      );
    }
    // Python's line ends, in text files.
    const lines = text.split(/\r\n|\r|\n/);
    if (lines.at(-1) === "") lines.pop();
    if (lines.length > MOST_LINES) {
      throw new UserError(
        `Cannot read '${path}' as it may have at most ${MOST_LINES} lines: got ${lines.length}`,
      );
    }
    const dictionary = new Dictionary();
    lines.forEach((line, i) => {
      const fault = dictionary.#addLine(line);
      if (fault !== null) {
        throw new UserError(`Cannot read '${path}' line ${i + 1} as ${fault}`);
      }
    });
    return dictionary;
  }

  /** Number of symbols, the special ones included. */
  get size(): number {
    return this.#symbols.length;
  }

  /** The symbol of an id below `size`. */
  symbol(id: number): string {
    return this.#symbols[id];
  }

  /** How often the text had the symbol of an id below `size`, by `dict.txt`. */
  count(id: number): number {
    return this.#counts[id];
  }

  /** The id of a symbol, `UNK` if it has none. */
  index(symbol: string): number {
    return this.#ids.get(symbol) ?? UNK;
  }

  /** Adds a symbol with the next id; a symbol that is there already is found under the new id from now on. */
  add(symbol: string, count: number): void {
    this.#ids.set(symbol, this.#symbols.length);
    this.#symbols.push(symbol);
    this.#counts.push(count);
  }

  /** Writes a `dict.txt` that `load()` makes the same dictionary of, and waits until the disk has it. */
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

  /** Adds what a line says; or says what is wrong with it. */
  #addLine(line: string): string | null {
    let rest = line.slice(0, trimmedLength(line));
    const overwrite = rest.endsWith(OVERWRITE);
    if (overwrite) rest = rest.slice(0, -OVERWRITE.length);
    // A symbol may have spaces itself: the count is what follows the last one.
    const space = rest.lastIndexOf(" ");
    const field = rest.slice(space + 1);
    const count = Number(field);
    if (
      space < 0 || !/^[+-]?\d+$/.test(field) || !Number.isSafeInteger(count)
    ) {
      return `it must be a symbol, a space and a count: got ${quote(line)}`;
    }
    const symbol = rest.slice(0, space);
    if (this.#ids.has(symbol) && !overwrite) {
      return `it repeats the symbol ${
        quote(symbol)
      }: remove the line, or end it with '#fairseq:overwrite' to give the symbol this id`;
    }
    this.add(symbol, count);
    return null;
  }
}

/** A piece of the file for a message of one line. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? text.slice(0, 60) + "…" : text);
}
