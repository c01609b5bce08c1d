/**
 * Typed access to the values of a tokenizer.json, with errors that name the
 * path of the invalid value.
 * @module
 */
import { UserError } from "../../../errors.ts";
import { brief } from "../../../terminal/quote.ts";

// Far longer than any real path; without a limit, deeply nested lists could
// overflow the stack.
const MAX_PATH_LENGTH = 4096;

/** A value in a tokenizer.json, with its path for messages. */
export class JsonNode {
  readonly value: unknown;
  readonly path: string;
  readonly file: string;

  /**
   * Wraps the value of `file` at `path` (`model.vocab`); the path of the root
   * is "".
   */
  constructor(value: unknown, file: string, path = "") {
    this.value = value;
    this.file = file;
    this.path = path;
  }

  /** The field or element `key`; its value is undefined if there is none. */
  at(key: string | number): JsonNode {
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
    if (path.length > MAX_PATH_LENGTH) throw this.error("is nested too deeply");
    return new JsonNode(inside, this.file, path);
  }

  /** Whether the field is missing or null. */
  get absent(): boolean {
    return this.value === undefined || this.value === null;
  }

  /**
   * @throws {UserError} unless the value is a string, or absent with a
   * fallback.
   */
  asText(fallback?: string): string {
    if (this.absent && fallback !== undefined) return fallback;
    const value = this.value as string;
    if (typeof value !== "string" || !value.isWellFormed()) {
      this.fail("a string of valid Unicode");
    }
    return value;
  }

  /**
   * @throws {UserError} unless the value is a string of one character, or
   * absent with a fallback.
   */
  asChar(fallback?: string): string {
    const text = this.asText(fallback);
    if ([...text].length !== 1) this.fail("one character");
    return text;
  }

  /**
   * @throws {UserError} unless the value is a boolean, or absent with a
   * fallback.
   */
  asBoolean(fallback?: boolean): boolean {
    if (this.absent && fallback !== undefined) return fallback;
    if (typeof this.value !== "boolean") this.fail("true or false");
    return this.value as boolean;
  }

  /**
   * @throws {UserError} unless the value is a whole number from 0 to 2^31 - 1,
   * or absent with a fallback.
   */
  asCount(fallback?: number): number {
    if (this.absent && fallback !== undefined) return fallback;
    const value = this.value as number;
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) {
      this.fail("a whole number of at least 0");
    }
    return value;
  }

  /**
   * @throws {UserError} unless the value is a list, or absent (read as []) if
   * `optional`.
   */
  asList(optional = false): JsonNode[] {
    if (this.absent && optional) return [];
    if (!Array.isArray(this.value)) this.fail("a list");
    return (this.value as unknown[]).map((_, i) => this.at(i));
  }

  /** @throws {UserError} unless the value is an object. */
  asObject(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.fail("an object");
    }
    return value as Record<string, unknown>;
  }

  /**
   * The `type` field of an object.
   * @throws {UserError} unless the value is an object that has one.
   */
  typeName(): string {
    this.asObject();
    return this.at("type").asText();
  }

  /** @throws {UserError} "as its <path> must be <rule>: got <value>". */
  fail(rule: string): never {
    throw this.error(`must be ${rule}: got ${brief(this.value)}`);
  }

  /**
   * @throws {UserError} naming the `type` of this object and the supported
   * ones.
   */
  unsupported(kinds: readonly string[]): never {
    throw this.error(
      `has the type ${
        brief(this.at("type").value)
      }, which is not supported: the supported types are ${kinds.join(", ")}`,
    );
  }

  /**
   * An error about this value: "Cannot use the tokenizer 'x' as its <path>
   * <what>".
   */
  error(what: string): UserError {
    const place = this.path === "" ? "content" : this.path.slice(0, 120);
    return new UserError(
      `Cannot use the tokenizer '${this.file}' as its ${place} ${what}`,
    );
  }
}
