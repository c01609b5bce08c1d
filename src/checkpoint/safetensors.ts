/**
 * How are tensors stored on disk? The reader reads one tensor at a time and the
 * writer holds one chunk at a time, so that memory never holds a whole model.
 *
 * Layout: 8 bytes of header length (little-endian), a JSON header padded with
 * spaces to a multiple of 8, then each tensor's elements, little-endian and
 * row-major. Every machine that Deno runs on is little-endian, so typed arrays
 * are read and written as they are.
 * @module
 */
import { fileError } from "../fs/file_error.ts";
import { writeAll } from "../fs/sync.ts";
import { quoted } from "../terminal/quote.ts";
import {
  badFile,
  type Dtype,
  DTYPE_BYTES,
  elementCount,
  parseHeader,
  type TensorInfo,
} from "./_safetensors_header.ts";

export {
  type Dtype,
  elementCount,
  type TensorInfo,
} from "./_safetensors_header.ts";

/**
 * A tensor's elements. F16 and BF16 come as Float32Array, BOOL as Uint8Array.
 */
export type TensorData =
  | Float64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/**
 * Longest header: some 200,000 tensors, which take 2 s and 400 MB to parse. The
 * reference implementation has 100 MB, for which hostile headers take 5 GB.
 */
const MAX_HEADER_BYTES = 16 * 2 ** 20;

/**
 * A safetensors file open for reading; tensors are read when asked for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { join } from "node:path";
 * import { SafetensorsFile, writeSafetensors } from "./safetensors.ts";
 *
 * const folder = Deno.makeTempDirSync();
 * const path = join(folder, "model.safetensors");
 * await writeSafetensors(
 *   path,
 *   [{ name: "weight", dtype: "F32", shape: [2, 2] }],
 *   () => new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer),
 * );
 * {
 *   using file = SafetensorsFile.open(path);
 *   assertEquals(file.info("weight").shape, [2, 2]);
 *   assertEquals([...file.readFloat32("weight")], [1, 2, 3, 4]);
 * }
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export class SafetensorsFile {
  /** Its path. */
  readonly path: string;
  /** By name, in the order of their data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The `__metadata__` of the header. */
  readonly metadata: Readonly<Record<string, string>>;
  #file: Deno.FsFile;
  #dataStart: number;

  private constructor(path: string, file: Deno.FsFile, size: number) {
    this.path = path;
    this.#file = file;
    if (size < 8) {
      throw badFile(
        path,
        `it is truncated: it has ${size} bytes of at least 8`,
      );
    }
    const length = new DataView(this.#pread(0, 8).buffer).getBigUint64(0, true);
    if (length > BigInt(size - 8)) {
      throw badFile(
        path,
        `it is truncated or no safetensors file: its header should have ` +
          `${length} bytes and ${size - 8} follow`,
      );
    }
    if (length > BigInt(MAX_HEADER_BYTES)) {
      throw badFile(
        path,
        `its header has ${length} bytes, more than ${MAX_HEADER_BYTES}`,
      );
    }
    this.#dataStart = 8 + Number(length);
    const header = parseHeader(
      this.#pread(8, Number(length)),
      size - this.#dataStart,
      path,
    );
    this.tensors = header.tensors;
    this.metadata = header.metadata;
  }

  /**
   * Opens a file and checks its header against its size.
   *
   * @throws {UserError} on any defect: one line with the path and the place
   */
  static open(path: string): SafetensorsFile {
    let file: Deno.FsFile | undefined;
    try {
      // Checked before opening: opening a pipe would wait for a writer forever.
      if (!Deno.statSync(path).isFile) {
        throw badFile(path, "it is not a file");
      }
      file = Deno.openSync(path, { read: true });
      return new SafetensorsFile(path, file, file.statSync().size);
    } catch (error) {
      file?.close();
      throw fileError("read", path, error);
    }
  }

  /** Names in the order of the tensors' data. */
  names(): string[] {
    return [...this.tensors.keys()];
  }

  /** @throws {UserError} if there is no such tensor */
  info(name: string): TensorInfo {
    const info = this.tensors.get(name);
    if (!info) throw badFile(this.path, `it has no tensor ${quoted(name)}`);
    return info;
  }

  /**
   * Raw little-endian bytes of a tensor, or of a part of it.
   *
   * @param from first byte, from the start of the tensor
   * @param to byte after the last
   * @throws {UserError} if there is no such tensor or it cannot be read
   * @throws {RangeError} if the part lies outside the tensor
   */
  readBytes(
    name: string,
    from = 0,
    to: number = this.info(name).bytes,
  ): Uint8Array<ArrayBuffer> {
    const { start, bytes } = this.info(name);
    if (!(from >= 0 && from <= to && to <= bytes)) {
      throw new RangeError(`bytes ${from} to ${to} of ${bytes} of '${name}'`);
    }
    try {
      return this.#pread(this.#dataStart + start + from, to - from);
    } catch (error) {
      throw fileError("read", this.path, error);
    }
  }

  /**
   * A whole tensor in an array of its type; F16 and BF16 are widened to f32.
   *
   * @throws {UserError} if there is no such tensor or it cannot be read
   */
  read(name: string): TensorData {
    const { buffer } = this.readBytes(name);
    switch (this.info(name).dtype) {
      case "F64":
        return new Float64Array(buffer);
      case "F32":
        return new Float32Array(buffer);
      case "F16":
        return new Float32Array(new Float16Array(buffer));
      case "BF16": {
        // A bfloat16 is the upper half of a float32.
        const wide = new Uint32Array(buffer.byteLength / 2);
        new Uint16Array(buffer).forEach((half, i) => wide[i] = half << 16);
        return new Float32Array(wide.buffer);
      }
      case "I64":
        return new BigInt64Array(buffer);
      case "I32":
        return new Int32Array(buffer);
      case "I16":
        return new Int16Array(buffer);
      case "I8":
        return new Int8Array(buffer);
      case "U64":
        return new BigUint64Array(buffer);
      case "U32":
        return new Uint32Array(buffer);
      case "U16":
        return new Uint16Array(buffer);
      case "U8":
      case "BOOL":
        return new Uint8Array(buffer);
    }
  }

  /**
   * A whole floating-point tensor as f32, whatever its width on disk.
   *
   * @throws {UserError} if it is missing or holds integers
   */
  readFloat32(name: string): Float32Array<ArrayBuffer> {
    const data = this.read(name);
    if (data instanceof Float32Array) return data;
    if (data instanceof Float64Array) return new Float32Array(data);
    throw badFile(
      this.path,
      `tensor ${quoted(name)} must be of a floating-point dtype: got ${
        this.info(name).dtype
      }`,
    );
  }

  #pread(position: number, length: number): Uint8Array<ArrayBuffer> {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(length);
    } catch {
      throw badFile(
        this.path,
        `${length} bytes at once do not fit into memory: read it in parts`,
      );
    }
    // Synchronous, so that no other read can move the position in between.
    this.#file.seekSync(position, Deno.SeekMode.Start);
    for (let at = 0; at < length;) {
      const count = this.#file.readSync(bytes.subarray(at));
      if (count === null) {
        throw badFile(
          this.path,
          `it was cut while being read, at byte ${position + at}`,
        );
      }
      at += count;
    }
    return bytes;
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  /** As {@linkcode close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A tensor to be written. */
export interface TensorEntry {
  /** Unique in the file; `__metadata__` is taken. */
  readonly name: string;
  /** Element type. */
  readonly dtype: Dtype;
  /** Row-major; `[]` is a scalar. */
  readonly shape: readonly number[];
}

/** A tensor's little-endian bytes, whole or in chunks. */
export type TensorChunks =
  | Uint8Array
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>;

/**
 * Writes a safetensors file and syncs it to disk. The bytes depend on the
 * arguments alone: the header keeps the given order and has no time stamp. The
 * file is complete once the promise resolves; on an error it is removed.
 *
 * @param produce called for each tensor in order, after the previous one is
 *   written
 * @throws {UserError} if it cannot be written
 * @throws {RangeError} on a repeated name, a bad shape, or a wrong byte count
 */
export async function writeSafetensors(
  path: string,
  entries: readonly TensorEntry[],
  produce: (name: string) => TensorChunks | Promise<TensorChunks>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { header, sizes } = buildHeader(entries, metadata);
  let opened = false;
  try {
    using file = Deno.openSync(path, {
      write: true,
      create: true,
      truncate: true,
    });
    opened = true;
    writeAll(file, header);
    for (const [i, { name }] of entries.entries()) {
      const made = await produce(name);
      let count = 0;
      for await (const chunk of made instanceof Uint8Array ? [made] : made) {
        count += chunk.length;
        if (count > sizes[i]) break;
        writeAll(file, chunk);
      }
      if (count !== sizes[i]) {
        throw new RangeError(
          `'${name}' needs ${sizes[i]} bytes: got ${
            count > sizes[i] ? "more" : count
          }`,
        );
      }
    }
    file.syncSync();
  } catch (error) {
    // Described before removing: afterwards a full disk has space again.
    const fault = fileError("write", path, error);
    if (opened) removeFile(path);
    throw fault;
  }
}

/** The header, preceded by its length, and each tensor's bytes. */
function buildHeader(
  entries: readonly TensorEntry[],
  metadata: Readonly<Record<string, string>>,
): { header: Uint8Array; sizes: number[] } {
  // Joined by hand: in an object names like "0" would come first.
  const fields: string[] = [];
  const names = new Set(["__metadata__"]);
  const sizes: number[] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) {
    const pairs = keys.map((key) =>
      `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`
    );
    fields.push(`"__metadata__":{${pairs.join(",")}}`);
  }
  let start = 0;
  for (const { name, dtype, shape } of entries) {
    const bytes = elementCount(shape) * DTYPE_BYTES[dtype];
    if (names.has(name)) throw new RangeError(`tensor '${name}' given twice`);
    if (!Number.isSafeInteger(start + bytes)) {
      throw new RangeError(`'${name}' cannot be ${dtype} [${shape}]`);
    }
    names.add(name);
    sizes.push(bytes);
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],` +
        `"data_offsets":[${start},${start + bytes}]}`,
    );
    start += bytes;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  if (json.length > MAX_HEADER_BYTES) {
    throw new RangeError(`a header of ${json.length} bytes is too long`);
  }
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return { header, sizes };
}

/** Removes an incomplete file; a device or pipe given as a path stays. */
function removeFile(path: string): void {
  try {
    if (Deno.lstatSync(path).isFile) Deno.removeSync(path);
  } catch {
    // The error that led here says more.
  }
}
