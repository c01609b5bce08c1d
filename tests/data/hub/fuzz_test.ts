import { assertEquals } from "@std/assert";
import { parseCard } from "../../../src/data/hub/card.ts";
import { fetchHubDataset } from "../../../src/data/hub/mod.ts";
import {
  readableFiles,
  splitsFromNames,
} from "../../../src/data/hub/splits.ts";
import { parseTree, serializeTree } from "../../../src/data/hub/tree.ts";
import { isSafePath } from "../../../src/data/hub/url.ts";
import { UserError } from "../../../src/errors.ts";
import { fastSettings, withHub } from "../../helpers/data/hub_server.ts";

const TREE = JSON.stringify([
  { type: "directory", oid: "f".repeat(40), size: 0, path: "data" },
  { type: "file", oid: "1".repeat(40), size: 9, path: "README.md" },
  {
    type: "file",
    oid: "2".repeat(40),
    size: 1e9,
    path: "data/train-00000-of-00002.parquet",
    lfs: { oid: "a".repeat(64), size: 1e9, pointerSize: 134 },
  },
]);
const CARD = `---
license: mit
configs:
- config_name: a
  default: true
  data_files:
  - split: train
    path: ["data/train-*", x/**]
  - {split: valid, path: v.json}
- config_name: b
  data_dir: &dir sub
- config_name: c
  data_dir: *dir
---
# text
`;
const REVISION = JSON.stringify({ id: "o/n", sha: "0".repeat(40) });

/** Generator of whole numbers less than n; deterministic. */
function dice(seed: number): (n: number) => number {
  let x = seed;
  return (n) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor(x / 2 ** 32 * n);
  };
}

const PIECES = [
  ...'{}[]",:&*!|>-#\n\t\0 .%@é\ud800',
  "null",
  "-1",
  "1e999",
  "../../",
  "/etc/passwd",
  "__proto__",
  "\r\n---\r\n",
  "\u2028",
  "[".repeat(3000),
  "[0-9",
  "**",
];

/**
 * Applies one to four mutations: removals, duplications, bit flips and
 * insertions.
 */
function mutated(text: string, roll: (n: number) => number): string {
  for (let n = roll(4); n >= 0; n--) {
    const at = roll(text.length + 1), to = at + roll(12);
    const piece = PIECES[roll(PIECES.length)];
    text = [
      () => text.slice(0, at) + text.slice(to),
      () => text.slice(0, to) + text.slice(at),
      () => text.slice(0, at) + piece + text.slice(at),
      () => text.slice(0, at) + piece + text.slice(to),
      () => text.slice(0, at),
      () =>
        text.slice(0, at) +
        String.fromCharCode(text.charCodeAt(at) ^ (1 << roll(7))) +
        text.slice(at + 1),
    ][roll(6)]();
  }
  return text;
}

Deno.test("parseTree() and parseCard() parse mutated responses or report why not", () => {
  const roll = dice(7);
  let taken = 0, refused = 0;
  for (let i = 0; i < 1700; i++) {
    const text = mutated(i % 2 ? TREE : CARD, roll);
    try {
      if (i % 2) {
        const entries = parseTree(JSON.parse(text));
        const paths = entries.map(({ path }) => path);
        assertEquals(paths.every(isSafePath), true, text);
        assertEquals(parseTree(JSON.parse(serializeTree(entries))), entries);
        for (const names of splitsFromNames(paths).values()) {
          readableFiles(names);
        }
      } else parseCard(text);
      taken++;
    } catch (error) {
      const { name, message } = error as Error;
      const known = name === "TypeError"
        ? /^(its |'configs)/.test(message)
        : name === "SyntaxError" && i % 2 === 1;
      if (!known) {
        throw new Error(`on ${JSON.stringify(text)}`, { cause: error });
      }
      refused++;
    }
  }
  // Both outcomes must occur, else the mutations are too weak or too strong.
  assertEquals(taken > 200 && refused > 200, true, `${taken} ${refused}`);
});

Deno.test("fetchHubDataset() reads mutated responses or reports why not in one line", () =>
  withHub(async (hub, cacheDir) => {
    const roll = dice(8);
    const settings = {
      ...fastSettings(hub),
      maxAttempts: 1,
      stallTimeoutMs: 5000,
    };
    let taken = 0, refused = 0;
    for (let i = 0; i < 320; i++) {
      const repo = `o/n${i}`;
      hub.push(`datasets/${repo}`, {
        "README.md": i % 3 === 1 ? mutated(CARD, roll) : CARD,
        "data/train-1.txt": "1",
        "v.json": "2",
        "sub/train.txt": "3",
      });
      hub.fault = ({ path }) =>
        i % 3 === 0 && path.includes("/tree/")
          ? { body: mutated(TREE, roll) }
          : i % 3 === 2 && path.includes("/revision/")
          ? { body: mutated(REVISION, roll) }
          : undefined;
      const url = `hf://datasets/${repo}`;
      try {
        await fetchHubDataset({ url, split: "train", cacheDir, settings });
        taken++;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        assertEquals(/[\n\r\0\u2028]/.test(error.message), false);
        refused++;
      }
    }
    assertEquals(taken > 40 && refused > 40, true, `${taken} ${refused}`);
  }));
