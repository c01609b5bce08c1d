/**
 * One request to the hub, with its redirects, and the patience to ask again.
 * @module
 */
import { VERSION } from "../../version.ts";
import type { HubSettings } from "./settings.ts";

/** Why a request failed: the message goes on after "Cannot … as". */
export class HubError extends Error {
  override name = "HubFault";
  /** Whether it may be well when asked again. */
  readonly passing: boolean;
  /** Pause that the hub asks for, in milliseconds. */
  readonly waitMs: number;
  /** Status of the answer, if there was one. */
  readonly status: number | undefined;
  /** The hub's own word for it, such as GatedRepo. */
  readonly code: string | undefined;

  constructor(
    message: string,
    { passing = false, waitMs = 0, status, code }: {
      passing?: boolean;
      waitMs?: number;
      status?: number | undefined;
      code?: string | undefined;
    } = {},
  ) {
    super(message);
    this.passing = passing;
    this.waitMs = waitMs;
    this.status = status;
    this.code = code;
  }
}

/** An answer whose head is here. */
export interface Answer {
  /** 200, 206 or 416. */
  status: number;
  headers: Headers;
  /** Who answered, for messages. */
  host: string;
  /** Whether the body came packed; it is unpacked here. */
  packed: boolean;
  /** The body, once; the connection is let go when the loop ends, however it ends. */
  body(): AsyncGenerator<Uint8Array, void>;
  /** Lets go of a body that is not wanted. */
  cancel(): Promise<void>;
}

const MAX_REDIRECTS = 10;
const LONG_PAUSE_MS = 1500;

/**
 * Asks for an address. The token goes to the endpoint's own origin and nowhere
 * else, whatever it redirects to.
 *
 * @param range first byte wanted; 0 for all
 * @throws {HubError} if there is no answer, or none of status 200, 206 or 416
 */
export async function request(
  url: string,
  settings: HubSettings,
  { range = 0, signal }: { range?: number; signal?: AbortSignal | undefined } =
    {},
): Promise<Answer> {
  if (settings.offline) {
    throw new HubError("HF_HUB_OFFLINE forbids to ask the hub");
  }
  const home = new URL(settings.endpoint).origin;
  const watch = new Watch(settings.stallMs, signal);
  let at = new URL(url);
  if (!isHttp(at)) throw new HubError("the hub's answer points to nowhere");
  try {
    for (let hops = 0;; hops++) {
      const headers = new Headers({
        "user-agent": `blocksmith/${VERSION}`,
        // Lengths and ranges are of the file, not of a packed form of it.
        "accept-encoding": "identity",
      });
      if (range > 0) headers.set("range", `bytes=${range}-`);
      if (settings.token !== null && at.origin === home) {
        headers.set("authorization", `Bearer ${settings.token}`);
      }
      watch.rearm();
      const response = await fetch(at, {
        headers,
        redirect: "manual",
        signal: watch.signal,
      });
      const { status } = response;
      if ([301, 302, 303, 307, 308].includes(status)) {
        await response.body?.cancel();
        at = redirected(at, response.headers.get("location"), hops);
        continue;
      }
      if (![200, 206, 416].includes(status)) {
        await response.body?.cancel();
        throw refusal(response, at, home);
      }
      return answer(response, at.host, watch);
    }
  } catch (error) {
    watch.stop();
    throw asFault(error, at.host, watch);
  }
}

/** Gives up a connection on which nothing comes, or when told to. */
class Watch {
  readonly #ms: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort = () => this.#controller.abort();
  #timer?: ReturnType<typeof setTimeout>;
  stalled = false;

  constructor(ms: number, outer?: AbortSignal) {
    this.#ms = ms;
    this.#outer = outer;
    if (outer?.aborted) this.#controller.abort();
    outer?.addEventListener("abort", this.#onAbort);
  }
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  get seconds(): number {
    return this.#ms / 1000;
  }
  pause(): void {
    clearTimeout(this.#timer);
  }
  rearm(): void {
    this.pause();
    this.#timer = setTimeout(() => {
      this.stalled = true;
      this.#controller.abort();
    }, this.#ms);
  }
  stop(): void {
    this.pause();
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }
}

const isHttp = (url: URL) => /^https?:$/.test(url.protocol);

function redirected(from: URL, location: string | null, hops: number): URL {
  if (hops >= MAX_REDIRECTS) {
    throw new HubError(`${from.host} redirects in a circle`);
  }
  const to = location === null ? null : URL.parse(location, from);
  if (to === null || !isHttp(to)) {
    throw new HubError(`${from.host} redirects to nowhere`);
  }
  return to;
}

/** What a status other than success says. */
function refusal(response: Response, { host, origin }: URL, home: string) {
  const { status, headers } = response;
  // Stores that hold the files sign addresses for some minutes: asking the hub again gives a fresh one.
  const signedAway = origin !== home && status === 403;
  const passing = status >= 500 || [408, 425, 429].includes(status) ||
    signedAway;
  return new HubError(`${host} answers ${status}`, {
    passing,
    waitMs: passing ? askedWait(headers) : 0,
    status,
    code: headers.get("x-error-code") ?? undefined,
  });
}

/** Milliseconds until the hub wants to be asked again, by either of its headers. */
function askedWait(headers: Headers): number {
  const after = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const date = Date.parse(after);
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  const limit = /(?:^|[;,\s])r=0\s*;\s*t=(\d+)/.exec(
    headers.get("ratelimit") ?? "",
  );
  return limit ? Number(limit[1]) * 1000 : 0;
}

function answer(response: Response, host: string, watch: Watch): Answer {
  const { status, headers } = response;
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ||
    "identity";
  const packed = encoding !== "identity";
  const cancel = async () => {
    watch.stop();
    await response.body?.cancel().catch(() => {});
  };
  async function* body(): AsyncGenerator<Uint8Array, void> {
    try {
      if (response.body === null) return;
      const stream = packed
        ? unpack(response.body, encoding, host)
        : response.body;
      watch.rearm();
      for await (const bytes of stream) {
        // The time its reader takes is not the connection's.
        watch.pause();
        yield bytes;
        watch.rearm();
      }
    } catch (error) {
      throw asFault(error, host, watch);
    } finally {
      watch.stop();
    }
  }
  return { status, headers, host, packed, body, cancel };
}

/** Some proxies pack what was asked for as it is. */
function unpack(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  encoding: string,
  host: string,
): ReadableStream<Uint8Array> {
  if (encoding === "gzip" || encoding === "deflate") {
    return stream.pipeThrough(new DecompressionStream(encoding));
  }
  throw new HubError(
    `${host} sends what is packed by ${JSON.stringify(encoding.slice(0, 20))}`,
  );
}

/** The reason in few words; addresses in it may be signed, so none is shown. */
function asFault(error: unknown, host: string, watch: Watch): unknown {
  if (error instanceof HubError) return error;
  const passing = true;
  if (watch.stalled) {
    return new HubError(`${host} sent nothing for ${watch.seconds} s`, {
      passing,
    });
  }
  if (watch.signal.aborted) return new HubError("it was stopped");
  const { message, cause } = error as Error;
  const full = `${message} ${cause instanceof Error ? cause.message : ""}`;
  const known: [RegExp, string][] = [
    [/dns error|lookup/i, `the name ${host} cannot be resolved`],
    [/refused/i, `${host} refuses connections`],
    [/certificate|tls|ssl/i, `${host} has no certificate that can be trusted`],
    [/unreachable/i, `${host} cannot be reached`],
  ];
  if (/blocked/i.test(full)) {
    return new HubError(`${host} has a port that no request may go to`);
  }
  const reason = known.find(([pattern]) => pattern.test(full))?.[1] ??
    `the connection to ${host} was cut`;
  return new HubError(reason, { passing });
}

/**
 * Does `work` until it does not fail in a way that may pass, with growing
 * pauses of random length, or those that the hub asks for.
 *
 * @param advanced whether the last try came on well; then tries count anew
 * @param say told of pauses that someone may wonder about
 * @throws {HubError} the last one
 */
export async function persistently<T>(
  settings: HubSettings,
  work: () => Promise<T>,
  { signal, tries = settings.tries, advanced, say }: {
    signal?: AbortSignal | undefined;
    say?: (line: string) => void;
    tries?: number;
    advanced?: () => boolean;
  } = {},
): Promise<T> {
  for (let failed = 1;; failed++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HubError) || !error.passing) throw error;
      if (advanced?.()) failed = 1;
      if (error.waitMs > settings.maxWaitMs) {
        throw new HubError(
          `${error.message} and asks to wait ${
            Math.ceil(error.waitMs / 1000)
          } s`,
          error,
        );
      }
      if (failed >= tries) throw error;
      // Halved at random, so that many clients do not come back at once.
      const grown = settings.waitMs * 2 ** (failed - 1) *
        (0.5 + Math.random() / 2);
      const pause = Math.max(
        error.waitMs,
        Math.min(grown, settings.maxWaitMs),
      );
      if (pause >= LONG_PAUSE_MS) {
        const seconds = Math.round(pause / 1000);
        say?.(`note: ${error.message}: trying again in ${seconds} s`);
      }
      await sleep(pause, signal);
    }
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new HubError("it was stopped"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
