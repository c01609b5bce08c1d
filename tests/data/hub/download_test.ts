import { assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { fetchHubFile } from "../../../src/data/hub/mod.ts";
import { UserError } from "../../../src/errors.ts";
import {
  type FakeHub,
  fastSettings,
  type Fault,
  pseudoRandomBytes,
  type RecordedRequest,
  sha256,
  withHub,
} from "../../helpers/data/hub_server.ts";

const DATA = pseudoRandomBytes(100_000);
const MiB = 2 ** 20;

interface Case {
  hub: FakeHub;
  cacheDir: string;
  /** Path of the incomplete download. */
  part: string;
  /** Downloads the file and checks it. */
  fetch(settings?: Record<string, unknown>): Promise<void>;
  /** The error message; the file must not exist afterwards. */
  refused(settings?: Record<string, unknown>): Promise<string>;
  /** First bytes requested from the store, in order. */
  ranges(): number[];
}

/**
 * A large file on a hub whose store injects a fault into its n-th response
 * (from 0).
 */
function withFile(
  name: string,
  work: (c: Case) => Promise<void>,
  { data = DATA, fault }: {
    data?: Uint8Array;
    fault?: (nth: number, asked: RecordedRequest) => Fault | undefined;
  } = {},
): void {
  Deno.test(name, () =>
    withHub(async (hub, cacheDir) => {
      hub.push("models/o/n", { "a.bin": data });
      const stored = () => hub.requests.filter(({ store }) => store);
      hub.fault = (asked) =>
        asked.store ? fault?.(stored().length - 1, asked) : undefined;
      const blobs = join(cacheDir, "hub", "blobs", sha256(data));
      const fetchIt = (settings = {}) =>
        fetchHubFile({
          kind: "model",
          repo: "o/n",
          path: "a.bin",
          cacheDir,
          settings: { ...fastSettings(hub), ...settings },
        });
      await work({
        hub,
        cacheDir,
        part: join(cacheDir, "hub", "parts", sha256(data)),
        async fetch(settings) {
          assertEquals(
            sha256(await Deno.readFile((await fetchIt(settings))!)),
            sha256(data),
          );
        },
        async refused(settings) {
          const error = await assertRejects(() => fetchIt(settings), UserError);
          assertEquals([...Deno.readDirSync(blobs)], []);
          assertEquals(/secret|signature|\n/.test(error.message), false);
          return error.message
            .replaceAll(new URL(hub.endpoint).host, "HUB")
            .replaceAll(new URL(hub.store).host, "STORE");
        },
        ranges: () =>
          stored().map(({ headers }) =>
            Number(/\d+/.exec(headers.get("range") ?? "0"))
          ),
      });
    }));
}

withFile(
  "downloadFile() resumes after an interrupted connection",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 40_000, 40_001]);
  },
  { fault: (nth) => [{ cutAfter: 40_000 }, { cutAfter: 1 }][nth] },
);

withFile(
  "downloadFile() restarts the attempt count after progress",
  async ({ fetch, ranges }) => {
    await fetch({ maxAttempts: 2 });
    assertEquals(ranges(), [0, MiB, 2 * MiB, 3 * MiB]);
  },
  { data: pseudoRandomBytes(3 * MiB + 5), fault: () => ({ cutAfter: MiB }) },
);

withFile(
  "downloadFile() fails without progress and resumes in the next run",
  async ({ hub, fetch, refused, ranges }) => {
    assertEquals(
      await refused(),
      "Cannot read hf://o/n/a.bin as the connection to STORE was interrupted, and the cache does not have it: try again later",
    );
    assertEquals(ranges(), [0, 10, 20]);
    hub.fault = () => undefined;
    await fetch();
    assertEquals(ranges(), [0, 10, 20, 30]);
  },
  { fault: () => ({ cutAfter: 10 }) },
);

withFile(
  "downloadFile() waits as long as the Hub requests",
  async ({ fetch, ranges }) => {
    const start = performance.now();
    await fetch({ maxAttempts: 4 });
    assertEquals(performance.now() - start > 300, true);
    assertEquals(ranges(), [0, 0, 0, 0]);
  },
  {
    fault: (nth) =>
      [
        { status: 429, headers: { "retry-after": "0.3" } },
        { status: 503, headers: { "retry-after": new Date().toUTCString() } },
        { status: 500 },
      ][nth],
  },
);

withFile(
  "downloadFile() reports a requested pause that is too long",
  async ({ refused, ranges }) => {
    assertEquals(
      await refused(),
      "Cannot read hf://o/n/a.bin as STORE responds with status 429 and asks to wait 3600 s, " +
        "and the cache does not have it: try again later",
    );
    assertEquals(ranges(), [0]);
  },
  {
    fault: () => ({
      status: 429,
      headers: { ratelimit: '"resolvers";r=0;t=3600' },
    }),
  },
);

withFile(
  "downloadFile() aborts a stalled connection",
  async ({ fetch, refused, ranges }) => {
    assertEquals(
      await refused({ stallTimeoutMs: 60, maxAttempts: 2 }),
      "Cannot read hf://o/n/a.bin as STORE sent fewer than 8192 bytes in 0.06 s, and the cache does not have it: try again later",
    );
    await fetch();
    assertEquals(ranges(), [0, 5, 10]);
  },
  { fault: (nth) => nth < 2 ? { stallAfter: 5 } : undefined },
);

withFile(
  "downloadFile() restarts if the server does not support ranges",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 70_000]);
  },
  { fault: (nth) => nth === 0 ? { cutAfter: 70_000 } : { ignoreRange: true } },
);

withFile(
  "downloadFile() restarts on 416 and on a range that was not requested",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 70_000, 0]);
  },
  {
    fault: (nth) => [{ cutAfter: 70_000 }, { status: 416 }][nth],
  },
);

withFile(
  "downloadFile() never joins mismatching ranges",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 70_000, 0]);
  },
  {
    fault: (nth) =>
      [{ cutAfter: 70_000 }, {
        headers: { "content-range": "bytes 69999-99999/100000" },
      }][nth],
  },
);

withFile(
  "downloadFile() downloads wrong bytes again once",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 0]);
  },
  {
    fault: (nth) =>
      nth === 0 ? { body: pseudoRandomBytes(100_000, 2) } : undefined,
  },
);

withFile(
  "downloadFile() notices wrong bytes after an interruption too",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 99_000, 0]);
  },
  {
    fault: (nth) =>
      [{ cutAfter: 99_000 }, { body: pseudoRandomBytes(100_000, 2) }][nth],
  },
);

const wrong = pseudoRandomBytes(100_000, 2);
withFile(
  "downloadFile() rejects bytes that are wrong twice and leaves no file",
  async ({ refused, part, ranges }) => {
    assertEquals(
      await refused(),
      `Cannot use hf://o/n/a.bin as its SHA-256 must be ${sha256(DATA)}: ` +
        `got ${sha256(wrong)}, on two attempts: ` +
        "the Hub or a proxy in between is at fault; try again later",
    );
    assertEquals(ranges(), [0, 0]);
    await assertRejects(() => Deno.stat(part), Deno.errors.NotFound);
  },
  { fault: () => ({ body: wrong }) },
);

for (
  const [name, fault, reason] of [
    [
      "a length that is too small",
      { headers: { "content-length": "99999" } },
      "STORE must send 100000 bytes: got 99999",
    ],
    [
      "a length that is too large",
      { headers: { "content-length": "100001" } },
      "STORE must send 100000 bytes: got 100001",
    ],
    [
      "compressed bytes that are too many",
      {
        body: gzipSync(pseudoRandomBytes(200_000)),
        headers: { "content-encoding": "gzip" },
      },
      "more than 100000 bytes arrive",
    ],
  ] as [string, Fault, string][]
) {
  withFile(
    `downloadFile() rejects ${name}`,
    async ({ refused }) => {
      assertEquals(
        await refused(),
        `Cannot use hf://o/n/a.bin as ${reason}, on two attempts: ` +
          "the Hub or a proxy in between is at fault; try again later",
      );
    },
    { fault: () => fault },
  );
}

withFile(
  "downloadFile() decompresses what a proxy compressed",
  async ({ fetch }) => await fetch(),
  {
    fault: () => ({
      body: gzipSync(DATA),
      headers: { "content-encoding": "gzip" },
    }),
  },
);

withFile(
  "downloadFile() reports an unsupported content encoding",
  async ({ refused }) => {
    assertEquals(
      await refused(),
      `Cannot read hf://o/n/a.bin as STORE must send uncompressed, gzip or deflate content: got "br"`,
    );
  },
  { fault: () => ({ headers: { "content-encoding": "br" } }) },
);

withFile(
  "downloadFile() stops at a redirect loop",
  async ({ refused, ranges }) => {
    assertEquals(
      await refused(),
      "Cannot read hf://o/n/a.bin as STORE redirects in a loop",
    );
    assertEquals(ranges().length, 10);
  },
  { fault: () => ({ status: 302, headers: { location: "/secret" } }) },
);

withFile(
  "downloadFile() requests a new URL if that of the store has expired",
  async ({ hub, fetch }) => {
    await fetch();
    assertEquals(hub.requestsFor("/resolve/").length, 2);
  },
  { fault: (nth) => nth === 0 ? { status: 403 } : undefined },
);

withFile(
  "downloadFile() verifies the digest of an existing part",
  async (c) => {
    const { part, ranges } = c;
    await Deno.mkdir(join(part, ".."), { recursive: true });
    await Deno.writeFile(part, pseudoRandomBytes(50_000, 2));
    await c.fetch();
    assertEquals(ranges(), [50_000, 0]);
  },
);

withFile("downloadFile() sends no request for a complete part", async (c) => {
  await Deno.mkdir(join(c.part, ".."), { recursive: true });
  await Deno.writeFile(c.part, DATA);
  await c.fetch();
  assertEquals(c.ranges(), []);
});

withFile("downloadFile() drops a part that is too long", async (c) => {
  await Deno.mkdir(join(c.part, ".."), { recursive: true });
  await Deno.writeFile(c.part, pseudoRandomBytes(100_001));
  await c.fetch();
  assertEquals(c.ranges(), [0]);
});

withFile("downloadFile() downloads once for concurrent callers", async (c) => {
  await Promise.all([c.fetch(), c.fetch(), c.fetch()]);
  assertEquals(c.ranges(), [0]);
});

Deno.test({
  name: "downloadFile() reports a full disk",
  // Other systems have no device that is always full.
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withHub(async (hub, cacheDir) => {
      hub.push("models/o/n", { "a.bin": DATA });
      const parts = join(cacheDir, "hub", "parts");
      await Deno.mkdir(parts, { recursive: true });
      await Deno.symlink("/dev/full", join(parts, sha256(DATA)));
      const error = await assertRejects(
        () =>
          fetchHubFile({
            kind: "model",
            repo: "o/n",
            path: "a.bin",
            cacheDir,
            settings: fastSettings(hub),
          }),
        UserError,
      );
      assertEquals(
        error.message,
        `Cannot write under '${join(cacheDir, "hub")}' as the disk is full: ` +
          "free some space, or set 'data.cache' to a folder on another disk",
      );
    }),
});
