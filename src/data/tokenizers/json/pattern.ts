/**
 * Translates the regular expressions of a tokenizer.json, in the syntax of
 * Oniguruma (Ruby), to JavaScript.
 *
 * Both follow Unicode; differences are expanded: `\s` is White_Space, `^` and
 * `$` match at lines, `.` excludes only the line feed, `x{,3}` starts at 0,
 * `x{1,3}+` repeats, and possessive `x++` becomes a lookahead and a
 * backreference to its match.
 * @module
 */
import type { JsonNode } from "./json_node.ts";
import { ONIGURUMA_WORD } from "./unicode.ts";

/** Escapes for sets of characters, as the content of a class. */
const ESCAPE_CLASSES: Record<string, string> = {
  d: "\\p{Nd}",
  s: "\\p{White_Space}",
  w: ONIGURUMA_WORD,
  h: "0-9a-fA-F",
};

const POSIX_CLASSES: Record<string, string> = {
  alnum: "\\p{Alphabetic}\\p{Nd}",
  alpha: "\\p{Alphabetic}",
  ascii: "\\x00-\\x7f",
  blank: "\\p{Zs}\\t",
  cntrl: "\\p{Cc}",
  digit: "\\p{Nd}",
  lower: "\\p{Lowercase}",
  punct: "\\p{P}\\p{S}",
  space: "\\p{White_Space}",
  upper: "\\p{Uppercase}",
  word: ONIGURUMA_WORD,
  xdigit: "0-9a-fA-F",
};

const CONTROLS: Record<string, string> = {
  t: "\t",
  n: "\n",
  r: "\r",
  f: "\f",
  v: "\v",
  a: "\x07",
  e: "\x1b",
};

const ANCHORS: Record<string, string> = {
  A: "(?<![^])",
  z: "(?![^])",
  Z: "(?!\\n?[^])",
};

/**
 * Reads a pattern of a tokenizer.json, `{ "String": … }` or `{ "Regex": … }`.
 * @returns a regular expression with the flags "gv"
 * @throws {UserError} if it is invalid or uses syntax that is not supported.
 */
export function readPattern(node: JsonNode): RegExp {
  const literal = node.at("String");
  if (!literal.absent) {
    return new RegExp(
      [...literal.asText()].map(escapeCharacter).join(""),
      "gv",
    );
  }
  const regex = node.at("Regex");
  if (regex.absent) node.fail(`{"String": text} or {"Regex": pattern}`);
  const source = new OnigurumaTranslator(regex).translate();
  try {
    const pattern = new RegExp(source, "gv");
    // Compiled on first use, for narrow and for wide strings; too large a
    // pattern shows then.
    for (const text of ["", "\u{10ffff}"]) text.replace(pattern, "");
    return pattern;
  } catch {
    return regex.fail("a regular expression");
  }
}

/** Escapes one literal character, inside and outside classes. */
function escapeCharacter(char: string): string {
  return /^[\p{L}\p{N}]$/u.test(char)
    ? char
    : `\\u{${char.codePointAt(0)!.toString(16)}}`;
}

class OnigurumaTranslator {
  #node: JsonNode;
  #chars: string[];
  #at = 0;
  #atomic = 0;

  constructor(node: JsonNode) {
    this.#node = node;
    this.#chars = [...node.asText()];
  }

  translate(): string {
    const source = this.#alternatives();
    if (this.#at < this.#chars.length) this.#refuse(")");
    return source;
  }

  /** Translates alternatives up to a closing parenthesis or the end. */
  #alternatives(): string {
    let source = "";
    while (this.#at < this.#chars.length && this.#chars[this.#at] !== ")") {
      if (this.#take("|")) {
        source += "|";
        continue;
      }
      // `(?i)` applies until its group ends, including the alternatives.
      const flags = this.#takeMatch(/^\(\?(i|-i)\)/);
      if (flags) {
        source += `(?${flags[1]}:${this.#alternatives()})`;
        continue;
      }
      source += this.#repeated(this.#atom());
    }
    return source;
  }

  #repeated(atom: string): string {
    for (;;) {
      const found = this.#takeMatch(/^(?:[?*+]|\{\d+(?:,\d*)?\}|\{,\d+\})/);
      if (!found) return atom;
      const times = found[0].replace("{,", "{0,");
      if (this.#take("?")) {
        if (/^\{\d+\}$/.test(times)) this.#refuse(`${times}?`);
        atom = `(?:${atom}${times}?)`;
      } else if (times.length === 1 && this.#take("+")) {
        const name = `a${this.#atomic++}`;
        atom = `(?:(?=(?<${name}>${atom}${times}))\\k<${name}>)`;
      } else {
        const next = this.#chars[this.#at];
        const again = next !== undefined && /[?*+{]/.test(next);
        atom = again ? `(?:${atom}${times})` : atom + times;
      }
    }
  }

  #atom(): string {
    const char = this.#chars[this.#at];
    if (char === "[") return this.#class();
    if (char === "\\") return this.#escape(false);
    if (char === "(") return this.#group();
    this.#at++;
    if (char === ".") return "[^\\n]";
    if (char === "^") return "(?<![^\\n])";
    if (char === "$") return "(?![^\\n])";
    if (/[?*+]/.test(char)) this.#refuse(char);
    return escapeCharacter(char);
  }

  #group(): string {
    const found = this.#takeMatch(
      /^\((?:\?(?:[:=!]|<[=!]|>|-?i:|<\w+>)|(?!\?))/,
    );
    if (!found) {
      this.#refuse(this.#chars.slice(this.#at, this.#at + 3).join(""));
    }
    const open = found![0];
    const inside = this.#alternatives();
    if (!this.#take(")")) this.#refuse("( without )");
    if (open === "(?>") {
      const name = `a${this.#atomic++}`;
      return `(?:(?=(?<${name}>${inside}))\\k<${name}>)`;
    }
    // Nothing refers to groups, so none is captured.
    const kept = open === "(" || /^\(\?<\w/.test(open) ? "(?:" : open;
    return `${kept}${inside})`;
  }

  /** Translates `[…]` to a class of JavaScript's `v` flag. */
  #class(): string {
    this.#at++;
    const not = this.#take("^") ? "^" : "";
    const operands = [""];
    while (!this.#take("]")) {
      if (this.#at >= this.#chars.length) this.#refuse("[ without ]");
      const last = operands.length - 1;
      if (this.#takeMatch(/^&&/)) {
        operands.push("");
        continue;
      }
      const posix = this.#takeMatch(/^\[:(\^?)(\w+):\]/);
      if (posix) {
        if (!Object.hasOwn(POSIX_CLASSES, posix[2])) this.#refuse(posix[0]);
        operands[last] += `[${posix[1]}${POSIX_CLASSES[posix[2]]}]`;
        continue;
      }
      if (this.#chars[this.#at] === "[") operands[last] += this.#class();
      else operands[last] += this.#classPart();
    }
    if (operands.includes("")) this.#refuse("an empty class");
    const inside = operands.length === 1
      ? operands[0]
      : operands.map((operand) => `[${operand}]`).join("&&");
    return `[${not}${inside}]`;
  }

  /** Translates a character, a set or a range inside a class. */
  #classPart(): string {
    const from = this.#member();
    const range = this.#chars[this.#at] === "-" &&
      this.#at + 1 < this.#chars.length && this.#chars[this.#at + 1] !== "]";
    if (!range || isSet(from)) return from;
    this.#at++;
    const to = this.#member();
    if (isSet(to)) this.#refuse(`a range to ${to}`);
    return `${from}-${to}`;
  }

  #member(): string {
    if (this.#chars[this.#at] === "\\") return this.#escape(true);
    return escapeCharacter(this.#chars[this.#at++]);
  }

  #escape(inClass: boolean): string {
    const property = this.#takeMatch(/^\\([pP])\{(\^?)(\w+)\}/);
    if (property) {
      const not = (property[1] === "P") !== (property[2] === "^");
      return this.#property(property[3], not, property[0]);
    }
    const code = this.#takeMatch(
      /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|x\{([0-9a-fA-F]{1,6})\})/,
    );
    if (code) {
      const point = parseInt(code[1] ?? code[2] ?? code[3], 16);
      if (point > 0x10ffff) this.#refuse(code[0]);
      return `\\u{${point.toString(16)}}`;
    }
    this.#at++;
    const char = this.#chars[this.#at++];
    if (char === undefined) this.#refuse("a trailing \\");
    const set = ESCAPE_CLASSES[char.toLowerCase()];
    if (set !== undefined) {
      return `[${char === char.toLowerCase() ? "" : "^"}${set}]`;
    }
    if (Object.hasOwn(CONTROLS, char)) return escapeCharacter(CONTROLS[char]);
    if (!inClass && Object.hasOwn(ANCHORS, char)) return ANCHORS[char];
    if (/[A-Za-z0-9]/.test(char)) this.#refuse(`\\${char}`);
    return escapeCharacter(char);
  }

  #property(name: string, not: boolean, written: string): string {
    const posix = POSIX_CLASSES[name.toLowerCase()];
    if (posix !== undefined) return `[${not ? "^" : ""}${posix}]`;
    for (const known of [name, `Script=${name}`]) {
      const set = `\\${not ? "P" : "p"}{${known}}`;
      try {
        new RegExp(set, "v");
        return set;
      } catch {
        // Not that kind of name: try the next.
      }
    }
    return this.#refuse(written);
  }

  #take(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #takeMatch(regex: RegExp): RegExpMatchArray | null {
    const found = this.#chars.slice(this.#at, this.#at + 40).join("")
      .match(regex);
    if (found) this.#at += [...found[0]].length;
    return found;
  }

  #refuse(what: string): never {
    throw this.#node.error(`uses ${what}, which is not supported`);
  }
}

function isSet(source: string): boolean {
  return source.startsWith("[") || /^\\[pP]/.test(source);
}
