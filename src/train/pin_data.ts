/**
 * Which data exactly did a run read? A name in a config can change its meaning:
 * standard input is gone once read, and a branch of the hub moves. A run's own
 * config names what was read.
 * @module
 */
import { existsSync } from "node:fs";
import type { Config } from "../config/mod.ts";
import {
  parseHubName,
  parseHubUrl,
  resolveHubCommit,
} from "../data/hub/mod.ts";
import { TOKENIZER_NAMES } from "../data/mod.ts";
import { cacheStdin } from "../data/sources/cache_stdin.ts";
import { UserError } from "../errors.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";

/** The name of standard input among files, and those of the system. */
const STDIN = "-",
  STDIN_FILES = ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/** Prefix of Hub datasets. */
export const HUB = "hf://";

/**
 * Replaces names that can change: standard input by a file of the cache, Hub
 * datasets and tokenizers by their commits.
 *
 * @param say shows the user a line
 * @throws {UserError} if there is nothing to read, or the hub cannot be reached
 *   and the cache has no answer
 */
export async function pinData(
  config: Config,
  say: (line: string) => void,
): Promise<Config> {
  const { data } = config;
  if ([...data.files, ...data.valid_files].filter(isStdin).length > 1) {
    throw new UserError(
      `Cannot read standard input twice: name '${STDIN}' once in 'data.files' and 'data.valid_files'`,
    );
  }
  const pinned = { ...data };
  const entry = (name: string) => pinEntry(name, config, say);
  if (data.name === "files") {
    pinned.files = await inOrder(data.files, entry);
    pinned.valid_files = await inOrder(data.valid_files, entry);
  }
  const tokenizer = (name: string) => pinTokenizer(name, config, say);
  if (data.name !== "fairseq") {
    pinned.tokenizer = await tokenizer(data.tokenizer);
  } else if (data.bpe !== null) pinned.bpe = await tokenizer(data.bpe);
  return { ...config, data: pinned };
}

const isStdin = (name: string) => name === STDIN || STDIN_FILES.includes(name);

async function inOrder(
  names: readonly string[],
  pin: (name: string) => Promise<string>,
): Promise<string[]> {
  const pinned = [];
  for (const name of names) pinned.push(await pin(name));
  return pinned;
}

async function pinEntry(
  name: string,
  config: Config,
  say: (line: string) => void,
): Promise<string> {
  if (isStdin(name)) return await pinStdin(config, say);
  if (!name.startsWith(HUB)) return name;
  const { repo, revision, path } = parseHubUrl(name);
  const commit = await resolveHubCommit({
    kind: "dataset",
    repo,
    revision,
    cacheDir: resolveCacheDir(config),
    say,
  });
  return `hf://datasets/${repo}@${commit}${
    path === undefined ? "" : `/${path}`
  }`;
}

async function pinTokenizer(
  name: string,
  config: Config,
  say: (line: string) => void,
): Promise<string> {
  // A missing file is reported when it is loaded; it is not a name on the hub.
  const local = TOKENIZER_NAMES.includes(name) || existsSync(name) ||
    name.endsWith(".json");
  const hub = local ? null : parseHubName(name);
  // A name without an owner is more likely a typing error.
  if (!hub?.repo.includes("/")) return name;
  const cacheDir = resolveCacheDir(config);
  const commit = await resolveHubCommit({
    kind: "model",
    ...hub,
    cacheDir,
    say,
  });
  return `${hub.repo}@${commit}`;
}

async function pinStdin(
  config: Config,
  say: (line: string) => void,
): Promise<string> {
  if (Deno.stdin.isTerminal()) {
    throw new UserError(
      `Cannot read standard input as it is a terminal: pipe text into this command, or name files in place of '${STDIN}'`,
    );
  }
  const path = await cacheStdin(Deno.stdin.readable, {
    cacheDir: resolveCacheDir(config),
    format: config.data.format,
  });
  say(`kept standard input as ${path}`);
  return path;
}
