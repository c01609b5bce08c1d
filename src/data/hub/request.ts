/**
 * HTTP requests to the Hub: redirects, authorization, stall timeout and
 * retries.
 * @module
 */
import { missingPermission } from "../../errors.ts";
import { VERSION } from "../../version.ts";
import type { HubSettings } from "./settings.ts";

/**
 * Why a request failed; the message continues a sentence after "Cannot … as".
 */
export class HubError extends Error {
  override name = "HubError";
  /** Whether the request may succeed if repeated. */
  readonly retryable: boolean;
  /** Pause that the Hub requests, in milliseconds. */
  readonly retryAfterMs: number;
  /** HTTP status, if there was a response. */
  readonly status: number | undefined;
  /** Error code of the Hub, such as GatedRepo. */
  readonly code: string | undefined;

  constructor(
    message: string,
    { retryable = false, retryAfterMs = 0, status, code }: {
      retryable?: boolean;
      retryAfterMs?: number;
      status?: number | undefined;
      code?: string | undefined;
    } = {},
  ) {
    super(message);
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
    this.status = status;
    this.code = code;
  }
}

/** A response whose headers have arrived. */
export interface HubResponse {
  /** 200, 206 or 416. */
  status: number;
  headers: Headers;
  /** Host that responded, for messages. */
  host: string;
  /** Whether the body is compressed; `body()` decompresses it. */
  compressed: boolean;
  /**
   * The body; can be read once. The connection is released when the loop ends
   * for any reason.
   */
  body(): AsyncGenerator<Uint8Array, void>;
  /** Releases a body that is not read. */
  cancel(): Promise<void>;
}

const MAX_REDIRECTS = 10;
const MIN_NOTED_PAUSE_MS = 1500;
/**
 * A connection that receives fewer bytes in the time of a stall has stalled: a
 * server may send one byte per second without end.
 */
const MIN_BYTES = 8192;

/**
 * Requests a URL. The token is sent only to the origin of the endpoint, never
 * to another origin that a redirect leads to.
 *
 * @param range first byte to request; 0 for the whole file
 * @throws {HubError} if there is no response, or its status is not 200, 206 or
 * 416
 */
export async function requestHub(
  url: string,
  settings: HubSettings,
  { range = 0, signal }: { range?: number; signal?: AbortSignal | undefined } =
    {},
): Promise<HubResponse> {
  if (settings.offline) {
    throw new HubError("HF_HUB_OFFLINE forbids requests to the Hub");
  }
  const hubOrigin = new URL(settings.endpoint).origin;
  const timer = new StallTimer(settings.stallTimeoutMs, signal);
  let at = new URL(url);
  if (!isHttp(at)) {
    throw new HubError("the Hub's response links to an invalid URL");
  }
  try {
    for (let hops = 0;; hops++) {
      const headers = new Headers({
        "user-agent": `blocksmith/${VERSION}`,
        // Lengths and ranges must refer to the file, not to a compressed form.
        "accept-encoding": "identity",
      });
      if (range > 0) headers.set("range", `bytes=${range}-`);
      if (settings.token !== null && at.origin === hubOrigin) {
        headers.set("authorization", `Bearer ${settings.token}`);
      }
      timer.rearm();
      const response = await fetch(at, {
        headers,
        redirect: "manual",
        signal: timer.signal,
      });
      const { status } = response;
      if ([301, 302, 303, 307, 308].includes(status)) {
        await response.body?.cancel();
        at = redirectTarget(at, response.headers.get("location"), hops);
        continue;
      }
      if (![200, 206, 416].includes(status)) {
        await response.body?.cancel();
        throw statusError(response, at, hubOrigin);
      }
      return toHubResponse(response, at.host, timer);
    }
  } catch (error) {
    timer.stop();
    throw toHubError(error, at.host, timer);
  }
}

/**
 * Aborts a connection that receives nothing or hardly anything for a while, or
 * when an outer signal aborts.
 */
class StallTimer {
  readonly #ms: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort = () => this.#controller.abort();
  #timer?: ReturnType<typeof setTimeout>;
  /** Bytes since the last {@linkcode rearm}, and the time that is left. */
  #bytes = 0;
  #leftMs = 0;
  #resumed = 0;
  #stalled = false;

  constructor(ms: number, outer?: AbortSignal) {
    this.#ms = ms;
    this.#outer = outer;
    if (outer?.aborted) this.#controller.abort();
    outer?.addEventListener("abort", this.#onAbort);
  }
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  /** Why it aborted the connection, if it did, as a clause. */
  get reason(): string | null {
    if (!this.#stalled) return null;
    const seconds = this.#ms / 1000;
    return this.#bytes === 0
      ? `sent nothing for ${seconds} s`
      : `sent fewer than ${MIN_BYTES} bytes in ${seconds} s`;
  }
  /** Counts the bytes that have arrived, and stops the clock. */
  pause(bytes: number): void {
    clearTimeout(this.#timer);
    this.#leftMs -= performance.now() - this.#resumed;
    this.#bytes += bytes;
  }
  /** Continues, with the whole time again if enough bytes have arrived. */
  resume(): void {
    if (this.#bytes >= MIN_BYTES) return this.rearm();
    clearTimeout(this.#timer);
    this.#resumed = performance.now();
    this.#timer = setTimeout(() => {
      this.#stalled = true;
      this.#controller.abort();
    }, Math.max(0, this.#leftMs));
  }
  rearm(): void {
    this.#bytes = 0;
    this.#leftMs = this.#ms;
    this.resume();
  }
  stop(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }
}

const isHttp = (url: URL) => /^https?:$/.test(url.protocol);

function redirectTarget(from: URL, location: string | null, hops: number): URL {
  if (hops >= MAX_REDIRECTS) {
    throw new HubError(`${from.host} redirects in a loop`);
  }
  const to = location === null ? null : URL.parse(location, from);
  if (to === null || !isHttp(to)) {
    throw new HubError(`${from.host} redirects to an invalid URL`);
  }
  return to;
}

/** Converts an error status to an error. */
function statusError(
  response: Response,
  { host, origin }: URL,
  hubOrigin: string,
) {
  const { status, headers } = response;
  // Storage URLs are signed for some minutes: another request to the Hub
  // returns a new one.
  const expiredSignature = origin !== hubOrigin && status === 403;
  const retryable = status >= 500 || [408, 425, 429].includes(status) ||
    expiredSignature;
  return new HubError(`${host} responds with status ${status}`, {
    retryable,
    retryAfterMs: retryable ? requestedPause(headers) : 0,
    status,
    code: headers.get("x-error-code") ?? undefined,
  });
}

/**
 * Pause that the Hub requests, in milliseconds, from either of its headers; 0
 * if none.
 */
function requestedPause(headers: Headers): number {
  const after = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const date = Date.parse(after);
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  const limit = /(?:^|[;,\s])r=0\s*;\s*t=(\d+)/.exec(
    headers.get("ratelimit") ?? "",
  );
  return limit ? Number(limit[1]) * 1000 : 0;
}

function toHubResponse(
  response: Response,
  host: string,
  timer: StallTimer,
): HubResponse {
  const { status, headers } = response;
  const encoding = headers.get("content-encoding")?.trim().toLowerCase() ||
    "identity";
  const compressed = encoding !== "identity";
  const cancel = async () => {
    timer.stop();
    await response.body?.cancel().catch(() => {});
  };
  async function* body(): AsyncGenerator<Uint8Array, void> {
    try {
      if (response.body === null) return;
      const stream = compressed
        ? decompress(response.body, encoding, host)
        : response.body;
      timer.rearm();
      for await (const bytes of stream) {
        // The time that the consumer takes does not count.
        timer.pause(bytes.length);
        yield bytes;
        timer.resume();
      }
    } catch (error) {
      throw toHubError(error, host, timer);
    } finally {
      timer.stop();
    }
  }
  return { status, headers, host, compressed, body, cancel };
}

/**
 * Decompresses a body: some proxies compress although `identity` was requested.
 */
function decompress(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  encoding: string,
  host: string,
): ReadableStream<Uint8Array> {
  if (encoding === "gzip" || encoding === "deflate") {
    return stream.pipeThrough(new DecompressionStream(encoding));
  }
  throw new HubError(
    `${host} must send uncompressed, gzip or deflate content: got ${
      JSON.stringify(encoding.slice(0, 20))
    }`,
  );
}

/**
 * Converts an error of `fetch` to a short reason without URLs, which may be
 * signed.
 */
function toHubError(error: unknown, host: string, timer: StallTimer): unknown {
  if (error instanceof HubError || missingPermission(error)) return error;
  const retryable = true;
  if (timer.reason !== null) {
    return new HubError(`${host} ${timer.reason}`, { retryable });
  }
  if (timer.signal.aborted) return new HubError("it was canceled");
  const { message, cause } = error as Error;
  const full = `${message} ${cause instanceof Error ? cause.message : ""}`;
  const known: [RegExp, string][] = [
    [/dns error|lookup/i, `the name ${host} cannot be resolved`],
    [/refused/i, `${host} refuses connections`],
    [/certificate|tls|ssl/i, `${host} has no trusted certificate`],
    [/unreachable/i, `${host} cannot be reached`],
  ];
  if (/blocked/i.test(full)) {
    return new HubError(`${host} uses a blocked port`);
  }
  const reason = known.find(([pattern]) => pattern.test(full))?.[1] ??
    `the connection to ${host} was interrupted`;
  return new HubError(reason, { retryable });
}

/**
 * Repeats `work` while it fails with a retryable error. Pauses grow
 * exponentially with random jitter, or are as long as the Hub requests.
 *
 * @param madeProgress whether the last attempt made progress; if so, the
 * attempt count restarts
 * @param say receives a note before each long pause
 * @throws {HubError} the last error
 */
export async function withRetries<T>(
  settings: HubSettings,
  work: () => Promise<T>,
  {
    signal,
    maxAttempts = settings.maxAttempts,
    madeProgress,
    say,
  }: {
    signal?: AbortSignal | undefined;
    say?: (line: string) => void;
    maxAttempts?: number;
    madeProgress?: () => boolean;
  } = {},
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HubError) || !error.retryable) throw error;
      if (madeProgress?.()) attempt = 1;
      if (error.retryAfterMs > settings.maxRetryDelayMs) {
        throw new HubError(
          `${error.message} and asks to wait ${
            Math.ceil(error.retryAfterMs / 1000)
          } s`,
          error,
        );
      }
      if (attempt >= maxAttempts) throw error;
      // Random jitter, so that many clients do not retry at the same time.
      const grown = settings.retryDelayMs * 2 ** (attempt - 1) *
        (0.5 + Math.random() / 2);
      const pause = Math.max(
        error.retryAfterMs,
        Math.min(grown, settings.maxRetryDelayMs),
      );
      if (pause >= MIN_NOTED_PAUSE_MS) {
        const seconds = Math.round(pause / 1000);
        say?.(`note: ${error.message}: retrying in ${seconds} s`);
      }
      await sleep(pause, signal);
    }
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new HubError("it was canceled"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
