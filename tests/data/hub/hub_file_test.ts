import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fetchHubFile, resolveHubCommit } from "../../../src/data/hub/mod.ts";
import { UserError } from "../../../src/errors.ts";
import {
  fastSettings,
  pseudoRandomBytes,
  withHub,
} from "../../helpers/data/hub_server.ts";

const model = { kind: "model", repo: "o/n", revision: "main" } as const;

Deno.test("fetchHubFile() downloads small and large files once", () =>
  withHub(async (hub, cacheDir) => {
    const big = pseudoRandomBytes(100_000);
    hub.push("models/o/n", { "tokenizer.json": "{}", "sub/big one.bin": big });
    const settings = fastSettings(hub);
    const progress: unknown[] = [];
    const options = { ...model, cacheDir, settings };
    const small = await fetchHubFile({
      ...options,
      path: "tokenizer.json",
      onProgress: (p) => progress.push(p),
    });
    assertEquals(await Deno.readTextFile(small!), "{}");
    assertEquals(progress, [{ done: 2, total: 2 }]);
    const path = "sub/big one.bin";
    const found = await fetchHubFile({ ...options, path });
    assertEquals(await Deno.readFile(found!), big);
    assertEquals(hub.requestsFor("/resolve/").length, 2);
    assertEquals(await fetchHubFile({ ...options, path }), found);
    assertEquals(hub.requestsFor("/resolve/").length, 2);
  }));

Deno.test("fetchHubFile() does not begin to download a file that is too large", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("models/o/n", { "a.json": "1".repeat(2000) });
    const error = await assertRejects(
      () =>
        fetchHubFile({
          ...model,
          cacheDir,
          settings: fastSettings(hub),
          path: "a.json",
          maxBytes: 1000,
        }),
      UserError,
    );
    assertEquals(
      error.message,
      "Cannot use hf://o/n/a.json as it must have at most 1.0 kB: got 2.0 kB",
    );
    assertEquals(hub.requestsFor("/resolve/").length, 0);
  }));

Deno.test("fetchHubFile() returns null for a missing optional file and rejects other missing files", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("models/o/n", { "a.json": "1" });
    const settings = fastSettings(hub);
    for (const path of ["b.json", "c/d.json", "../a.json"]) {
      const options = { ...model, cacheDir, settings, path };
      assertEquals(await fetchHubFile({ ...options, optional: true }), null);
      const error = await assertRejects(() => fetchHubFile(options), UserError);
      assertEquals(
        error.message,
        `Cannot read hf://o/n/${path} as there is no such file: see ${hub.endpoint}/o/n`,
      );
    }
  }));

Deno.test("fetchHubFile() explains denied access", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("models/o/n", { "a.json": "1" });
    const settings = fastSettings(hub);
    const message = async (repo: string, revision = "main", token = false) => {
      const error = await assertRejects(
        () =>
          fetchHubFile({
            kind: "model",
            repo,
            revision,
            cacheDir,
            path: "a.json",
            settings: { ...settings, token: token ? "hf_x" : null },
          }),
        UserError,
      );
      return error.message.replaceAll(new URL(hub.endpoint).host, "HUB");
    };
    assertEquals(
      await message("o/m"),
      "Cannot read hf://o/m as HUB responds with status 404: there is no such model, or it is private: " +
        "set HF_TOKEN to a token with read access",
    );
    assertEquals(
      await message("o/n", "v2"),
      "Cannot read hf://o/n@v2 as HUB responds with status 404: the model has no revision 'v2'",
    );
    hub.fault = () => ({ status: 401 });
    assertEquals(
      await message("o/n", "main", true),
      "Cannot read hf://o/n as HUB responds with status 401: there is no such model, or it is private: " +
        "check that the token in HF_TOKEN has read access",
    );
    hub.fault = () => ({
      status: 403,
      headers: { "x-error-code": "GatedRepo" },
    });
    assertEquals(
      await message("o/n"),
      "Cannot read hf://o/n as HUB responds with status 403: its owner restricts access: " +
        "accept the terms at http://HUB/o/n, and set HF_TOKEN to a token with read access",
    );
  }));

Deno.test("fetchHubFile() uses the cache without the Hub, with a note unless offline", () =>
  withHub(async (hub, cacheDir) => {
    const commit = hub.push("models/o/n", { "a.json": "1" });
    const path = "a.json";
    const said: string[] = [];
    const say = (line: string) => void said.push(line);
    const settings = fastSettings(hub);
    const options = { ...model, cacheDir, settings, path, say };
    const first = await fetchHubFile(options);
    const count = hub.requests.length;
    const offline = { ...settings, offline: true };
    assertEquals(await fetchHubFile({ ...options, settings: offline }), first);
    assertEquals([hub.requests.length, said], [count, []]);

    hub.fault = () => ({ hangUp: true });
    assertEquals(await fetchHubFile(options), first);
    assertEquals(said, [
      `note: the Hub cannot be reached: using ${commit.slice(0, 12)} ` +
      `from the cache (the connection to ${
        new URL(hub.endpoint).host
      } was interrupted)`,
    ]);
    const error = await assertRejects(
      () => fetchHubFile({ ...options, repo: "o/m", settings: offline }),
      UserError,
    );
    assertEquals(
      error.message,
      "Cannot read hf://o/m as HF_HUB_OFFLINE forbids requests to the Hub, and the cache does not have it: " +
        "unset HF_HUB_OFFLINE once to fetch it",
    );
  }));

Deno.test("fetchHubFile() sends the token only to the origin of the endpoint", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("models/o/n", { "a.bin": pseudoRandomBytes(1000) });
    const settings = { ...fastSettings(hub), token: "hf_secret" };
    await fetchHubFile({ ...model, cacheDir, settings, path: "a.bin" });
    assertEquals(
      hub.requests.map(({ store, headers }) => [
        store,
        headers.get("authorization"),
      ]),
      [
        [false, "Bearer hf_secret"],
        [false, "Bearer hf_secret"],
        [false, "Bearer hf_secret"],
        [true, null],
      ],
    );
  }));

Deno.test("fetchHubFile() follows a moving revision and shares unchanged files", () =>
  withHub(async (hub, cacheDir) => {
    const settings = fastSettings(hub);
    const fetchOne = (path: string, revision = "main") =>
      fetchHubFile({ ...model, revision, cacheDir, settings, path });
    const stays = pseudoRandomBytes(500);
    const old = hub.push("models/o/n", { "a.json": "1", "b.bin": stays });
    const [a1, b1] = [await fetchOne("a.json"), await fetchOne("b.bin")];
    hub.push("models/o/n", { "a.json": "22", "b.bin": stays });
    const [a2, b2] = [await fetchOne("a.json"), await fetchOne("b.bin")];
    assertEquals(b1, b2);
    assertEquals(await Deno.readTextFile(a2!), "22");
    assertEquals(await fetchOne("a.json", old), a1);
    assertEquals(await Deno.readTextFile(a1!), "1");
    assertEquals(hub.requestsFor("b.bin").length, 1);
    const commit = await resolveHubCommit({ ...model, cacheDir, settings });
    assertEquals(commit === old, false);
  }));

Deno.test("fetchHubFile() downloads a truncated cached file again", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("models/o/n", { "a.json": "[1,2]" });
    const settings = fastSettings(hub);
    const options = { ...model, cacheDir, settings, path: "a.json" };
    const path = (await fetchHubFile(options))!;
    await Deno.writeTextFile(path, "[1");
    assertEquals(await fetchHubFile(options), path);
    assertEquals(await Deno.readTextFile(path), "[1,2]");
  }));

Deno.test("fetchHubFile() reports an unwritable disk", async () => {
  await withHub(async (hub, cacheDir) => {
    hub.push("models/o/n", { "a.json": "1" });
    await Deno.writeTextFile(join(cacheDir, "hub"), "a file in its place");
    const error = await assertRejects(
      () =>
        fetchHubFile({
          ...model,
          cacheDir,
          settings: fastSettings(hub),
          path: "a.json",
        }),
      UserError,
    );
    assertEquals(
      error.message.startsWith(
        `Cannot write under '${join(cacheDir, "hub")}' as `,
      ),
      true,
    );
  });
});

Deno.test("fetchHubFile() reports refused connections and retry pauses", () =>
  withHub(async (hub, cacheDir) => {
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const host = `127.0.0.1:${free.addr.port}`;
    free.close();
    const said: string[] = [];
    const options = {
      ...model,
      cacheDir,
      path: "a.json",
      say: (line: string) => void said.push(line),
    };
    const error = await assertRejects(
      () =>
        fetchHubFile({
          ...options,
          settings: { ...fastSettings(hub), endpoint: `http://${host}` },
        }),
      UserError,
    );
    assertEquals(
      error.message,
      `Cannot read hf://o/n as ${host} refuses connections, and the cache does not have it: try again later`,
    );
    assertEquals(said, []);
    hub.push("models/o/n", { "a.json": "1" });
    hub.fault = () =>
      hub.requests.length === 1
        ? { status: 429, headers: { "retry-after": "1.6" } }
        : undefined;
    await fetchHubFile({ ...options, settings: fastSettings(hub) });
    assertEquals(said, [
      `note: ${
        new URL(hub.endpoint).host
      } responds with status 429: retrying in 2 s`,
    ]);
  }));
