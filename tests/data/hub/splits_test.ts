import { assertEquals } from "@std/assert";
import {
  describeExtensions,
  findSplit,
  readableFiles,
  splitsFromNames,
} from "../../../src/data/hub/splits.ts";

const splits = (...paths: string[]) =>
  Object.fromEntries(splitsFromNames(paths));

Deno.test("splitsFromNames() prefers shards in data/, with any split name", () => {
  assertEquals(
    splits(
      "data/train-00000-of-00002.parquet",
      "data/train-00001-of-00002-0a1b.parquet",
      "data/odd_ones-00000-of-00001.parquet",
      "test.jsonl",
    ),
    {
      train: [
        "data/train-00000-of-00002.parquet",
        "data/train-00001-of-00002-0a1b.parquet",
      ],
      odd_ones: ["data/odd_ones-00000-of-00001.parquet"],
    },
  );
});

Deno.test("splitsFromNames() finds keywords in folder names, then in file names", () => {
  assertEquals(
    splits("train/a.json", "my-dev/b/c.json", "x/test.json", "train.json"),
    { train: ["train/a.json"], validation: ["my-dev/b/c.json"] },
  );
  assertEquals(
    splits(
      "en/c4-train.00000-of-01024.json.gz",
      "en/c4-validation.00000-of-00008.json.gz",
      "training_set.txt",
      "eval1.txt",
      "a val b.txt",
      "constrain.txt",
      "trains.txt",
      "Train.txt",
    ),
    {
      train: ["en/c4-train.00000-of-01024.json.gz", "training_set.txt"],
      validation: ["en/c4-validation.00000-of-00008.json.gz", "a val b.txt"],
      test: ["eval1.txt"],
    },
  );
  assertEquals(splits("training.txt", "train_1.txt", "testing/x.md"), {
    train: ["training.txt", "train_1.txt"],
  });
});

Deno.test("splitsFromNames() assigns all data files to train if no name has a keyword", () => {
  assertEquals(
    splits(
      "file-000000000001.json.gz",
      "README.md",
      "dataset_infos.json",
      ".gitattributes",
      ".hidden/train.json",
      "__cache__/train.json",
      "codeparrot.py",
      "a.csv",
    ),
    { train: ["file-000000000001.json.gz", "a.csv"] },
  );
  assertEquals(splits("README.md", "train.py"), {});
  // An unreadable split differs from a missing one.
  assertEquals(splits("train.csv", "extra.jsonl"), { train: ["train.csv"] });
});

Deno.test("readableFiles() keeps the most common format", () => {
  assertEquals(
    readableFiles([
      "a.txt",
      "b.parquet",
      "c.parquet",
      "d.csv",
      "e.csv",
      "f.csv",
    ]),
    ["b.parquet", "c.parquet"],
  );
  assertEquals(
    readableFiles(["a.json", "b.jsonl.zst", "c.ndjson.gz", "d.txt"]),
    [
      "a.json",
      "b.jsonl.zst",
      "c.ndjson.gz",
    ],
  );
  assertEquals(readableFiles(["a.csv", "b.parquet.gz"]), []);
});

Deno.test("findSplit() knows synonyms", () => {
  const map = new Map([["train", 1], ["valid", 2], ["test", 0]]);
  assertEquals(findSplit(map, "validation"), 2);
  assertEquals(findSplit(map, "dev"), 2);
  assertEquals(findSplit(map, "test"), 0);
  assertEquals(findSplit(map, "unsupervised"), undefined);
  map.set("validation", 3);
  assertEquals([findSplit(map, "validation"), findSplit(map, "valid")], [3, 2]);
});

Deno.test("describeExtensions() counts files by extension", () => {
  assertEquals(
    describeExtensions([
      "a.csv",
      "b/c.csv",
      "d.json.gz",
      "LICENSE",
      "README.md",
    ]),
    "2 .csv, 1 .json.gz, 1 file without an extension",
  );
  assertEquals(describeExtensions([]), "no data");
});
