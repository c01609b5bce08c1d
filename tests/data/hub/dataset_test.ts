import { assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../../../src/errors.ts";
import { hubDataset } from "../../../src/data/hub/mod.ts";
import {
  type FakeHub,
  noise,
  quick,
  withHub,
} from "../../helpers/data/hub_server.ts";

const FETCH = { url: "hf://datasets/o/n", split: "train" };

/** Paths in the set of what was fetched. */
async function fetched(
  hub: FakeHub,
  cacheDir: string,
  options: { url?: string; split?: string },
): Promise<string[]> {
  const settings = quick(hub);
  const given = { ...FETCH, ...options, cacheDir, settings };
  const { files, commit } = await hubDataset(given);
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

Deno.test("hubDataset() fetches a split's files in order, with progress over all", () =>
  withHub(async (hub, cacheDir) => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 7; i++) {
      files[`data/train-0000${6 - i}-of-00007.parquet`] = noise(20_000 + i, i);
    }
    const commit = hub.push("datasets/o/n", {
      ...files,
      "data/test-00000-of-00001.parquet": noise(100),
      "README.md": "# no header",
    });
    hub.pageSize = 3;
    const progress: { done: number; total: number }[] = [];
    const given = {
      ...FETCH,
      cacheDir,
      settings: quick(hub),
      onProgress: (p: { done: number; total: number }) =>
        void progress.push({ ...p }),
    };
    const set = await hubDataset(given);
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
    assertEquals(hub.askedFor("cursor=").length > 0, true);
    assertEquals(hub.askedFor("test-").length, 0);

    // All is there: only the revision is asked for.
    const count = hub.asked.length;
    assertEquals(await hubDataset(given), set);
    assertEquals(
      hub.asked.slice(count).map(({ path }) => path),
      ["/api/datasets/o/n/revision/main"],
    );
    const settings = { ...given.settings, offline: true };
    assertEquals(await hubDataset({ ...given, settings }), set);
    assertEquals(hub.asked.length, count + 1);
  }));

Deno.test("hubDataset() goes by the README's header first", () =>
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
      "Cannot read hf://datasets/o/n as its README.md points elsewhere: " +
        `name "https://example.org/x.jsonl" itself`,
    );
  }));

Deno.test("hubDataset() takes what a path, folder or glob names", () =>
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

Deno.test("hubDataset() says what there is where it can read nothing", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", { "n.py": "1", "train.csv": "2", "test.csv": "" });
    assertEquals(
      await refused(hub, cacheDir, {}),
      "Cannot read hf://datasets/o/n as it must have files in .parquet, .jsonl, .json, .ndjson or .txt " +
        "(all but the first also .gz or .zst): got 1 .csv; " +
        "the hub may have it as Parquet in hf://datasets/o/n@refs%2Fconvert%2Fparquet",
    );
    hub.push("datasets/o/n", {
      "a/train/0.parquet": "1",
      "b/train/0.parquet": "2",
    }, "refs/convert/parquet");
    const url = "hf://datasets/o/n@refs%2Fconvert%2Fparquet";
    assertEquals(
      await refused(hub, cacheDir, { url }),
      `Cannot choose files of ${url} as one of its configurations must be named, as in ${url}/a: it has a, b`,
    );
    assertEquals(await fetched(hub, cacheDir, { url: url + "/b" }), [
      "b/train/0.parquet",
    ]);
    hub.push("datasets/o/m", { "n.py": "1" });
    assertEquals(
      (await refused(hub, cacheDir, { url: "hf://datasets/o/m" }))
        .includes("got 1 .py; the hub may"),
      true,
    );
  }));

Deno.test("hubDataset() refuses lists that point outside, or are none", () =>
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
        `Cannot use hf://datasets/o/n as its list names ${
          JSON.stringify(path)
        }, which is no path inside of it`,
      );
    }
    assertEquals(
      await answers(JSON.stringify([{ ...entry, path: "a", oid: "../x" }])),
      `Cannot use hf://datasets/o/n as its list gives 'a' the git-sha1 "../x"`,
    );
    assertEquals(
      await answers("<!DOCTYPE html><title>Sign in</title>"),
      `Cannot read hf://datasets/o/n as HUB answers with no JSON: got "<!DOCTYPE html><title>Sign in</title>", ` +
        "and the cache does not have it: try again later",
    );
    hub.fault = ({ path }) =>
      path.includes("/tree/") ? { cutAfter: 10 } : undefined;
    assertEquals(
      await refused(hub, cacheDir, {}),
      "Cannot read hf://datasets/o/n as the connection to HUB was cut, and the cache does not have it: try again later",
    );
    hub.fault = ({ path }) =>
      path.includes("/tree/")
        ? { headers: { link: '<file:///etc/passwd>; rel="next"' } }
        : undefined;
    assertEquals(
      await refused(hub, cacheDir, {}),
      "Cannot read hf://datasets/o/n as the hub's answer points to nowhere",
    );
  }));

Deno.test("hubDataset() fetches equal files once, and stops all at the first failure", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", {
      "a/train.txt": noise(300),
      "b/train.txt": noise(300),
    });
    assertEquals((await fetched(hub, cacheDir, {})).length, 2);
    assertEquals(hub.asked.filter(({ store }) => store).length, 1);

    const many: Record<string, Uint8Array> = {};
    for (let i = 10; i < 40; i++) many[`train/${i}.txt`] = noise(300, i);
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
        "Cannot read hf://datasets/o/m/train/12.txt as HUB answers 403",
      ),
      true,
      message,
    );
    assertEquals(hub.askedFor("/resolve/").length < 10, true);
  }));
