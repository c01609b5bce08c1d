/**
 * Loads a tokenizer.json from disk or from the Hub, with the
 * tokenizer_config.json next to it.
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
import { requireBounded } from "../../../fs/bounded_file.ts";
import { fileError, hasCode } from "../../../fs/file_error.ts";
import { parsePythonJson } from "../../../fs/python_json.ts";
import type { Tokenizer, TokenizerFile } from "../tokenizer.ts";
import { JsonNode } from "./json_node.ts";
import { readJsonTokenizer } from "./json_tokenizer.ts";

const TOKENIZER = "tokenizer.json";
const CONFIG = "tokenizer_config.json";

/**
 * Candidates for the end-of-text token if tokenizer_config.json names none; the
 * first that is a token is used.
 */
const END_OF_TEXT_TOKENS = [
  "<|endoftext|>",
  "<|end_of_text|>",
  "</s>",
  "<eos>",
  "<|eos|>",
  "<｜end▁of▁sentence｜>",
  "[EOS]",
  "[SEP]",
];

/** Largest file that is read, in bytes; the largest in use have 35 MB. */
const MAX_BYTES = 100e6;

const loaded = new Map<string, Tokenizer>();

/**
 * Loads the tokenizer of a tokenizer.json or of a folder that has one. Its
 * end-of-text token is `eos_token` of the tokenizer_config.json in the same
 * folder, else the first of the usual names that is a token.
 * @param name name in messages and in `Tokenizer.name`
 * @throws {UserError} if a file is missing, invalid or has parts that are not
 * supported.
 */
export function loadJsonTokenizer(path: string, name = path): Tokenizer {
  const isFolder = statSync(path).isDirectory();
  const jsonPath = resolve(isFolder ? join(path, TOKENIZER) : path);
  const bytes = readIfPresent(jsonPath);
  if (!bytes) {
    throw new UserError(
      `Cannot use the tokenizer '${name}' as the folder has no ${TOKENIZER}: save one with Python's save_pretrained()`,
    );
  }
  const config = basename(jsonPath) === TOKENIZER
    ? readIfPresent(join(dirname(jsonPath), CONFIG))
    : null;
  const files: TokenizerFile[] = [{ name: TOKENIZER, bytes }];
  if (config) files.push({ name: CONFIG, bytes: config });
  const digest = createHash("sha256").update(bytes).digest("hex");

  const key = JSON.stringify([
    name,
    jsonPath,
    digest,
    config && createHash("sha256").update(config).digest("hex"),
  ]);
  let tokenizer = loaded.get(key);
  if (!tokenizer) {
    // The name does not tell which file is invalid.
    const shown = isFolder || name !== path ? jsonPath : name;
    tokenizer = readJsonTokenizer(parseJson(bytes, shown), {
      name,
      source: jsonPath,
      digest,
      files,
      eos: config
        ? endOfTextTokens(parseJson(config, CONFIG))
        : END_OF_TEXT_TOKENS,
    });
    loaded.set(key, tokenizer);
  }
  return tokenizer;
}

/**
 * Loads the tokenizer of a model on the Hub.
 * @param name name in messages and in `Tokenizer.name`
 * @param cacheDir folder for downloads
 * @throws {UserError} if it cannot be downloaded, or as {@linkcode
 * loadJsonTokenizer}.
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
    await fetchHubFile({
      ...place,
      revision: commit,
      path,
      optional,
      maxBytes: MAX_BYTES,
    });
  const json = (await fetched(TOKENIZER, false))!;
  const config = await fetched(CONFIG, true);
  // The Hub cache stores files by content. A folder with both files loads the
  // same tokenizer offline and in any thread.
  const folder = join(cacheDir, "tokenizers", commit);
  mkdirSync(folder, { recursive: true });
  copyAtomically(json, join(folder, TOKENIZER));
  if (config) copyAtomically(config, join(folder, CONFIG));
  return loadJsonTokenizer(folder, name);
}

/** Copies a file so that no reader sees a partial copy. */
function copyAtomically(from: string, to: string): void {
  const partial = `${to}.${crypto.randomUUID()}`;
  copyFileSync(from, partial);
  renameSync(partial, to);
}

/** Bytes of a file, or null if it does not exist. */
function readIfPresent(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    requireBounded(path, MAX_BYTES);
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw fileError("read", path, error);
  }
}

function parseJson(bytes: Uint8Array, file: string): JsonNode {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return new JsonNode(parsePythonJson(text), file);
  } catch (error) {
    throw new UserError(
      `Cannot use the tokenizer '${file}' as it is not JSON: ${
        (error as Error).message.replaceAll(/\s+/g, " ")
      }`,
    );
  }
}

/**
 * Reads `eos_token`, a string or an added token; returns the usual names if it
 * is absent or null.
 */
function endOfTextTokens(config: JsonNode): readonly string[] {
  const eos = config.at("eos_token");
  if (eos.absent) return END_OF_TEXT_TOKENS;
  return [
    typeof eos.value === "string" ? eos.asText() : eos.at("content").asText(),
  ];
}
