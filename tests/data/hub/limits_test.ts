/** Answers that are gigantic, or never end. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fetchHubDataset } from "../../../src/data/hub/mod.ts";
import { UserError } from "../../../src/errors.ts";
import {
  type FakeHub,
  fastSettings,
  withHub,
} from "../../helpers/data/hub_server.ts";

const fetchSet = (
  hub: FakeHub,
  cacheDir: string,
  settings: Record<string, unknown> = {},
) =>
  fetchHubDataset({
    url: "hf://datasets/o/n",
    split: "train",
    cacheDir,
    settings: { ...fastSettings(hub), ...settings },
  });

async function refused(...given: Parameters<typeof fetchSet>) {
  const error = await assertRejects(() => fetchSet(...given), UserError);
  return error.message.replaceAll(new URL(given[0].endpoint).host, "HUB");
}

const oid = "0".repeat(40);
const page = (paths: string[]) =>
  JSON.stringify(paths.map((path) => ({ type: "file", path, size: 0, oid })));

Deno.test("fetchHubDataset() finds a file among 300,000 in one page", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", { "data/train-00000-of-00001.jsonl": "{}" });
    const paths = Array.from({ length: 300_000 }, (_, i) => `other/${i}.jpg`);
    const right = hub.requestsFor.bind(hub);
    hub.fault = ({ path }) =>
      path.includes("/tree/") && path.includes("recursive")
        ? { body: page([...paths, "data/train-00000-of-00001.jsonl"]) }
        : undefined;
    const message = await refused(hub, cacheDir);
    // The list names a digest that the file does not have.
    assert(message.includes("data/train-00000-of-00001.jsonl"), message);
    assertEquals(right("other/").length, 0);
    hub.fault = ({ path }) =>
      path.includes("/tree/")
        ? { body: page(paths.map((path) => path.replace("jpg", "csv"))) }
        : undefined;
    hub.push("datasets/o/n", { "a.csv": "" });
    assertEquals(
      await refused(hub, cacheDir),
      "Cannot read hf://datasets/o/n as it must have files in .parquet, .jsonl, .json, .ndjson or .txt (all but the first also .gz or .zst): got 300000 .csv; the Hub may have it as Parquet in hf://datasets/o/n@refs%2Fconvert%2Fparquet",
    );
  }));

Deno.test("fetchHubDataset() does not follow pages without end", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", { "a.jsonl": "{}" });
    let count = 0;
    const next = (query: () => string) => {
      hub.fault = ({ path }) =>
        path.includes("/tree/")
          ? {
            headers: {
              link: `<${hub.endpoint}${
                path.split("?")[0]
              }?${query()}>; rel="next"`,
            },
          }
          : undefined;
    };
    next(() => "cursor=same");
    const message =
      "Cannot read hf://datasets/o/n as its file list does not end";
    assertEquals(await refused(hub, cacheDir), message);
    assertEquals(hub.requestsFor("cursor").length, 1);
    next(() => `cursor=${count++}`);
    assertEquals(await refused(hub, cacheDir), message);
    assertEquals(count, 2000);
  }));

Deno.test("fetchHubDataset() gives up on a server that sends a byte at a time", () =>
  withHub(async (hub, cacheDir) => {
    hub.push("datasets/o/n", { "a.jsonl": "{}" });
    hub.fault = ({ path }) =>
      path.includes("/tree/")
        ? { body: page(["a.jsonl"]), part: 1, slow: 20 }
        : undefined;
    assertEquals(
      await refused(hub, cacheDir, { stallTimeoutMs: 200, maxAttempts: 2 }),
      "Cannot read hf://datasets/o/n as HUB sent fewer than 8192 bytes in 0.2 s, and the cache does not have it: try again later",
    );
  }));

Deno.test("fetchHubDataset() refuses a card that becomes gigantic", () =>
  withHub(async (hub, cacheDir) => {
    const aliases = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]\n`,
    ).join("");
    hub.push("datasets/o/n", {
      "a.jsonl": "{}",
      "README.md":
        `---\na0: &a0 [x]\n${aliases}configs:\n- config_name: *a12\n---\n`,
    });
    assertEquals(
      await refused(hub, cacheDir),
      "Cannot choose files by hf://datasets/o/n/README.md as its header must be valid YAML: it is too large once its aliases are written out: name files, for example hf://datasets/o/n/**/*.parquet",
    );
    const patterns = Array.from({ length: 5000 }, (_, i) => `"${i}*"`);
    const files = Array.from({ length: 5000 }, (_, i) => [`${i}.jsonl`, ""]);
    hub.push("datasets/o/n", {
      ...Object.fromEntries(files),
      "README.md": `---\nconfigs:\n- data_files: [${
        patterns.join(", ")
      }]\n---\n`,
    });
    assertEquals(
      await refused(hub, cacheDir),
      "Cannot choose files by hf://datasets/o/n/README.md as its 5000 patterns are too many for 5001 files: name files, for example hf://datasets/o/n/**/*.parquet",
    );
  }));
