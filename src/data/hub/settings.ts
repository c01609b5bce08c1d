/**
 * How the hub is reached: from the environment, in huggingface_hub's variables.
 * @module
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../errors.ts";

/** Where the hub is, who asks, and how patiently. */
export interface HubSettings {
  /** Without a slash at the end. */
  endpoint: string;
  /** For private and gated repositories. */
  token: string | null;
  /** Ask nothing: the cache is all there is. */
  offline: boolean;
  /** Tries of a request before it has failed. */
  tries: number;
  /** Pause before the second try, in milliseconds; each further one doubles. */
  waitMs: number;
  /** Longest pause, in milliseconds, asked for by the hub or not. */
  maxWaitMs: number;
  /** A connection that brings nothing for so many milliseconds is given up. */
  stallMs: number;
  /** Files fetched at a time. */
  parallel: number;
}

/**
 * The settings that the environment makes: HF_ENDPOINT, HF_TOKEN (or
 * HUGGING_FACE_HUB_TOKEN, or the file `token` in HF_HOME) and HF_HUB_OFFLINE.
 *
 * @throws {UserError} where the endpoint is no address or the token cannot be sent
 */
export function hubSettings(): HubSettings {
  return {
    endpoint: endpoint(),
    token: token(),
    offline: /^(1|on|yes|true)$/i.test(Deno.env.get("HF_HUB_OFFLINE") ?? ""),
    tries: 6,
    waitMs: 1000,
    // The hub counts requests in windows of five minutes.
    maxWaitMs: 300_000,
    stallMs: 30_000,
    parallel: 4,
  };
}

function endpoint(): string {
  const text = Deno.env.get("HF_ENDPOINT")?.trim() || "https://huggingface.co";
  const url = URL.parse(text);
  if (
    url === null || !/^https?:$/.test(url.protocol) || url.username ||
    url.password || url.search || url.hash
  ) {
    throw new UserError(
      "Cannot reach the hub as HF_ENDPOINT must be an address such as " +
        `https://huggingface.co: got ${JSON.stringify(text)}`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

function token(): string | null {
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const text = Deno.env.get(name)?.trim();
    if (text) return sendable(text, name);
  }
  const cache = Deno.env.get("XDG_CACHE_HOME") || join(homedir(), ".cache");
  const home = Deno.env.get("HF_HOME") || join(cache, "huggingface");
  const path = join(home, "token");
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch {
    // Most people have none, and public sets need none.
    return null;
  }
  return text ? sendable(text, `'${path}'`) : null;
}

/** The message never shows the token. */
function sendable(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UserError(
    `Cannot use the token in ${where} as it must be one word of ASCII letters, digits and signs`,
  );
}
