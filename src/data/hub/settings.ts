/**
 * Settings of the Hub client, from the environment variables of
 * huggingface_hub.
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { userCacheHome } from "../../fs/cache_dir.ts";
import { expandHome } from "../../fs/user_path.ts";

/** Endpoint, credentials and retry behavior of the Hub client. */
export interface HubSettings {
  /** URL without a trailing slash. */
  endpoint: string;
  /** For private and gated repositories. */
  token: string | null;
  /** Use the cache only; send no requests. */
  offline: boolean;
  /** Attempts of a request before it fails. */
  maxAttempts: number;
  /** Pause before the second attempt, in milliseconds; it doubles each time. */
  retryDelayMs: number;
  /** Longest pause in milliseconds, whether requested by the Hub or not. */
  maxRetryDelayMs: number;
  /**
   * A connection that receives nothing, or hardly anything, for this many
   * milliseconds is aborted.
   */
  stallTimeoutMs: number;
  /** Number of concurrent downloads. */
  concurrency: number;
}

/**
 * Reads the settings from the environment: HF_ENDPOINT, HF_TOKEN (or
 * HUGGING_FACE_HUB_TOKEN, or the file HF_TOKEN_PATH, by default `token` in
 * HF_HOME) and HF_HUB_OFFLINE.
 *
 * @throws {UserError} if the endpoint is not a URL or the token has invalid
 * characters
 */
export function hubSettings(): HubSettings {
  return {
    endpoint: readEndpoint(),
    token: readToken(),
    offline: /^(1|on|yes|true)$/i.test(Deno.env.get("HF_HUB_OFFLINE") ?? ""),
    maxAttempts: 6,
    retryDelayMs: 1000,
    // The rate limit of the Hub has windows of five minutes.
    maxRetryDelayMs: 300_000,
    stallTimeoutMs: 30_000,
    concurrency: 4,
  };
}

function readEndpoint(): string {
  const text = Deno.env.get("HF_ENDPOINT")?.trim() || "https://huggingface.co";
  const url = URL.parse(text);
  if (
    url === null || !/^https?:$/.test(url.protocol) || url.username ||
    url.password || url.search || url.hash
  ) {
    throw new UserError(
      "Cannot reach the Hub as HF_ENDPOINT must be a URL such as " +
        `https://huggingface.co: got ${JSON.stringify(text)}`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

function readToken(): string | null {
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const text = Deno.env.get(name)?.trim();
    if (text) return checkToken(text, name);
  }
  const path = tokenFile();
  if (path === null) return null;
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch {
    // Public datasets need no token.
    return null;
  }
  return text ? checkToken(text, `'${path}'`) : null;
}

/** Where the token lies; null where there is no home folder to look in. */
function tokenFile(): string | null {
  const named = Deno.env.get("HF_TOKEN_PATH");
  if (named) return expandHome(named);
  const set = Deno.env.get("HF_HOME");
  if (set) return join(expandHome(set), "token");
  const caches = userCacheHome();
  return caches && join(caches, "huggingface", "token");
}

/** Checks that a token can be sent; the message never shows it. */
function checkToken(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UserError(
    `Cannot use the token in ${where} as it must be printable ASCII characters without spaces`,
  );
}
