/**
 * Types of config values. Each carries the phrase that completes the sentence
 * "'key' must be …".
 * @module
 */
import * as v from "valibot";

/** What a key's text may name in the file system. */
export type PathKind =
  /** A file or a folder. */
  | "path"
  /** Several of them, as in `PATH`. */
  | "paths"
  /** A path, a glob, `-` or a URL. */
  | "source"
  /** A path, a built-in name, or a name on the hub. */
  | "tokenizer";

/** What a config does with a value besides checking it. */
export interface Traits {
  /** The value is taken as it was written: `010` is text, not a number. */
  readonly isText?: boolean;
  /** What the text, or each item of a list, names; undefined for no path. */
  readonly pathKind?: PathKind | undefined;
  /** The key is a switch: its flag takes no value. */
  readonly isSwitch?: boolean;
  /**
   * The key says how a run is done, not what is trained. Setting it alone
   * leaves the demo chosen.
   */
  readonly isHow?: boolean;
  /** The rule for a value beyond a bound that the general rule omits. */
  beyond?(value: unknown): string | undefined;
}

/** The schema of one value; its message is the rule as a phrase. */
export type Field<T> = v.CustomSchema<T, string> & Traits;

const field = <T>(
  rule: string,
  holds: (value: unknown) => boolean,
  traits: Traits = {},
): Field<T> => Object.assign(v.custom<T, string>(holds, rule), traits);

/** Marks all these keys as saying how a run is done. */
export const how = <E extends Record<string, Field<unknown>>>(fields: E): E =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      { ...field, isHow: true },
    ]),
  ) as E;

/** A finite number for which `holds` is true. */
const numberWhere = (
  rule: string,
  holds: (value: number) => boolean,
  most = Number.MAX_VALUE,
  mostText = `a number of at most ${most.toPrecision(3)}`,
): Field<number> =>
  field(
    rule,
    (value) => typeof value === "number" && value <= most && holds(value),
    { beyond: (value) => Number(value) > most ? mostText : undefined },
  );

/** Any finite number. */
export const anyNumber: Field<number> = numberWhere(
  "a number",
  Number.isFinite,
);
/** A number above 0. */
export const positive: Field<number> = numberWhere(
  "a number above 0",
  (x) => x > 0,
);
/** A number of 0 or more. */
export const nonNegative: Field<number> = numberWhere(
  "a number of 0 or more",
  (x) => x >= 0,
);
/**
 * A number from 0 to below 1, such as a dropout probability or a moment decay.
 */
export const fractionBelowOne: Field<number> = numberWhere(
  "a number from 0 to below 1",
  (x) => x >= 0 && x < 1,
);
/** A number from 0 to 1. */
export const fraction: Field<number> = numberWhere(
  "a number from 0 to 1",
  (x) => x >= 0 && x <= 1,
);

/**
 * An integer of `least` or more and below 2^32, as it reaches the GPU as u32.
 */
export const integerFrom = (least: number): Field<number> =>
  numberWhere(
    `an integer of ${least} or more`,
    (x) => Number.isInteger(x) && x >= least,
    2 ** 32 - 1,
    `an integer below 2^32 (${2 ** 32})`,
  );

/** true or false. */
export const trueOrFalse: Field<boolean> = field(
  "true or false",
  (value) => typeof value === "boolean",
  { isSwitch: true },
);

/** Text that is not empty. */
export const text: Field<string> = field(
  "text",
  (value) => typeof value === "string" && value !== "",
  { isText: true },
);

/** A list of text, possibly empty. */
const textList: Field<string[]> = field(
  "a list of text, like [a, b]",
  (value) => Array.isArray(value) && value.every((item) => v.is(text, item)),
  { isText: true },
);

/** A field like `inner`, of paths. */
const naming = <T>(kind: PathKind, inner: Field<T>): Field<T> => ({
  ...inner,
  pathKind: kind,
});

/** A file or a folder. */
export const path: Field<string> = naming("path", text);
/** Files or folders, with the system's list separator between them. */
export const paths: Field<string> = naming("paths", text);
/** A list of what text is read from: paths, globs, `-`, URLs. */
export const sources: Field<string[]> = naming("source", textList);
/** A path, or a name that is built in or on the hub. */
export const tokenizer: Field<string> = naming("tokenizer", text);

/** Text, or a list of text with one item per entry of another list. */
export const textOrList: Field<string | string[]> = field(
  "text, or a list of text, like [a, b]",
  (value) => v.is(text, value) || v.is(textList, value),
  { isText: true },
);

/** A list of numbers above 0, possibly empty. */
export const positiveList: Field<number[]> = field(
  "a list of numbers above 0, like [0.7, 0.3]",
  (value) => Array.isArray(value) && value.every((x) => v.is(positive, x)),
);

/** One of the given words. */
export const oneOf = <const T extends string>(...words: T[]): Field<T> =>
  field(
    words.length === 1 ? `'${words[0]}'` : `one of ${words.join(", ")}`,
    (value) => (words as unknown[]).includes(value),
  );

/** `inner`, or null. */
export const nullable = <T>(inner: Field<T>): Field<T | null> =>
  field(
    `${inner.message} or null`.replace(
      /^one of (.*) or null$/,
      "one of $1, null",
    ),
    (value) => value === null || v.is(inner, value),
    {
      isText: inner.isText ?? false,
      pathKind: inner.pathKind,
      beyond: (value) => inner.beyond?.(value),
    },
  );
