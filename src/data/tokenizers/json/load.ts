/**
 * Finding a tokenizer.json: on disk or on the hub, with the settings beside it.
 * @module
 */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../../errors.ts";
import type { Tokenizer, TokenizerFile } from "../tokenizer.ts";
import { readJsonTokenizer } from "./json_tokenizer.ts";
import { Part } from "./part.ts";

const TOKENIZER = "tokenizer.json";
const CONFIG = "tokenizer_config.json";

/** What ends a text where tokenizer_config.json does not say: the first of these that is a token. */
const ENDS_OF_TEXT = [
  "<|endoftext|>",
  "<|end_of_text|>",
  "</s>",
  "<eos>",
  "<|eos|>",
  "<｜end▁of▁sentence｜>",
  "[EOS]",
  "[SEP]",
];

const loaded = new Map<string, Tokenizer>();

/**
 * The tokenizer of a tokenizer.json, or of a folder that has one. Its end of text is `eos_token` in the
 * tokenizer_config.json beside it, else the first of the usual names that is a token.
 * @param name what the user calls it
 * @throws {UserError} if a file is missing, or wrong, or has parts that are not supported.
 */
export function loadJsonTokenizer(path: string, name = path): Tokenizer {
  const isFolder = statSync(path).isDirectory();
  const jsonPath = resolve(isFolder ? join(path, TOKENIZER) : path);
  const bytes = read(jsonPath);
  if (!bytes) {
    throw new UserError(
      `Cannot use the tokenizer '${name}' as the folder has no ${TOKENIZER}: save one with Python's save_pretrained()`,
    );
  }
  const beside = basename(jsonPath) === TOKENIZER
    ? read(join(dirname(jsonPath), CONFIG))
    : null;
  const files: TokenizerFile[] = [{ name: TOKENIZER, bytes }];
  if (beside) files.push({ name: CONFIG, bytes: beside });
  const digest = createHash("sha256").update(bytes).digest("hex");

  const key = JSON.stringify([
    name,
    jsonPath,
    digest,
    beside && createHash("sha256").update(beside).digest("hex"),
  ]);
  let tokenizer = loaded.get(key);
  if (!tokenizer) {
    // What it is called does not say where the fault lies.
    const shown = isFolder || name !== path ? jsonPath : name;
    tokenizer = readJsonTokenizer(parse(bytes, shown), {
      name,
      source: jsonPath,
      digest,
      files,
      eos: beside ? endsOf(parse(beside, CONFIG)) : ENDS_OF_TEXT,
    });
    loaded.set(key, tokenizer);
  }
  return tokenizer;
}

/**
 * The tokenizer of a model on the hub.
 * @param name what the user calls it
 * @param cacheDir where downloads go
 * @throws {UserError} if it cannot be had, or as {@linkcode loadJsonTokenizer} does.
 */
export async function loadHubTokenizer(
  repo: string,
  revision: string,
  name: string,
  cacheDir: string,
): Promise<Tokenizer> {
  const { fetchHubFile, resolveHubCommit } = await import("../../hub/mod.ts");
  const place = { kind: "model", repo, cacheDir } as const;
  const commit = await resolveHubCommit({ ...place, revision });
  const fetched = async (path: string, optional: boolean) =>
    await fetchHubFile({ ...place, revision: commit, path, optional });
  const json = (await fetched(TOKENIZER, false))!;
  const config = await fetched(CONFIG, true);
  // The cache keeps files by content; together they are what makes the same tokenizer again, offline and in any thread.
  const folder = join(cacheDir, "tokenizers", commit);
  mkdirSync(folder, { recursive: true });
  copy(json, join(folder, TOKENIZER));
  if (config) copy(config, join(folder, CONFIG));
  return loadJsonTokenizer(folder, name);
}

/** Copies a file so that no reader ever finds half of it. */
function copy(from: string, to: string): void {
  const partial = `${to}.${crypto.randomUUID()}`;
  copyFileSync(from, partial);
  renameSync(partial, to);
}

/** The bytes of a file, or null if there is none. */
function read(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw new UserError(
      `Cannot read '${path}': ${(error as Error).message}`,
    );
  }
}

function parse(bytes: Uint8Array, file: string): Part {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return new Part(JSON.parse(text), file);
  } catch (error) {
    throw new UserError(
      `Cannot use the tokenizer '${file}' as it is no JSON: ${
        (error as Error).message.replaceAll(/\s+/g, " ")
      }`,
    );
  }
}

/** `eos_token`, as text or as an added token; the usual names where it is absent or null. */
function endsOf(config: Part): readonly string[] {
  const eos = config.at("eos_token");
  if (eos.absent) return ENDS_OF_TEXT;
  return [
    typeof eos.value === "string" ? eos.text() : eos.at("content").text(),
  ];
}
