/**
 * The grammar of overrides on the command line: Hydra's. What Hydra's grammar
 * accepts has the same value here, except sweeps, which are refused. Where it
 * refuses a value that has one plain reading, such as `~/data` or
 * `[notes/[ab]*.{md,txt}]`, that is its value here.
 * `scripts/peers/hydra_overrides.py` compares the two.
 * @module
 */
import { UserError } from "../../errors.ts";
import { quoted } from "../../terminal/quote.ts";
import { isMapping } from "../values/flat_config.ts";
import { closingBrace } from "../values/interpolate.ts";
import { castScalar, scalarOf, type Written } from "../values/scalars.ts";

/** One override, parsed. */
export interface Override {
  /** As given, for messages. */
  source: string;
  prefix: "" | "+" | "++" | "~";
  /** The key or group: dotted, or with slashes. */
  key: string;
  /** What follows the key after `@`. */
  package?: string | undefined;
  /** Absent in `~key`. */
  value?: Written | undefined;
}

const NAME = String.raw`[A-Za-z_$][\w$-]*`;
const KEY = new RegExp(
  String.raw`^(${NAME}(?:\.(?:${NAME}|\d+))*|${NAME}(?:/${NAME})+)` +
    String.raw`(?:@([\w.$:-]*))?$`,
);

/**
 * Parses one override: `key=value`, `+key=value`, `++key=value`, `~key` or
 * `~key=value`.
 *
 * @throws {UserError} on anything else, and on sweeps
 */
export function parseOverride(source: string): Override {
  const [, prefix, name, written] = /^(~|\+{0,2})([^=]*)(?:=(.*))?$/s.exec(
    source,
  )!;
  const key = KEY.exec(name);
  if (!key || written === undefined && prefix !== "~") {
    throw refusal(
      source,
      "it must be 'key=value' or 'group=choice', like 'model.n_layer=6' or 'model=op'",
    );
  }
  return {
    source,
    prefix: prefix as Override["prefix"],
    key: key[1],
    package: key[2],
    value: written === undefined
      ? undefined
      : new ValueReader(source, written).read(),
  };
}

/** The error of an override that cannot be used; `why` completes "as …". */
export const refusal = (source: string, why: string): UserError =>
  new UserError(`Cannot read the override ${quoted(source)} as ${why}`);

const CLOSING: Record<string, string> = { "[": "]", "{": "}", "(": ")" };

/** In text without quotes, the backslash of these is left out. */
const ESCAPE = /^\\[\\()[\]{}:=, \t]/;

/** Most levels of brackets; keys take two. */
const MAX_DEPTH = 50;

const SWEEPS = [
  "choice",
  "range",
  "interval",
  "glob",
  "tag",
  "sort",
  "shuffle",
];
const CASTS = ["int", "float", "str", "bool"];

/** Reads the value of one override from left to right. */
class ValueReader {
  #at = 0;
  #depth = 0;

  constructor(readonly source: string, readonly input: string) {}

  read(): Written {
    this.#skipBlanks();
    if (this.#at === this.input.length) return { value: "", text: "" };
    const value = this.#element();
    if (this.input[this.#at] === ",") throw this.#sweep();
    if (this.#at < this.input.length) throw this.#unbalanced();
    return value;
  }

  /** Reads one value, and the blanks around it. */
  #element(): Written {
    this.#skipBlanks();
    const char = this.input[this.#at];
    if (char === "'" || char === '"') return this.#quoted();
    if (char === "[" && this.#endsElement(this.#at)) return this.#list();
    if (
      char === "{" && this.#endsElement(this.#at) &&
      /^\{\s*(?:\}|(?:\\.|[^\\,:{}[\]()])+:)/s.test(this.input.slice(this.#at))
    ) return this.#mapping();
    const call = /^([a-z]+)[ \t]*\(/.exec(this.#next(20));
    if (call && [...SWEEPS, ...CASTS].includes(call[1])) {
      const open = this.#at + call[0].length - 1;
      if (this.#endsElement(open)) {
        this.#at = open;
        return this.#call(call[1]);
      }
    }
    return this.#unquoted(",]})");
  }

  #list(): Written {
    const items = this.#items("]", () => this.#element());
    return {
      value: items.map(({ value }) => value),
      text: items.map(({ text }) => text),
    };
  }

  #mapping(): Written {
    const items = this.#items("}", () => {
      this.#skipBlanks();
      const quote = /['"]/.test(this.input[this.#at] ?? "");
      const key = quote ? this.#quoted() : this.#unquoted(",:]})");
      if (this.input[this.#at++] !== ":") {
        throw refusal(this.source, "a mapping must be like {key: value}");
      }
      return { key: String(key.text), item: this.#element() };
    });
    return {
      value: Object.fromEntries(items.map((i) => [i.key, i.item.value])),
      text: Object.fromEntries(items.map((i) => [i.key, i.item.text])),
    };
  }

  /** Applies a cast, such as `str(1e-3)`. */
  #call(name: string): Written {
    const args = this.#items(")", () => {
      this.#skipBlanks();
      this.#at += /^value[ \t]*=/.exec(this.#next(20))?.[0].length ?? 0;
      return this.#element();
    });
    if (SWEEPS.includes(name) || args.length > 1) throw this.#sweep();
    const cast = (value: unknown, text: unknown): Written => {
      if (Array.isArray(value)) {
        const items = value.map((item, i) =>
          cast(item, (text as unknown[])[i])
        );
        return {
          value: items.map((item) => item.value),
          text: items.map((item) => item.text),
        };
      }
      const result = isMapping(value)
        ? undefined
        : castScalar(name, value, String(text));
      if (result) return result;
      throw refusal(
        this.source,
        `${name}() must get a value that it can convert`,
      );
    };
    return cast(args[0]?.value, args[0]?.text);
  }

  /** Reads all between an opening bracket and `close`. */
  #items<T>(close: string, read: () => T): T[] {
    if (++this.#depth > MAX_DEPTH) {
      throw refusal(
        this.source,
        `brackets must have at most ${MAX_DEPTH} levels`,
      );
    }
    const items: T[] = [];
    this.#at++;
    this.#skipBlanks();
    while (items.length > 0 || this.input[this.#at] !== close) {
      items.push(read());
      if (this.input[this.#at] !== ",") break;
      this.#at++;
    }
    if (this.input[this.#at] !== close) throw this.#unbalanced();
    this.#at++;
    this.#depth--;
    this.#skipBlanks();
    return items;
  }

  /** Text in quotes: backslashes count only before a quote of that kind. */
  #quoted(): Written {
    const quote = this.input[this.#at++];
    let text = "";
    for (;;) {
      const rest = this.input.slice(this.#at);
      const plain = /^[^\\'"]+|^["']/.exec(rest)?.[0];
      if (plain !== undefined && plain !== quote) {
        text += plain;
        this.#at += plain.length;
        continue;
      }
      if (plain === quote) {
        this.#at++;
        // YAML writes a quote inside text so; Hydra has no meaning for it.
        if (quote !== "'" || this.input[this.#at] !== "'") break;
        text += "'";
        this.#at++;
        continue;
      }
      const slashes = /^\\*/.exec(rest)![0].length;
      if (slashes === 0) {
        throw refusal(this.source, "every quote must be closed");
      }
      this.#at += slashes;
      if (rest[slashes] !== quote) text += "\\".repeat(slashes);
      else {
        text += "\\".repeat(slashes >> 1);
        if (slashes % 2 === 1) {
          text += quote;
          this.#at++;
        }
      }
    }
    this.#skipBlanks();
    if (!/^[,:\]})]?$/.test(this.#next(1))) {
      throw refusal(
        this.source,
        `text that begins with ${quote} must end with it: inside, a quote is written \\${quote}`,
      );
    }
    return { value: text, text };
  }

  /**
   * A number, a boolean, null, or text without quotes, in which brackets come
   * in pairs.
   *
   * @param ends the characters that end it
   */
  #unquoted(ends: string): Written {
    let text = "", escaped = false, end = 0;
    while (this.#at < this.input.length) {
      const char = this.input[this.#at];
      if (ends.includes(char)) break;
      const from = this.#at;
      if (ESCAPE.test(this.#next(2))) {
        this.#at += 2;
        text += this.input[from + 1];
        escaped = true;
        end = text.length;
        continue;
      }
      this.#at = 1 +
        (char in CLOSING ? this.#closing(from) : this.#referenceEnd(from));
      // Hydra's colon takes the blanks after it along.
      if (char === ":") this.#skipBlanks();
      text += this.input.slice(from, this.#at);
      if (char !== " " && char !== "\t") end = text.length;
    }
    // Blanks around a value are no part of it.
    text = text.slice(0, end);
    if (text === "") {
      throw refusal(
        this.source,
        "each of its values must be written: '' is empty text",
      );
    }
    const scalar = escaped ? undefined : scalarOf(text);
    return { value: scalar === undefined ? text : scalar, text };
  }

  /** The place of the bracket that closes the one at `open`. */
  #closing(open: number): number {
    const stack: string[] = [];
    for (let at = open; at < this.input.length; at++) {
      const char = this.input[at];
      const end = this.#referenceEnd(at);
      if (end > at) at = end;
      else if (char === "\\") at++;
      else if (char in CLOSING) stack.push(CLOSING[char]);
      else if (/['"]/.test(char) && /[,:[{(]\s*$/.test(this.#before(at))) {
        for (at++; at < this.input.length && this.input[at] !== char; at++) {
          if (this.input[at] === "\\") at++;
        }
      } else if (")]}".includes(char)) {
        if (stack.pop() !== char) break;
        if (stack.length === 0) return at;
      }
    }
    throw this.#unbalanced();
  }

  /** The place of the brace that closes a `${` at `at`; `at` if none does. */
  #referenceEnd(at: number): number {
    if (!this.input.startsWith("${", at)) return at;
    const nested = closingBrace(this.input, at);
    const first = this.input.indexOf("}", at + 3);
    return nested > 0 ? nested : first > 0 ? first : at;
  }

  /** Whether nothing but the end of a value follows the closing bracket. */
  #endsElement(open: number): boolean {
    const after = this.input.slice(this.#closing(open) + 1);
    return /^\s*(?:$|[,\]})])/.test(after);
  }

  #skipBlanks(): void {
    while (/^[ \t]$/.test(this.#next(1))) this.#at++;
  }

  #next(count: number): string {
    return this.input.slice(this.#at, this.#at + count);
  }

  #before(at: number): string {
    return this.input.slice(Math.max(0, at - 20), at);
  }

  #unbalanced(): UserError {
    return refusal(
      this.source,
      "brackets must come in pairs: put text with a single bracket in quotes",
    );
  }

  #sweep(): UserError {
    return refusal(
      this.source,
      `it is a sweep, and each of its values must be one run here: a list is written 'key=[a,b]', text with commas "key='a,b'"`,
    );
  }
}
