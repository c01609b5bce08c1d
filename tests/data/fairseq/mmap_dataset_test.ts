import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "node:path";
import { ID_TYPES, idTypeFor } from "../../../src/data/fairseq/int_types.ts";
import { MmapDataset } from "../../../src/data/fairseq/mmap_dataset.ts";
import {
  FIXTURE,
  subsetBytes,
  userErrorMessage,
  withTempFolder,
} from "../../helpers/data/fairseq_folder.ts";

// The same text in each type, see reference.py.
const TEXT = [4, 127, 99, 2, 5, 2, 6, 7, 8, 9, 10, 11, 12, 2];
const SIZES = [4, 0, 2, 8];

/** Opens, checks and reads a subset. */
function readAll(prefix: string, vocabSize = 128): number[] {
  const data = MmapDataset.open(prefix);
  try {
    data.check();
    const ids = new Uint32Array(data.tokens);
    data.read(0, ids, vocabSize);
    return [...ids];
  } finally {
    data.close();
  }
}

/** The error of a subset after `change` is applied to its files. */
async function complaintAfter(
  change: (
    files: { idx: Uint8Array<ArrayBuffer>; bin: Uint8Array<ArrayBuffer> },
    view: DataView,
  ) => { idx?: Uint8Array; bin?: Uint8Array } | void,
): Promise<string> {
  let message = "";
  await withTempFolder((dir) => {
    const files = subsetBytes([[4, 5, 2], [6, 2], [7, 8, 9, 2]]);
    const changed = change(files, new DataView(files.idx.buffer));
    const { idx, bin } = { ...files, ...changed };
    Deno.writeFileSync(join(dir, "train.idx"), idx);
    Deno.writeFileSync(join(dir, "train.bin"), bin);
    message = userErrorMessage(() => readAll(join(dir, "train")));
  });
  return message;
}

Deno.test("MmapDataset reads all integer types of fairseq", () => {
  for (const { name } of ID_TYPES) {
    const prefix = join(FIXTURE, "types", name);
    assertEquals(readAll(prefix), TEXT, name);
    const data = MmapDataset.open(prefix);
    const sizes: number[] = [];
    data.check((some) => void sizes.push(...some));
    assertEquals(sizes, SIZES);
    assertEquals(data.sentences, 4);
    const some = new Uint32Array(3);
    data.read(5, some, 128);
    assertEquals([...some], TEXT.slice(5, 8));
    assertThrows(() => data.read(12, some, 128), RangeError);
    assertThrows(() => data.read(-1, some, 128), RangeError);
    data.close();
  }
});

Deno.test("MmapDataset names an id outside the dictionary, for each type", async () => {
  for (const { name } of ID_TYPES) {
    assertMatch(
      userErrorMessage(() => readAll(join(FIXTURE, "types", name), 127)),
      /token 1 is 127, but the largest id is 126: the dictionary does not match/,
    );
  }
  // More than 32 bits, and negative: the lower halves alone would be valid.
  for (const [name, id] of [["int64", -1n], ["uint64", 2n ** 40n + 7n]]) {
    await withTempFolder((dir) => {
      for (const ending of ["idx", "bin"]) {
        Deno.copyFileSync(
          join(FIXTURE, "types", `${name}.${ending}`),
          join(dir, `train.${ending}`),
        );
      }
      const bytes = Deno.readFileSync(join(dir, "train.bin"));
      new DataView(bytes.buffer).setBigInt64(16, id as bigint, true);
      Deno.writeFileSync(join(dir, "train.bin"), bytes);
      assertMatch(
        userErrorMessage(() => readAll(join(dir, "train"), 128)),
        new RegExp(`token 2 is ${id}, but`),
      );
    });
  }
});

Deno.test("MmapDataset reports an invalid index", async () => {
  const cases: [Parameters<typeof complaintAfter>[0], RegExp][] = [
    [
      ({ idx }) => ({ idx: idx.subarray(0, 40) }),
      /make 62 bytes, but it has 40/,
    ],
    [
      ({ idx }) => ({ idx: Uint8Array.of(...idx, 0) }),
      /its 3 sentences make 62 bytes, but it has 63/,
    ],
    [({ idx }) => ({ idx: idx.subarray(0, 20) }), /20 of the 26 bytes/],
    [({ idx }) => ({ idx: idx.subarray(0, 0) }), /0 of the 26 bytes/],
    [({ idx }) => void idx.fill(0x41, 0, 2), /starts with "AAID/],
    [
      ({ idx }) => void idx.set(new TextEncoder().encode("TNTIDX\0\0")),
      /'lazy' or 'cached' format: binarise the text again with --dataset-impl mmap/,
    ],
    [
      ({ idx }) => void idx.set(new TextEncoder().encode("HUFFIDX\0\0")),
      /'huffman' format/,
    ],
    [(_, v) => v.setBigUint64(9, 2n, true), /version must be 1: got 2/],
    [(_, v) => v.setUint8(17, 11), /dtype code must be one of .*: got 11/],
    [(_, v) => v.setUint8(17, 7), /floating-point numbers \(dtype code 7\)/],
    [
      (_, v) => v.setBigUint64(18, 2n ** 64n - 1n, true),
      /18446744073709551615 sentences make 221360928884514619406 bytes/,
    ],
    [(_, v) => v.setInt32(30, -2, true), /sentence 1 has a size of -2/],
    [
      (_, v) => v.setInt32(26, 4, true),
      /sentence 1 starts at byte 6 of the data, but those before it end at 8/,
    ],
    [
      (_, v) => v.setBigInt64(54, 10n ** 15n, true),
      /sentence 2 starts at byte 1000000000000000 of the data/,
    ],
    [(_, v) => v.setBigInt64(38, -2n, true), /sentence 0 starts at byte -2/],
    [
      (_, v) => v.setInt32(34, 5, true),
      /disagree: sentence 2 ends at byte 20, but '.*train.bin' has 18 bytes/,
    ],
    [
      ({ bin }) => ({ bin: bin.subarray(0, 17) }),
      /disagree: sentence 2 ends at byte 18, but '.*train.bin' has 17 bytes/,
    ],
    [
      ({ bin }) => ({ bin: Uint8Array.of(...bin, 1) }),
      /disagree: the last sentence ends at byte 18, but '.*' has 19 bytes/,
    ],
  ];
  for (const [change, expected] of cases) {
    const message = await complaintAfter(change);
    assertMatch(message, expected);
    assertMatch(message, /^Cannot read '.*train\.idx' as /);
  }
});

Deno.test("MmapDataset reports missing files", async () => {
  await withTempFolder((dir) => {
    const { idx, bin } = subsetBytes([[4, 2]]);
    const prefix = join(dir, "train");
    const complaint = () => userErrorMessage(() => readAll(prefix));
    assertMatch(complaint(), /^Cannot find '.*train\.idx'/);
    Deno.writeFileSync(`${prefix}.idx`, idx);
    assertMatch(complaint(), /^Cannot find '.*train\.bin'/);
    Deno.removeSync(`${prefix}.idx`);
    Deno.writeFileSync(`${prefix}.bin`, bin);
    assertMatch(complaint(), /^Cannot find '.*train\.idx'/);
    Deno.removeSync(`${prefix}.bin`);
    Deno.writeTextFileSync(`${prefix}.txt`, "the cat\n");
    assertMatch(complaint(), /train\.txt' as it is not binarised/);
    Deno.mkdirSync(`${prefix}.idx`);
    Deno.writeFileSync(`${prefix}.bin`, bin);
    assertMatch(complaint(), /is not a file/);
  });
});

Deno.test("MmapDataset.read() reports a file truncated after it was opened", async () => {
  await withTempFolder((dir) => {
    const { idx, bin } = subsetBytes([[4, 5, 6, 2]]);
    Deno.writeFileSync(join(dir, "train.idx"), idx);
    Deno.writeFileSync(join(dir, "train.bin"), bin);
    const data = MmapDataset.open(join(dir, "train"));
    Deno.truncateSync(join(dir, "train.bin"), 4);
    assertMatch(
      userErrorMessage(() => data.read(0, new Uint32Array(4), 10)),
      /train\.bin' as it ends at byte 4: it was truncated/,
    );
    data.close();
  });
});

Deno.test("idTypeFor() changes at the same size as fairseq", () => {
  assertEquals(idTypeFor(65_499).name, "uint16");
  assertEquals(idTypeFor(65_500).name, "int32");
});
