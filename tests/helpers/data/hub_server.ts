/**
 * A local fake of the Hub with the same endpoints. It uses raw connections, so
 * that it can also interrupt them, stall and send wrong data.
 */
import { createHash } from "node:crypto";

/** A received request. */
export interface RecordedRequest {
  /** Path and query. */
  path: string;
  headers: Headers;
  /** Whether it went to the store of large files, which is another host. */
  store: boolean;
}

/** A fault of a response. */
export interface Fault {
  /** Replaces the correct status. */
  status?: number;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  /** Closes the connection after this many bytes of the body. */
  cutAfter?: number;
  /** Sends nothing after this many bytes of the body until the server stops. */
  stallAfter?: number;
  /** Waits this many milliseconds after each part. */
  slow?: number;
  /** Bytes of a part. @default 16384 */
  part?: number;
  /** Ignores a range and sends the whole file. */
  ignoreRange?: boolean;
  /** Closes the connection without headers. */
  hangUp?: boolean;
}

interface Commit {
  files: Map<string, Uint8Array>;
}

const toBytes = (data: Uint8Array | string) =>
  typeof data === "string" ? new TextEncoder().encode(data) : data;

export const sha256 = (data: Uint8Array) =>
  createHash("sha256").update(data).digest("hex");
export const gitSha1 = (data: Uint8Array) =>
  createHash("sha1").update(`blob ${data.length}\0`).update(data).digest("hex");

/** Files of at least this many bytes are stored in LFS. */
const LFS_MIN_BYTES = 64;

export class FakeHub implements AsyncDisposable {
  readonly requests: RecordedRequest[] = [];
  /**
   * Returns the fault of the response to a request; by default there is none.
   */
  fault: (asked: RecordedRequest) => Fault | undefined = () => undefined;
  /** Entries per page of a file list. */
  pageSize = 1000;
  readonly #commits = new Map<string, Commit>();
  readonly #revisions = new Map<string, string>();
  readonly #listeners: Deno.TcpListener[];
  readonly #open = new Set<Deno.TcpConn>();
  readonly #working = new Set<Promise<void>>();
  readonly #stopped = Promise.withResolvers<void>();

  constructor() {
    this.#listeners = [0, 0].map((port) =>
      Deno.listen({ hostname: "127.0.0.1", port })
    );
    this.#listeners.forEach((listener, i) =>
      this.#track(this.#listen(listener, i === 1))
    );
  }

  get endpoint(): string {
    return this.#origin(0);
  }
  get store(): string {
    return this.#origin(1);
  }
  #origin(i: number): string {
    return `http://127.0.0.1:${this.#listeners[i].addr.port}`;
  }

  /**
   * Adds a commit and points a revision to it; `repo` begins with `datasets/`
   * or `models/`.
   */
  push(
    repo: string,
    files: Record<string, Uint8Array | string>,
    revision = "main",
  ): string {
    const all = new Map(
      Object.entries(files).map(([path, data]) => [path, toBytes(data)]),
    );
    const commit = createHash("sha1").update(
      JSON.stringify([...all].map(([path, data]) => [path, sha256(data)])),
    ).digest("hex");
    this.#commits.set(`${repo}@${commit}`, { files: all });
    this.#revisions.set(`${repo}@${revision}`, commit);
    return commit;
  }

  /** Requests whose path contains `text`. */
  requestsFor(text: string): RecordedRequest[] {
    return this.requests.filter(({ path }) => path.includes(text));
  }

  /** Stops, also in the middle of a response. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.resolve();
    for (const listener of this.#listeners) listener.close();
    for (const conn of this.#open) close(conn);
    await Promise.all(this.#working);
  }

  #track(work: Promise<void>): void {
    const tracked = work.catch(() => {}).then(() => {
      this.#working.delete(tracked);
    });
    this.#working.add(tracked);
  }

  async #listen(listener: Deno.TcpListener, store: boolean): Promise<void> {
    for await (const conn of listener) {
      this.#open.add(conn);
      this.#track(
        this.#serve(conn, store).finally(() => {
          this.#open.delete(conn);
          close(conn);
        }),
      );
    }
  }

  async #serve(conn: Deno.TcpConn, store: boolean): Promise<void> {
    let text = "";
    const buffer = new Uint8Array(16384);
    while (!text.includes("\r\n\r\n")) {
      const read = await conn.read(buffer);
      if (read === null) return;
      text += new TextDecoder().decode(buffer.subarray(0, read));
    }
    const [first, ...lines] = text.split("\r\n\r\n")[0].split("\r\n");
    const headers = new Headers(
      lines.map((line) => line.split(/:\s*(.*)/s, 2) as [string, string]),
    );
    const asked: RecordedRequest = {
      path: first.split(" ")[1],
      headers,
      store,
    };
    this.requests.push(asked);
    const fault = this.fault(asked) ?? {};
    if (fault.hangUp) return;
    await this.#send(conn, asked, fault);
  }

  async #send(
    conn: Deno.TcpConn,
    asked: RecordedRequest,
    fault: Fault,
  ): Promise<void> {
    const right = this.#correctResponse(asked);
    let status = fault.status ?? right.status;
    let body = toBytes(fault.body ?? (fault.status ? "" : right.body));
    const headers: Record<string, string> = {
      ...right.headers,
      connection: "close",
    };
    const range = /^bytes=(\d+)-$/.exec(asked.headers.get("range") ?? "");
    if (status === 200 && range && right.ranges && !fault.ignoreRange) {
      const from = Number(range[1]), size = body.length;
      if (from >= size) {
        status = 416;
        body = new Uint8Array();
      } else {
        status = 206;
        body = body.subarray(from);
        headers["content-range"] = `bytes ${from}-${size - 1}/${size}`;
      }
    }
    headers["content-length"] = String(body.length);
    Object.assign(headers, fault.headers);
    const head = `HTTP/1.1 ${status} Some\r\n` +
      Object.entries(headers).map(([k, v]) => `${k}: ${v}\r\n`).join("") +
      "\r\n";
    await write(conn, toBytes(head));
    const end = Math.min(
      body.length,
      fault.cutAfter ?? Infinity,
      fault.stallAfter ?? Infinity,
    );
    const part = fault.part ?? 16384;
    for (let at = 0; at < end; at += part) {
      await write(conn, body.subarray(at, Math.min(end, at + part)));
      if (fault.slow) await new Promise((ok) => setTimeout(ok, fault.slow));
    }
    if (fault.stallAfter !== undefined) await this.#stopped.promise;
  }

  /** The response without a fault. */
  #correctResponse({ path, store }: RecordedRequest): {
    status: number;
    headers?: Record<string, string>;
    body: Uint8Array | string;
    ranges?: boolean;
  } {
    const url = new URL(path, this.endpoint);
    const none = (code: string) => ({
      status: 404,
      headers: { "x-error-code": code },
      body: "",
    });
    if (store) {
      const hex = url.pathname.slice(1);
      for (const { files } of this.#commits.values()) {
        for (const data of files.values()) {
          if (sha256(data) === hex) {
            return { status: 200, body: data, ranges: true };
          }
        }
      }
      return none("");
    }
    let match = /^\/api\/((?:datasets|models)\/.+?)\/revision\/(.+)$/.exec(
      url.pathname,
    );
    if (match) {
      const [, repo, revision] = match;
      const sha = this.#revisions.get(
        `${repo}@${decodeURIComponent(revision)}`,
      );
      if (sha) return { status: 200, body: JSON.stringify({ id: repo, sha }) };
      const known = [...this.#revisions.keys()].some((key) =>
        key.startsWith(repo + "@")
      );
      return none(known ? "RevisionNotFound" : "RepoNotFound");
    }
    match = /^\/api\/((?:datasets|models)\/.+?)\/tree\/([0-9a-f]{40})(.*)$/
      .exec(url.pathname);
    if (match) {
      const commit = this.#commits.get(`${match[1]}@${match[2]}`);
      if (!commit) return none("RevisionNotFound");
      return this.#tree(commit, decodeURIComponent(match[3].slice(1)), url);
    }
    match = /^\/(datasets\/)?(.+?)\/resolve\/([0-9a-f]{40})\/(.+)$/.exec(
      url.pathname,
    );
    if (!match) return none("");
    const [, set, repo, commit, file] = match;
    const data = this.#commits.get(
      `${set ?? "models/"}${repo}@${commit}`,
    )?.files.get(decodeURIComponent(file));
    if (!data) return none("EntryNotFound");
    if (data.length < LFS_MIN_BYTES) {
      return {
        status: 200,
        headers: { etag: `"${gitSha1(data)}"`, "x-repo-commit": commit },
        body: data,
        ranges: true,
      };
    }
    return {
      status: 302,
      headers: {
        location: `${this.store}/${sha256(data)}?signature=secret`,
        "x-linked-etag": `"${sha256(data)}"`,
        "x-linked-size": String(data.length),
        "x-repo-commit": commit,
      },
      body: "",
    };
  }

  #tree({ files }: Commit, folder: string, url: URL) {
    const deep = url.searchParams.get("recursive") === "true";
    const prefix = folder && folder + "/";
    const entries = new Map<string, unknown>();
    for (const [path, data] of files) {
      if (!path.startsWith(prefix)) continue;
      const parts = path.slice(prefix.length).split("/");
      for (let i = 1; i < parts.length && (deep || i === 1); i++) {
        const dir = prefix + parts.slice(0, i).join("/");
        entries.set(dir, { type: "directory", oid: "0", size: 0, path: dir });
      }
      if (!deep && parts.length > 1) continue;
      const file = { type: "file", path, size: data.length };
      entries.set(
        path,
        data.length < LFS_MIN_BYTES ? { ...file, oid: gitSha1(data) } : {
          ...file,
          // Digest of the pointer that git stores in place of the file.
          oid: gitSha1(toBytes(sha256(data))),
          lfs: { oid: sha256(data), size: data.length, pointerSize: 130 },
        },
      );
    }
    if (folder && entries.size === 0) {
      return {
        status: 404,
        headers: { "x-error-code": "EntryNotFound" },
        body: "",
      };
    }
    const all = [...entries.values()];
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const to = from + this.pageSize;
    url.searchParams.set("cursor", String(to));
    const headers: Record<string, string> = to < all.length
      ? { link: `<${url.href}>; rel="next"` }
      : {};
    return {
      status: 200,
      headers,
      body: JSON.stringify(all.slice(from, to)),
    };
  }
}

async function write(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // Already closed.
  }
}

/** Settings with short pauses and timeouts. */
export const fastSettings = (hub: FakeHub) => ({
  endpoint: hub.endpoint,
  token: null,
  offline: false,
  maxAttempts: 3,
  retryDelayMs: 1,
  maxRetryDelayMs: 2000,
  stallTimeoutMs: 2000,
});

/** Runs `work` with a hub and an empty cache, and removes both. */
export async function withHub(
  work: (hub: FakeHub, cacheDir: string) => Promise<void>,
): Promise<void> {
  const cacheDir = await Deno.makeTempDir();
  try {
    await using hub = new FakeHub();
    await work(hub, cacheDir);
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
}

/** Deterministic pseudo-random bytes. */
export function pseudoRandomBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, x = seed; i < length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}
