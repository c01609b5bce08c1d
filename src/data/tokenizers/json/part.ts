/**
 * Reading a tokenizer.json with every fault named by its place.
 * @module
 */
import { UserError } from "../../../errors.ts";
import { brief } from "../../../terminal/quote.ts";

// Far beyond any real place; without a limit a nest of lists could exhaust the stack.
const MOST_PATH = 4096;

/** A value inside a tokenizer.json that knows where it stands. */
export class Part {
  readonly value: unknown;
  readonly path: string;
  readonly file: string;

  /** The part of `file` at `path` (`model.vocab`), "" for the whole. */
  constructor(value: unknown, file: string, path = "") {
    this.value = value;
    this.file = file;
    this.path = path;
  }

  /** The field or element `key`; its value is undefined where there is none. */
  at(key: string | number): Part {
    const { value } = this;
    const inside = typeof value === "object" && value !== null &&
        Object.hasOwn(value, key)
      ? (value as Record<string | number, unknown>)[key]
      : undefined;
    const path = typeof key === "number"
      ? `${this.path}[${key}]`
      : this.path
      ? `${this.path}.${key}`
      : key;
    if (path.length > MOST_PATH) throw this.error("is nested too deep");
    return new Part(inside, this.file, path);
  }

  /** Whether there is nothing here: no field, or null. */
  get absent(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** @throws {UserError} unless it is a string, or absent with a fallback. */
  text(fallback?: string): string {
    if (this.absent && fallback !== undefined) return fallback;
    const value = this.value as string;
    if (typeof value !== "string" || !value.isWellFormed()) {
      this.fail("a string of whole characters");
    }
    return value;
  }

  /** @throws {UserError} unless it is a string of one character, or absent with a fallback. */
  char(fallback?: string): string {
    const text = this.text(fallback);
    if ([...text].length !== 1) this.fail("one character");
    return text;
  }

  /** @throws {UserError} unless it is true or false, or absent with a fallback. */
  flag(fallback?: boolean): boolean {
    if (this.absent && fallback !== undefined) return fallback;
    if (typeof this.value !== "boolean") this.fail("true or false");
    return this.value as boolean;
  }

  /** @throws {UserError} unless it is a whole number from 0 to 2^31 - 1, or absent with a fallback. */
  count(fallback?: number): number {
    if (this.absent && fallback !== undefined) return fallback;
    const value = this.value as number;
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) {
      this.fail("a whole number from 0");
    }
    return value;
  }

  /** @throws {UserError} unless it is a list, or absent (then empty) where `optional`. */
  list(optional = false): Part[] {
    if (this.absent && optional) return [];
    if (!Array.isArray(this.value)) this.fail("a list");
    return (this.value as unknown[]).map((_, i) => this.at(i));
  }

  /** @throws {UserError} unless it is an object. */
  record(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.fail("an object");
    }
    return value as Record<string, unknown>;
  }

  /** The `type` of an object. @throws {UserError} unless it has one. */
  type(): string {
    this.record();
    return this.at("type").text();
  }

  /** @throws {UserError} "as its <path> must be <rule>: got <value>". */
  fail(rule: string): never {
    throw this.error(`must be ${rule}: got ${brief(this.value)}`);
  }

  /** @throws {UserError} naming the `type` here and those that there are. */
  unsupported(kinds: readonly string[]): never {
    throw this.error(
      `has the type ${
        brief(this.at("type").value)
      }, which is not supported: there are ${kinds.join(", ")}`,
    );
  }

  /** An error about this place: "Cannot use the tokenizer 'x' as its <path> <what>". */
  error(what: string): UserError {
    const place = this.path === "" ? "content" : this.path.slice(0, 120);
    return new UserError(
      `Cannot use the tokenizer '${this.file}' as its ${place} ${what}`,
    );
  }
}
