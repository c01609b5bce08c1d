import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { delimiter, join } from "node:path";
import { openFairseqSplit } from "../../../src/data/fairseq/blocks.ts";
import {
  type FairseqOptions,
  loadFairseqData,
  locateFairseqSubset,
} from "../../../src/data/fairseq/folder.ts";
import { FairseqSink } from "../../../src/data/fairseq/sink.ts";
import { UserError } from "../../../src/errors.ts";
import {
  userErrorMessage,
  withTempFolder,
  writeDictionary,
  writeSubset,
} from "../../helpers/data/fairseq_folder.ts";

const optionsFor = (path: string): FairseqOptions => ({
  path,
  trainSubset: "train",
  validSubset: "valid",
  combineVal: false,
  sequenceLength: 4,
  bpe: null,
});

const namesOf = (paths: string[] | undefined, dir: string) =>
  paths?.map((path) => path.slice(dir.length + 1));

function writeFolder(dir: string): void {
  writeDictionary(dir, ["the", "cat", "sat"]);
  writeSubset(dir, "train", [[4, 5, 6, 2], [4, 2]]);
  writeSubset(dir, "train1", [[5, 2]]);
  writeSubset(dir, "valid", [[5, 2]]);
  writeSubset(dir, "valid1", [[6, 6, 6, 2]]);
  writeSubset(dir, "valid2", [[4, 2]]);
  writeSubset(dir, "valid4", [[4, 2]]);
  writeSubset(dir, "test", [[6, 5, 4, 2]]);
}

Deno.test("loadFairseqData() finds the same subsets as fairseq", async () => {
  await withTempFolder(async (dir) => {
    writeFolder(dir);
    const data = await loadFairseqData(optionsFor(dir));
    assertEquals(namesOf(data.train.paths, dir), ["train", "train1"]);
    assertEquals(namesOf(data.valid?.paths, dir), ["valid"]);
    assertEquals(data.tokens, { train: 8, valid: 2 });
    assertEquals(data.sequences, { train: 2, valid: 1 });
    assertEquals(data.tokenizer.vocabSize, 7);
    const { sequenceLength, vocabSize, pad, eos } = data.train;
    assertEquals([sequenceLength, vocabSize, pad, eos], [4, 7, 1, 2]);

    const combined = await loadFairseqData({
      ...optionsFor(dir),
      combineVal: true,
      trainSubset: "test",
    });
    assertEquals(namesOf(combined.valid?.paths, dir), [
      "valid",
      "valid1",
      "valid2",
    ]);
    assertEquals(combined.tokens, { train: 4, valid: 8 });
    const split = openFairseqSplit(
      locateFairseqSubset({
        path: dir,
        subset: "test",
        combine: false,
        sequenceLength: 4,
      }),
    );
    const into = new Uint32Array(4);
    split.read(0, into, 0);
    assertEquals([...into], [2, 6, 5, 4]);
    split.close();
  });
});

Deno.test("loadFairseqData() takes a name with the separator in it for a folder that exists", async () => {
  await withTempFolder(async (dir) => {
    const odd = join(dir, ["a", "b"].join(delimiter));
    for (const folder of [odd, join(dir, "c")]) {
      Deno.mkdirSync(folder);
      writeFolder(folder);
    }
    for (const path of [odd, [odd, join(dir, "c")].join(delimiter)]) {
      const { train } = await loadFairseqData(optionsFor(path));
      assertEquals(train.paths[0], join(odd, "train"));
    }
  });
});

Deno.test("loadFairseqData() trains on all folders and validates on the first", async () => {
  await withTempFolder(async (dir) => {
    const [a, b] = ["a", "b"].map((name) => join(dir, name));
    for (const folder of [a, b]) {
      Deno.mkdirSync(folder);
      writeFolder(folder);
    }
    const options = optionsFor([a, b].join(delimiter));
    const { train, valid } = await loadFairseqData(options);
    assertEquals(namesOf(train.paths, dir), [
      "a/train",
      "a/train1",
      "b/train",
      "b/train1",
    ]);
    assertEquals(namesOf(valid?.paths, dir), ["a/valid"]);
    // Different counts do not make a different dictionary.
    Deno.writeTextFileSync(join(b, "dict.txt"), "the 9\ncat 8\nsat 7\n");
    await loadFairseqData(options);
    writeDictionary(b, ["the", "sat", "cat"]);
    const { message } = await assertRejects(
      () => loadFairseqData(options),
      UserError,
    );
    assertMatch(message, /symbol 5 of its dict.txt is "sat", but .* "cat"/);
    Deno.removeSync(join(b, "dict.txt"));
    await loadFairseqData(options);
  });
});

Deno.test("loadFairseqData() fingerprints the content, independent of its location", async () => {
  await withTempFolder(async (dir) => {
    const fingerprints = new Set<string>();
    const print = async (path: string, change: Partial<FairseqOptions> = {}) =>
      (await loadFairseqData({ ...optionsFor(path), ...change })).fingerprint;
    for (
      const [name, change] of [
        ["same", () => {}],
        ["ids", (d) => writeSubset(d, "train", [[4, 5, 5, 2], [4, 2]])],
        ["sizes", (d) => writeSubset(d, "train", [[4, 5, 6, 2, 4], [2]])],
        ["valid", (d) => writeSubset(d, "valid", [[6, 2]])],
        ["dictionary", (d) => writeDictionary(d, ["the", "cat", "sit"])],
      ] as [string, (dir: string) => void][]
    ) {
      const folder = join(dir, name);
      Deno.mkdirSync(folder);
      writeFolder(folder);
      if (name === "same") fingerprints.add(await print(folder));
      change(folder);
      fingerprints.add(await print(folder));
    }
    assertEquals(fingerprints.size, 5);
    const same = join(dir, "same");
    fingerprints.add(await print(same, { sequenceLength: 5 }));
    fingerprints.add(await print(same, { combineVal: true }));
    assertEquals(fingerprints.size, 7);

    // Larger than the sampled pieces: the first, the last and those between.
    const large = join(dir, "large");
    Deno.mkdirSync(large);
    writeFolder(large);
    const ids = Array.from({ length: 5_000_000 }, (_, i) => 4 + i % 3);
    writeSubset(large, "train", [ids]);
    const before = await print(large);
    assertEquals(await print(large), before);
    const bin = join(large, "train.bin");
    const middle = Math.floor(3 * (10_000_000 - 2 ** 20) / 7) + 1000;
    for (const at of [0, middle - middle % 2, 9_999_998]) {
      using file = Deno.openSync(bin, { read: true, write: true });
      const old = new Uint8Array(2);
      file.seekSync(at, Deno.SeekMode.Start);
      file.readSync(old);
      file.seekSync(at, Deno.SeekMode.Start);
      file.writeSync(Uint8Array.of(2, 0));
      assertNotEquals(await print(large), before, `byte ${at}`);
      file.seekSync(at, Deno.SeekMode.Start);
      file.writeSync(old);
    }
    assertEquals(await print(large), before);
  });
});

Deno.test("loadFairseqData() reads what FairseqSink wrote", async () => {
  await withTempFolder(async (dir) => {
    const sink = new FairseqSink(dir, { tokenizer: { vocabSize: 256 } });
    for (const text of ["Hello, ", "world"]) {
      sink.push("train", Uint32Array.from(new TextEncoder().encode(text)));
      sink.endDocument("train");
    }
    sink.finish();
    sink.close();
    const { tokenizer, train, valid, tokens } = await loadFairseqData({
      ...optionsFor(dir),
      sequenceLength: 20,
      bpe: "byte",
    });
    assertEquals(valid, null);
    assertEquals(tokens, { train: 14, valid: 0 });
    const split = openFairseqSplit(train);
    const inputs = new Uint32Array(20);
    const targets = new Uint32Array(20);
    split.read(0, inputs, 0, targets);
    split.close();
    assertEquals(tokenizer.decode(targets.subarray(0, 14)), "Hello, world");
    assertEquals(tokenizer.encode("Hello"), targets.slice(0, 5));
    assertEquals([targets[7], targets[13]], [2, 2]);
  });
});

Deno.test("loadFairseqData() reports in one line what is missing", async () => {
  await withTempFolder(async (dir) => {
    const complaint = async (change: Partial<FairseqOptions> = {}) =>
      (await assertRejects(
        () => loadFairseqData({ ...optionsFor(dir), ...change }),
        UserError,
      )).message;
    assertMatch(await complaint(), /^Cannot find '.*dict\.txt'/);
    writeDictionary(dir, ["the", "cat", "sat"]);
    assertMatch(await complaint(), /^Cannot find '.*train\.idx'/);
    writeFolder(dir);
    assertMatch(
      await complaint({ validSubset: "vlaid" }),
      /^Cannot find '.*vlaid\.idx'/,
    );
    assertMatch(await complaint({ path: "" }), /^Cannot read 'data\.path'/);
    assertMatch(
      await complaint({ path: join(dir, "nonesuch") }),
      /^Cannot read 'data\.path' as '.*nonesuch' is not a folder/,
    );
    assertMatch(await complaint({ bpe: "byte" }), /none of its symbols/);
    writeSubset(dir, "valid", [[]]);
    assertMatch(
      await complaint(),
      /^Cannot use the subset 'valid' as '.*valid\.bin' holds no tokens/,
    );
    writeSubset(dir, "valid", [[4, 2]]);
    Deno.removeSync(join(dir, "train1.bin"));
    assertMatch(await complaint(), /^Cannot find '.*train1\.bin'/);
    assertMatch(
      userErrorMessage(() =>
        locateFairseqSubset({
          path: join(dir, "train.idx"),
          subset: "test",
          combine: false,
          sequenceLength: 4,
        })
      ),
      /is not a folder/,
    );
  });
});
