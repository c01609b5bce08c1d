/**
 * A table of damaged files: each must be refused in one line that names the
 * path and the fault.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { SafetensorsFile } from "../../src/checkpoint/safetensors.ts";
import { UserError } from "../../src/errors.ts";
import { tempDir } from "../helpers/files.ts";

/** A file of a header and its data. `length` may lie about the header. */
function build(
  header: string | Uint8Array,
  data = 12,
  length?: bigint,
): Uint8Array {
  const text = typeof header === "string"
    ? new TextEncoder().encode(header)
    : header;
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(
    0,
    length ?? BigInt(text.length),
    true,
  );
  bytes.set(text, 8);
  return bytes;
}

const A = '"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';
const B = '"b":{"dtype":"U8","shape":[4],"data_offsets":[8,12]}';
const GOOD = build(`{${A},${B}}`);
/** `b` alone changed; `a` as in the good file. */
const withB = (b: string) => build(`{${A},"b":${b}}`);
const described = (dtype: string, shape: string, offsets: string) =>
  withB(`{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`);

const TABLE: [what: string, bytes: Uint8Array, says: string][] = [
  ["an empty file", new Uint8Array(0), "truncated: it has 0 bytes"],
  ["seven bytes", GOOD.slice(0, 7), "truncated: it has 7 bytes"],
  ["the length alone", GOOD.slice(0, 8), "and 0 follow"],
  ["a cut in the header", GOOD.slice(0, 40), "and 32 follow"],
  ["a header without data", build(`{${A},${B}}`, 0), "the data ends at 0"],
  ["a cut in the first tensor", GOOD.slice(0, -9), "'a' at bytes 0 to 8"],
  ["a cut of one byte", GOOD.slice(0, -1), "'b' at bytes 8 to 12"],
  ["one byte too many", build(`{${A},${B}}`, 13), "1 bytes after the last"],
  [
    "a length of 2^64 - 1",
    build("{}", 0, 2n ** 64n - 1n),
    "18446744073709551615",
  ],
  ["a length beyond 2^53", build("{}", 0, 2n ** 53n + 1n), "9007199254740993"],
  ["a length one too long", build(`{${A}}`, 0, 53n + 10n), "truncated"],
  ["a length one too short", build("{}  ", 0, 1n), "not JSON"],
  ["a length of zero", build(`{${A}}`, 8, 0n), "begin with '{'"],
  ["text", new TextEncoder().encode("Lorem ipsum dolor"), "truncated or no"],
  [
    "an HTML page",
    new TextEncoder().encode("<!DOCTYPE html>".repeat(9)),
    "no safetensors",
  ],
  ["an array for a header", build("[]", 0), "begin with '{'"],
  ["a leading space", build(" {}", 0), "begin with '{'"],
  ["a byte order mark", build("\uFEFF{}", 0), "begin with '{'"],
  ["broken JSON", build(`{${A},}`), "not JSON"],
  ["padding of zeros", build(`{${A}}\0\0\0`, 8), "not JSON"],
  ["bad UTF-8", build(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), "UTF-8"],
  ["nesting 200,000 deep", build('{"a":' + "[".repeat(200_000)), "not JSON"],
  [
    "whole nesting 200,000 deep",
    build(
      '{"a":' + "[".repeat(200_000) + "]".repeat(200_000) + "}",
    ),
    "by an object",
  ],
  [
    "a header of 17 MB",
    build(" ".repeat(17 << 20), 0),
    "has 17825792 bytes, more than 16777216",
  ],
  ["a name of two megabytes", build(`{"${"x".repeat(2e6)}":1}`), "xxx...'"],
  ["the same name twice", build(`{${A},${A}}`, 8), "has 'a' twice"],
  [
    "the same name, escaped",
    build(`{${A},${A.replace('"a"', '"\\u0061"')}}`, 8),
    "has 'a' twice",
  ],
  [
    "a key twice within a tensor",
    withB(
      '{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[8,12]}',
    ),
    "has 'dtype' twice",
  ],
  ["a tensor that is null", withB("null"), "'b' must be described"],
  ["a tensor that is a list", withB("[1]"), "'b' must be described"],
  ["no dtype", withB('{"shape":[4],"data_offsets":[8,12]}'), "got nothing"],
  ["an unknown dtype", described('"F33"', "[4]", "[8,12]"), 'got "F33"'],
  [
    "a dtype of every object",
    described('"toString"', "[4]", "[8,12]"),
    "'dtype' of F64",
  ],
  ["a dtype in small letters", described('"u8"', "[4]", "[8,12]"), 'got "u8"'],
  [
    "no shape",
    withB('{"dtype":"U8","data_offsets":[8,12]}'),
    "'shape' of sizes",
  ],
  ["a negative size", described('"U8"', "[-4]", "[8,12]"), "got [-4]"],
  ["a broken size", described('"U8"', "[4.5]", "[8,12]"), "got [4.5]"],
  [
    "a size in quotes",
    described('"U8"', '["4"]', "[8,12]"),
    "'shape' of sizes",
  ],
  [
    "a shape beyond 2^53",
    described('"U8"', "[4294967296,4294967296]", "[8,12]"),
    "'shape' of sizes",
  ],
  [
    "bytes beyond 2^53",
    described('"F64"', "[2251799813685248]", "[8,12]"),
    "'shape' of sizes",
  ],
  [
    "a size of 1e999",
    described('"U8"', "[1e999]", "[8,12]"),
    "'shape' of sizes",
  ],
  [
    "too few bytes for the shape",
    described('"U8"', "[5]", "[8,12]"),
    "needs 5 bytes",
  ],
  [
    "too many bytes for the dtype",
    described('"U8"', "[1]", "[8,12]"),
    "hold 4",
  ],
  [
    "no offsets",
    withB('{"dtype":"U8","shape":[4]}'),
    "'data_offsets' of start",
  ],
  ["one offset", described('"U8"', "[4]", "[8]"), "got [8]"],
  [
    "offsets the wrong way round",
    described('"U8"', "[4]", "[12,8]"),
    "got [12,8]",
  ],
  ["a negative offset", described('"U8"', "[4]", "[-4,0]"), "got [-4,0]"],
  [
    "offsets beyond the data",
    described('"U8"', "[4]", "[12,16]"),
    "data ends at 12",
  ],
  [
    "offsets beyond 2^53",
    described('"U8"', "[4]", "[1e17,1e17]"),
    "'data_offsets' of",
  ],
  [
    "overlapping tensors",
    build(`{${A},${B.replace("8,12", "7,11")}}`, 11),
    "overlaps 'a'",
  ],
  [
    "the same bytes for two",
    build(`{${A},${A.replace('"a"', '"c"')}}`, 8),
    "overlaps",
  ],
  ["a gap", build(`{${A},${B.replace("8,12", "9,13")}}`, 13), "bytes 8 to 9"],
  [
    "metadata that is no text",
    build('{"__metadata__":{"a":1}}', 0),
    "__metadata__",
  ],
  [
    "metadata that is a list",
    build('{"__metadata__":["a"]}', 0),
    "__metadata__",
  ],
  ["a name with a line break", build('{"a\\nb":1}', 0), "'a\\u000ab'"],
];

Deno.test("SafetensorsFile.open() refuses each damaged file in one line", () => {
  using dir = tempDir();
  const path = join(dir.path, "model.safetensors");
  Deno.writeFileSync(path, GOOD);
  SafetensorsFile.open(path).close();
  for (const [what, bytes, says] of TABLE) {
    Deno.writeFileSync(path, bytes);
    refuse(path, what, says);
  }
});

Deno.test("SafetensorsFile.open() refuses what is no file", async () => {
  using dir = tempDir();
  const pipe = join(dir.path, "pipe");
  refuse(dir.path, "a folder", "not a file");
  refuse(join(dir.path, "none"), "nothing", "does not exist");
  refuse("/dev/zero", "a device", "not a file");
  refuse(`${dir.path}/a\nb`, "a line break in the path", "a\\u000ab");
  // Opening a pipe that nobody writes to would never return.
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  refuse(pipe, "a pipe", "not a file");
});

Deno.test("SafetensorsFile.open() reads or refuses every cut and 3,000 random damages", () => {
  using dir = tempDir();
  const path = join(dir.path, "model.safetensors");
  let seed = 1;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  for (let cut = 0; cut < GOOD.length; cut++) {
    Deno.writeFileSync(path, GOOD.subarray(0, cut));
    refuse(path, `cut at ${cut}`, "");
  }
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const bytes = GOOD.slice();
    for (let n = 1 + random(3); n > 0; n--) {
      bytes[random(bytes.length)] = random(256);
    }
    Deno.writeFileSync(path, bytes);
    try {
      using file = SafetensorsFile.open(path);
      // Damage to a name or to the data alone leaves a readable file.
      for (const name of file.names()) file.read(name);
    } catch (error) {
      assert(error instanceof UserError, `${error}`);
      refused++;
    }
  }
  assert(refused > 1000, `only ${refused} refused`);
});

Deno.test("SafetensorsFile.read() reports a file that shrinks while open", () => {
  using dir = tempDir();
  const path = join(dir.path, "model.safetensors");
  Deno.writeFileSync(path, GOOD);
  using file = SafetensorsFile.open(path);
  Deno.truncateSync(path, GOOD.length - 6);
  let message = "";
  try {
    file.read("a");
  } catch (error) {
    assert(error instanceof UserError);
    message = error.message;
  }
  assertStringIncludes(message, "cut while being read");
});

function refuse(path: string, what: string, says: string): void {
  let error: unknown;
  try {
    SafetensorsFile.open(path).close();
  } catch (caught) {
    error = caught;
  }
  assert(error instanceof UserError, `${what}: got ${error}`);
  const { message } = error;
  assertStringIncludes(message, says, what);
  assertStringIncludes(message, path.replace("\n", "\\u000a"), what);
  assertEquals(message.split("\n").length, 1, what);
  assert(message.length < 500, `${what}: ${message.length} characters`);
}
