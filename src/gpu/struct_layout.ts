/**
 * How does a WGSL struct lie in memory? The host writes and reads structs by
 * the names of their fields; the order is stated in the WGSL alone.
 * @module
 */
import type { Float32Word, StructValues } from "../graph/dispatch.ts";

/** One field of a struct; every field takes four bytes. */
export interface StructField {
  name: string;
  type: "u32" | "f32";
}

/** A WGSL struct that the host fills or reads. */
export interface StructLayout {
  name: string;
  /** In the order of the struct: field `i` is word `i`. */
  fields: readonly StructField[];
}

/** Bytes of a struct. */
export const structBytes = ({ fields }: StructLayout): number =>
  4 * fields.length;

/**
 * Reads a struct of `u32` and `f32` fields.
 *
 * @param file file name in `kernels/`, for messages
 * @throws {SyntaxError} where there is no such struct, or a field has another
 *   type
 */
export function parseStruct(
  file: string,
  code: string,
  name: string,
): StructLayout {
  const fault = (what: string) =>
    new SyntaxError(`kernels/${file}.wgsl: ${what}`);
  const body = withoutComments(code).match(
    new RegExp(`struct\\s+${name}\\s*\\{([^}]*)\\}`),
  )?.[1];
  if (body === undefined) throw fault(`declares no struct ${name}`);
  const fields = body.split(",").map((f) => f.trim()).filter(Boolean).map(
    (text): StructField => {
      const match = text.match(/^(\w+)\s*:\s*(u32|f32)$/);
      if (!match) {
        throw fault(`a field of struct ${name} must be u32 or f32: '${text}'`);
      }
      return { name: match[1], type: match[2] as StructField["type"] };
    },
  );
  return { name, fields };
}

/** WGSL without comments. */
export const withoutComments = (code: string) =>
  code.replace(/\/\*[^]*?\*\/|\/\/.*/g, "");

/**
 * Compares values with a struct.
 *
 * @param cannot start of the message, up to "as"
 * @throws {TypeError} naming the first field that is missing, unknown or
 *   ill-typed
 */
export function checkStruct(
  cannot: string,
  { name: struct, fields }: StructLayout,
  values: StructValues,
): void {
  for (const { name, type } of fields) {
    const value = values[name];
    if (value === undefined) {
      throw new TypeError(`${cannot} '${name}' of struct ${struct} is missing`);
    }
    const fits = typeof value === "number"
      ? type === "u32" && isU32(value)
      : type === "f32";
    if (!fits) {
      const got = typeof value === "number" ? value : `f32(${value.f32})`;
      throw new TypeError(
        `${cannot} '${name}' of struct ${struct} must be ${
          type === "u32" ? "a u32" : "an f32"
        }: got ${got}`,
      );
    }
  }
  for (const name in values) {
    if (!fields.some((f) => f.name === name)) {
      throw new TypeError(
        `${cannot} struct ${struct} has no field '${name}': it has ${
          fields.map((f) => f.name).join(", ")
        }`,
      );
    }
  }
}

const isU32 = (value: number) =>
  Number.isInteger(value) && value >= 0 && value <= 0xffffffff;

/**
 * Writes values that {@linkcode checkStruct} accepts, from byte `offset` on.
 */
export function writeStruct(
  { fields }: StructLayout,
  values: StructValues,
  into: DataView,
  offset = 0,
): void {
  // A step of training calls this: it allocates nothing.
  for (let i = 0; i < fields.length; i++) {
    const { name, type } = fields[i], at = offset + 4 * i;
    const value = values[name];
    if (type === "u32") into.setUint32(at, value as number, true);
    else into.setFloat32(at, (value as Float32Word).f32, true);
  }
}

/** Reads the struct that starts at byte `offset`. */
export function readStruct(
  { fields }: StructLayout,
  from: ArrayBuffer,
  offset = 0,
): Record<string, number> {
  const view = new DataView(from, offset);
  return Object.fromEntries(
    fields.map(({ name, type }, i) => [
      name,
      type === "u32"
        ? view.getUint32(4 * i, true)
        : view.getFloat32(4 * i, true),
    ]),
  );
}
