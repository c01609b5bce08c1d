/** Texts in every form that people have them, and what is said of them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";

/** A block of 1 layer of 32 for sequences of 16, whatever its tokenizer. */
export const SMALL =
  `model.n_embd=32 model.n_layer=1 model.n_head=2 model.context_length=16
  model.n_positions=16`.split(/\s+/);

/** Short runs of it. */
export const STEPS =
  `train.device_train_batch_size=4 train.device_eval_batch_size=8
  train.gradient_accumulation_steps=1 train.log_steps=1 train.keep=9`
    .split(/\s+/);

const utf8 = new TextEncoder();

/** Records of JSON, a line each. */
export function jsonLines(
  texts: readonly string[],
  field = "text",
): Uint8Array<ArrayBuffer> {
  return utf8.encode(
    texts.map((text, id) => JSON.stringify({ id, [field]: text }) + "\n")
      .join(""),
  );
}

/** The bytes in gzip. */
export const gzip = (bytes: Uint8Array) =>
  new Uint8Array(gzipSync(Buffer.from(bytes)));

/** The bytes in zstd. */
export const zstd = (bytes: Uint8Array) =>
  new Uint8Array(zstdCompressSync(Buffer.from(bytes)));

/**
 * So many texts of 20 to 99 bytes, all different; other ones of another `kind`.
 */
export function texts(count: number, kind: string): string[] {
  return Array.from({ length: count }, (_, i) => {
    const words = `${kind} ${i} é `;
    return words.repeat(12).slice(0, 20 + (i * 37) % 70);
  });
}

/** What the lines of a summary say. */
export interface Told {
  found: boolean;
  dir: string;
  /** What was read. */
  text: string;
  splits: Record<"train" | "valid", {
    documents: number;
    tooShort: number;
    chunks: number;
    /** The middle of the line: sizes for people. */
    sizes: string;
  }>;
  skipped: string | null;
  reasons: string[];
}

/**
 * Reads what `prepare` prints of one store; fails if it prints anything else.
 */
export function toldOf(out: string): Told {
  const [first, ...lines] = out.trimEnd().split("\n");
  assertMatch(first, /^(made|found) .+$/);
  const [, text] = /^text {4}(.+)$/.exec(lines.shift() ?? "") ?? [];
  assert(text, out);
  const split = (name: string) => {
    const match = new RegExp(
      `^${name} +(\\d+) documents?(?: \\((\\d+) too short\\))?  (.+)  (\\d+) sequences?$`,
    ).exec(lines.shift() ?? "");
    assert(match, out);
    return {
      documents: Number(match[1]),
      tooShort: Number(match[2] ?? 0),
      chunks: Number(match[4]),
      sizes: match[3],
    };
  };
  const splits = { train: split("train"), valid: split("valid") };
  const skipped = lines[0]?.startsWith("skipped  ")
    ? lines.shift()!.slice("skipped  ".length)
    : null;
  assert(lines.every((line) => line.startsWith("  ")), out);
  return {
    found: first.startsWith("found"),
    dir: first.replace(/^\w+ /, ""),
    text,
    splits,
    skipped,
    reasons: lines.map((line) => line.trim()),
  };
}

/**
 * The chunks that documents of bytes make, one after the other, the rest of
 * each dropped.
 */
export function byteChunks(
  texts: readonly string[],
  length = 16,
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(texts.flatMap((text) => {
    const bytes = utf8.encode(text);
    return [...bytes.subarray(0, bytes.length - bytes.length % length)];
  }));
}

/** The tokens of a store's split; of 2 bytes each. */
export function tokensOf(dir: string, split: string): Uint16Array {
  return new Uint16Array(Deno.readFileSync(join(dir, `${split}.bin`)).buffer);
}

/** That two stores hold the same tokens. */
export function assertSameTokens(a: string, b: string): void {
  for (const split of ["train", "valid"]) {
    assertEquals(tokensOf(a, split), tokensOf(b, split), split);
  }
}

/** Every file below a folder, sorted; [] where there is no such folder. */
export function filesBelow(dir: string): string[] {
  const found: string[] = [];
  const walk = (path: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(join(dir, path))) {
      const inner = join(path, name);
      if (isDirectory) walk(inner);
      else found.push(inner);
    }
  };
  try {
    walk("");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}
