import { assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { UserError } from "../../../src/errors.ts";
import { fetchHubFile } from "../../../src/data/hub/mod.ts";
import {
  type Asked,
  type FakeHub,
  type Fault,
  noise,
  quick,
  sha256,
  withHub,
} from "../../helpers/data/hub_server.ts";

const DATA = noise(100_000);
const MiB = 2 ** 20;

interface Case {
  hub: FakeHub;
  cacheDir: string;
  /** Where the beginning of the file lies. */
  part: string;
  /** Fetches the file, and checks it. */
  fetch(settings?: Record<string, unknown>): Promise<void>;
  /** What is said in place of the file; nothing may lie in its place. */
  refused(settings?: Record<string, unknown>): Promise<string>;
  /** First bytes asked of the store, in order. */
  ranges(): number[];
}

/** A big file on a hub whose store answers its n-th request (from 0) with a fault. */
function withFile(
  name: string,
  work: (c: Case) => Promise<void>,
  { data = DATA, fault }: {
    data?: Uint8Array;
    fault?: (nth: number, asked: Asked) => Fault | undefined;
  } = {},
): void {
  Deno.test(name, () =>
    withHub(async (hub, cacheDir) => {
      hub.push("models/o/n", { "a.bin": data });
      const stored = () => hub.asked.filter(({ store }) => store);
      hub.fault = (asked) =>
        asked.store ? fault?.(stored().length - 1, asked) : undefined;
      const blobs = join(cacheDir, "hub", "blobs", sha256(data));
      const fetchIt = (settings = {}) =>
        fetchHubFile({
          kind: "model",
          repo: "o/n",
          path: "a.bin",
          cacheDir,
          settings: { ...quick(hub), ...settings },
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
  "download() goes on where the connection was cut",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 40_000, 40_001]);
  },
  { fault: (nth) => [{ cutAfter: 40_000 }, { cutAfter: 1 }][nth] },
);

withFile(
  "download() counts tries anew when much has come",
  async ({ fetch, ranges }) => {
    await fetch({ tries: 2 });
    assertEquals(ranges(), [0, MiB, 2 * MiB, 3 * MiB]);
  },
  { data: noise(3 * MiB + 5), fault: () => ({ cutAfter: MiB }) },
);

withFile(
  "download() gives up when little comes, and goes on in the next run",
  async ({ hub, fetch, refused, ranges }) => {
    assertEquals(
      await refused(),
      "Cannot read hf://o/n/a.bin as the connection to STORE was cut, and the cache does not have it: try again later",
    );
    assertEquals(ranges(), [0, 10, 20]);
    hub.fault = () => undefined;
    await fetch();
    assertEquals(ranges(), [0, 10, 20, 30]);
  },
  { fault: () => ({ cutAfter: 10 }) },
);

withFile(
  "download() waits as long as the hub asks",
  async ({ fetch, ranges }) => {
    const start = performance.now();
    await fetch({ tries: 4 });
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
  "download() says where the hub asks to wait too long",
  async ({ refused, ranges }) => {
    assertEquals(
      await refused(),
      "Cannot read hf://o/n/a.bin as STORE answers 429 and asks to wait 3600 s, " +
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
  "download() gives up a connection on which nothing comes",
  async ({ fetch, refused, ranges }) => {
    assertEquals(
      await refused({ stallMs: 60, tries: 2 }),
      "Cannot read hf://o/n/a.bin as STORE sent nothing for 0.06 s, and the cache does not have it: try again later",
    );
    await fetch();
    assertEquals(ranges(), [0, 5, 10]);
  },
  { fault: (nth) => nth < 2 ? { stallAfter: 5 } : undefined },
);

withFile(
  "download() takes the whole where the server knows no ranges",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 70_000]);
  },
  { fault: (nth) => nth === 0 ? { cutAfter: 70_000 } : { ignoreRange: true } },
);

withFile(
  "download() begins anew on 416 and on a range that was not asked for",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 70_000, 0]);
  },
  {
    fault: (nth) => [{ cutAfter: 70_000 }, { status: 416 }][nth],
  },
);

withFile(
  "download() never splices what is out of place",
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
  "download() fetches wrong bytes anew once",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 0]);
  },
  { fault: (nth) => nth === 0 ? { body: noise(100_000, 2) } : undefined },
);

withFile(
  "download() notices wrong bytes after a cut too",
  async ({ fetch, ranges }) => {
    await fetch();
    assertEquals(ranges(), [0, 99_000, 0]);
  },
  {
    fault: (nth) => [{ cutAfter: 99_000 }, { body: noise(100_000, 2) }][nth],
  },
);

const wrong = noise(100_000, 2);
withFile(
  "download() refuses bytes that are wrong twice, and leaves nothing",
  async ({ refused, part, ranges }) => {
    assertEquals(
      await refused(),
      `Cannot take hf://o/n/a.bin as its SHA-256 must be ${sha256(DATA)}: ` +
        `got ${sha256(wrong)}, twice: ` +
        "the hub or a proxy on the way to it is at fault; try again later",
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
      "bytes that are packed and too many",
      {
        body: gzipSync(noise(200_000)),
        headers: { "content-encoding": "gzip" },
      },
      "more than 100000 bytes come",
    ],
  ] as [string, Fault, string][]
) {
  withFile(
    `download() refuses ${name}`,
    async ({ refused }) => {
      assertEquals(
        await refused(),
        `Cannot take hf://o/n/a.bin as ${reason}, twice: ` +
          "the hub or a proxy on the way to it is at fault; try again later",
      );
    },
    { fault: () => fault },
  );
}

withFile(
  "download() unpacks what a proxy packed",
  async ({ fetch }) => await fetch(),
  {
    fault: () => ({
      body: gzipSync(DATA),
      headers: { "content-encoding": "gzip" },
    }),
  },
);

withFile(
  "download() says that it cannot unpack",
  async ({ refused }) => {
    assertEquals(
      await refused(),
      `Cannot read hf://o/n/a.bin as STORE sends what is packed by "br"`,
    );
  },
  { fault: () => ({ headers: { "content-encoding": "br" } }) },
);

withFile(
  "download() leaves a circle of redirects",
  async ({ refused, ranges }) => {
    assertEquals(
      await refused(),
      "Cannot read hf://o/n/a.bin as STORE redirects in a circle",
    );
    assertEquals(ranges().length, 10);
  },
  { fault: () => ({ status: 302, headers: { location: "/secret" } }) },
);

withFile(
  "download() asks for a new address where the store's has run out",
  async ({ hub, fetch }) => {
    await fetch();
    assertEquals(hub.askedFor("/resolve/").length, 2);
  },
  { fault: (nth) => nth === 0 ? { status: 403 } : undefined },
);

withFile("download() believes no part but by its digest", async (c) => {
  const { part, ranges } = c;
  await Deno.mkdir(join(part, ".."), { recursive: true });
  await Deno.writeFile(part, noise(50_000, 2));
  await c.fetch();
  assertEquals(ranges(), [50_000, 0]);
});

withFile("download() asks nothing for a part that is whole", async (c) => {
  await Deno.mkdir(join(c.part, ".."), { recursive: true });
  await Deno.writeFile(c.part, DATA);
  await c.fetch();
  assertEquals(c.ranges(), []);
});

withFile("download() drops a part that is too long", async (c) => {
  await Deno.mkdir(join(c.part, ".."), { recursive: true });
  await Deno.writeFile(c.part, noise(100_001));
  await c.fetch();
  assertEquals(c.ranges(), [0]);
});

withFile("download() fetches once for all who want it at a time", async (c) => {
  await Promise.all([c.fetch(), c.fetch(), c.fetch()]);
  assertEquals(c.ranges(), [0]);
});

Deno.test({
  name: "download() says that the disk is full",
  // Elsewhere there is no device that is always full.
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
            settings: quick(hub),
          }),
        UserError,
      );
      assertEquals(
        error.message,
        `Cannot write under '${join(cacheDir, "hub")}' as the disk is full: ` +
          "make room, or set 'data.cache' to a folder on another",
      );
    }),
});
