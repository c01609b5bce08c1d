import { assertEquals, assertRejects } from "@std/assert";
import { fetchHubDataset } from "../../../src/data/hub/mod.ts";
import { UserError } from "../../../src/errors.ts";
import {
  type FakeHub,
  fastSettings,
  pseudoRandomBytes,
  withHub,
} from "../../helpers/data/hub_server.ts";

const FETCH = { url: "hf://datasets/o/n", split: "train" };

/** Paths of the downloaded files in the dataset. */
async function fetched(
  hub: FakeHub,
  cacheDir: string,
  options: { url?: string; split?: string },
): Promise<string[]> {
  const settings = fastSettings(hub);
  const given = { ...FETCH, ...options, cacheDir, settings };
  const { files, commit } = await fetchHubDataset(given);
  return files.map(({ name }) => {
    const [before, path] = name.split(`@${commit}/`);
    assertEquals(before.startsWith("hf://datasets/"), true);
    return path;
  });
}

async function refused(
  hub: FakeHub,
  cacheDir: string,
  options: { url?: string; split?: string },
): Promise<string> {
  const error = await assertRejects(
    () => fetched(hub, cacheDir, options),
    UserError,
  );
  assertEquals(error.message.includes("\n"), false);
  return error.message.replaceAll(new URL(hub.endpoint).host, "HUB");
}

Deno.test("fetchHubDataset() downloads the files of a split in order, with total progress", () =>
  withHub(async (hub, cacheDir) => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 7; i++) {
      files[`data/train-0000${6 - i}-of-00007.parquet`] = pseudoRandomBytes(
        20_000 + i,
        i,
      );
    }
    const commit = hub.push("datasets/o/n", {
      ...files,
      "data/test-00000-of-00001.parquet": pseudoRandomBytes(100),
      "README.md": "# no header",
    });
    hub.pageSize = 3;
    const progress: { done: number; total: number }[] = [];
    const given = {
      ...FETCH,
      cacheDir,
      settings: fastSettings(hub),
      onProgress: (p: { done: number; total: number }) =>
        void progress.push({ ...p }),
    };
    const set = await fetchHubDataset(given);
    assertEquals(set.commit, commit);
    assertEquals(set.files.length, 7);
    for (const [i, { name, path, bytes }] of set.files.entries()) {
      const place = `data/train-0000${i}-of-00007.parquet`;
      assertEquals(name, `hf://datasets/o/n@${commit}/${place}`);
      assertEquals(await Deno.readFile(path), files[place]);
      assertEquals(bytes, files[place].length);
    }
    const total = 7 * 20_000 + 21;
    assertEquals(progress.at(-1), { done: total, total });
    assertEquals(
      progress.every((p, i) => i === 0 || p.done > progress[i - 1].done),
      true,
    );
    assertEquals(hub.requestsFor("cursor=").length > 0, true);
    assertEquals(hub.requestsFor("test-").length, 0);

    // Everything is cached: only the revision is requested.
    const count = hub.requests.length;
    assertEquals(await fetchHubDataset(given), set);
    assertEquals(
      hub.requests.slice(count).map(({ path }) => path),
      ["/api/datasets/o/n/revision/main"],
    );
    const settings = { ...given.settings, offline: true };
    assertEquals(await fetchHubDataset({ ...given, settings }), set);
    assertEquals(hub.requests.length, count + 1);
  }));

Deno.test("fetchHubDataset() uses the header of the README first", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", {
      "README.md": `---
configs:
- config_name: small
  default: true
  data_files:
  - split: train
    path: ["b/*.jsonl", "a/one.jsonl"]
  - {split: valid, path: test.jsonl}
- config_name: whole
  data_dir: sub
- config_name: there
  data_files: https://example.org/x.jsonl
---
`,
      "train.jsonl": "{}",
      "test.jsonl": "{}\n",
      "a/one.jsonl": "1",
      "a/two.jsonl": "2",
      "b/x.jsonl": "3",
      "b/w.jsonl": "4",
      "sub/train/p.txt": "5",
      "sub/dev/q.txt": "6",
    });
    const url = FETCH.url;
    assertEquals(await fetched(hub, cacheDir, {}), [
      "b/w.jsonl",
      "b/x.jsonl",
      "a/one.jsonl",
    ]);
    assertEquals(await fetched(hub, cacheDir, { split: "validation" }), [
      "test.jsonl",
    ]);
    assertEquals(
      await fetched(hub, cacheDir, {
        url: url + "/whole",
        split: "validation",
      }),
      ["sub/dev/q.txt"],
    );
    assertEquals(
      await refused(hub, cacheDir, { split: "test" }),
      "Cannot read the split 'test' of hf://datasets/o/n as it has only train, valid",
    );
    assertEquals(
      await refused(hub, cacheDir, { url: url + "/there" }),
      "Cannot read hf://datasets/o/n as its README.md points outside the dataset: " +
        `name "https://example.org/x.jsonl" directly`,
    );
  }));

Deno.test("fetchHubDataset() selects by path, folder and glob", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", {
      "en/c4-train.0.json.gz": "1",
      "en/c4-train.1.json.gz": "2",
      "en/c4-validation.0.json.gz": "3",
      "de/c4-train.0.json.gz": "4",
      "notes.md": "5",
    });
    const at = (path: string, split?: string) => ({
      url: `${FETCH.url}/${path}`,
      ...(split ? { split } : {}),
    });
    assertEquals(await fetched(hub, cacheDir, at("en")), [
      "en/c4-train.0.json.gz",
      "en/c4-train.1.json.gz",
    ]);
    assertEquals(await fetched(hub, cacheDir, at("en", "validation")), [
      "en/c4-validation.0.json.gz",
    ]);
    assertEquals(await fetched(hub, cacheDir, at("*/*.0.json.gz", "test")), [
      "de/c4-train.0.json.gz",
      "en/c4-train.0.json.gz",
      "en/c4-validation.0.json.gz",
    ]);
    assertEquals(await fetched(hub, cacheDir, at("notes.md")), ["notes.md"]);
    assertEquals(
      await refused(hub, cacheDir, at("fr")),
      "Cannot read hf://datasets/o/n/fr as there is no such file, folder or configuration: got de, en, notes.md",
    );
    assertEquals(
      await refused(hub, cacheDir, at("*.csv")),
      "Cannot read hf://datasets/o/n/*.csv as it must have files in .parquet, .jsonl, .json, .ndjson or " +
        ".txt (all but the first also .gz or .zst): got no data",
    );
  }));

Deno.test("fetchHubDataset() lists what exists if nothing is readable", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", { "n.py": "1", "train.csv": "2", "test.csv": "" });
    assertEquals(
      await refused(hub, cacheDir, {}),
      "Cannot read hf://datasets/o/n as it must have files in .parquet, .jsonl, .json, .ndjson or .txt " +
        "(all but the first also .gz or .zst): got 1 .csv; " +
        "the Hub may have it as Parquet in hf://datasets/o/n@refs%2Fconvert%2Fparquet",
    );
    hub.push("datasets/o/n", {
      "a/train/0.parquet": "1",
      "b/train/0.parquet": "2",
    }, "refs/convert/parquet");
    const url = "hf://datasets/o/n@refs%2Fconvert%2Fparquet";
    assertEquals(
      await refused(hub, cacheDir, { url }),
      `Cannot choose files of ${url} as one of its configurations must be named, for example ${url}/a: it has a, b`,
    );
    assertEquals(await fetched(hub, cacheDir, { url: url + "/b" }), [
      "b/train/0.parquet",
    ]);
    hub.push("datasets/o/m", { "n.py": "1" });
    assertEquals(
      (await refused(hub, cacheDir, { url: "hf://datasets/o/m" }))
        .includes("got 1 .py; the Hub may"),
      true,
    );
  }));

Deno.test("fetchHubDataset() rejects file lists that point outside or are invalid", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", { "a.txt": "1" });
    const answers = async (body: string) => {
      hub.fault = ({ path }) => path.includes("/tree/") ? { body } : undefined;
      return await refused(hub, cacheDir, {});
    };
    const entry = { type: "file", size: 1, oid: "0".repeat(40) };
    for (const path of ["../../etc/passwd", "/etc/passwd", "a\0b", "C:\\x"]) {
      assertEquals(
        await answers(JSON.stringify([{ ...entry, path }])),
        `Cannot use hf://datasets/o/n as its file list names ${
          JSON.stringify(path)
        }, which is not a path inside it`,
      );
    }
    assertEquals(
      await answers(JSON.stringify([{ ...entry, path: "a", oid: "../x" }])),
      `Cannot use hf://datasets/o/n as its file list gives 'a' the git-sha1 "../x"`,
    );
    assertEquals(
      await answers("<!DOCTYPE html><title>Sign in</title>"),
      `Cannot read hf://datasets/o/n as HUB must respond with JSON: got "<!DOCTYPE html><title>Sign in</title>", ` +
        "and the cache does not have it: try again later",
    );
    hub.fault = ({ path }) =>
      path.includes("/tree/") ? { cutAfter: 10 } : undefined;
    assertEquals(
      await refused(hub, cacheDir, {}),
      "Cannot read hf://datasets/o/n as the connection to HUB was interrupted, and the cache does not have it: try again later",
    );
    hub.fault = ({ path }) =>
      path.includes("/tree/")
        ? { headers: { link: '<file:///etc/passwd>; rel="next"' } }
        : undefined;
    assertEquals(
      await refused(hub, cacheDir, {}),
      "Cannot read hf://datasets/o/n as the Hub's response links to an invalid URL",
    );
  }));

Deno.test("fetchHubDataset() downloads equal files once and stops at the first failure", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", {
      "a/train.txt": pseudoRandomBytes(300),
      "b/train.txt": pseudoRandomBytes(300),
    });
    assertEquals((await fetched(hub, cacheDir, {})).length, 2);
    assertEquals(hub.requests.filter(({ store }) => store).length, 1);

    const many: Record<string, Uint8Array> = {};
    for (let i = 10; i < 40; i++) {
      many[`train/${i}.txt`] = pseudoRandomBytes(300, i);
    }
    hub.push("datasets/o/m", many);
    hub.fault = ({ path }) =>
      path.endsWith("train/12.txt")
        ? { status: 403 }
        : path.includes("secret")
        ? { stallAfter: 10 }
        : undefined;
    const message = await refused(hub, cacheDir, { url: "hf://datasets/o/m" });
    assertEquals(
      message.startsWith(
        "Cannot read hf://datasets/o/m/train/12.txt as HUB responds with status 403",
      ),
      true,
      message,
    );
    assertEquals(hub.requestsFor("/resolve/").length < 10, true);
  }));
