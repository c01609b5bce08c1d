import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  type StoreSummary,
  TokenStore,
  writeSummary,
} from "../../../src/data/store/token_store.ts";
import { UserError } from "../../../src/errors.ts";

/** Writes a store with sequences of 3 tokens, passes it on, and removes it. */
async function withStore(
  bytesPerToken: 2 | 4,
  work: (dir: string, summary: StoreSummary) => Promise<void> | void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const make = (tokens: number[]) =>
    new Uint8Array(
      (bytesPerToken === 2
        ? Uint16Array.from(tokens)
        : Uint32Array.from(tokens)).buffer,
    );
  const split = (sequences: number) => ({
    documents: 2,
    tooShort: 1,
    bytes: 50,
    tokens: 40,
    chunks: sequences,
  });
  const summary: StoreSummary = {
    format: 2,
    fingerprint: "0123456789abcdef".repeat(4),
    tokenizer: "some",
    vocabSize: bytesPerToken === 2 ? 65_536 : 70_000,
    contextLength: 3,
    bytesPerToken,
    maxTokenId: 65_535,
    seed: 0,
    validFraction: 0.5,
    maxDocuments: null,
    validMaxDocuments: null,
    skipped: {
      binary: 0,
      undecodable: 0,
      unreadable: 0,
      duplicate: 0,
      files: 0,
    },
    splits: { train: split(3), valid: split(1) },
  };
  try {
    await Deno.writeFile(
      join(dir, "train.bin"),
      make([1, 2, 3, 65_535, 5, 6, 7, 8, 9]),
    );
    await Deno.writeFile(join(dir, "valid.bin"), make([10, 11, 12]));
    writeSummary(dir, summary);
    await work(dir, summary);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (const bytesPerToken of [2, 4] as const) {
  Deno.test(`TokenStore reads sequences of ${bytesPerToken}-byte tokens in any order`, () =>
    withStore(bytesPerToken, (dir, summary) => {
      const store = TokenStore.open(dir);
      assertEquals(store.summary, summary);
      const train = store.split("train");
      const valid = store.split("valid");
      assertEquals([train.sequences, train.sequenceLength, valid.sequences], [
        3,
        3,
        1,
      ]);
      const into = new Uint32Array(8);
      train.read(2, into, 4);
      train.read(1, into, 1);
      assertEquals([...into], [0, 65_535, 5, 6, 7, 8, 9, 0]);
      valid.read(0, into, 0);
      assertEquals([...into.subarray(0, 3)], [10, 11, 12]);
      for (const index of [-1, 3, 0.5, NaN]) {
        assertThrows(
          () => train.read(index, into, 0),
          RangeError,
          `sequence ${index} of 3`,
        );
      }
      assertThrows(() => train.read(0, into, 6), RangeError);
      train.close();
      valid.close();
    }));
}

Deno.test("TokenStore.open() refuses damaged stores and says what to do", () =>
  withStore(2, async (dir, summary) => {
    const refused = (what: string) => {
      const { message } = assertThrows(
        () => TokenStore.open(dir),
        UserError,
        what,
      );
      assertEquals(
        message.includes(dir) && !message.includes("\n"),
        true,
        message,
      );
    };
    const json = join(dir, "store.json");
    const write = async (changes: object) => {
      await Deno.remove(json);
      writeSummary(dir, { ...summary, ...changes });
    };
    await write({ format: 1 });
    refused("wrong 'format'");
    await write({ contextLength: "3" });
    refused("wrong 'contextLength'");
    await write({ splits: { train: summary.splits.train } });
    refused("wrong 'splits.valid'");
    await write({ vocabSize: 65_535 });
    refused("token 65535 of a vocabulary of 65535");
    await write({ contextLength: 4 });
    refused(
      "train.bin has 18 bytes where store.json promises 24 bytes: delete the folder",
    );
    await write({});
    const text = await Deno.readTextFile(json);
    await Deno.writeTextFile(
      json,
      text.replace('"documents": 2', '"documents": 3'),
    );
    refused("store.json was changed: its checksum does not match");
    await Deno.writeTextFile(json, JSON.stringify(summary));
    refused("its checksum does not match");
    await Deno.writeTextFile(json, text.slice(0, 50));
    refused("store.json is not JSON");
    await Deno.writeTextFile(json, "[]");
    refused("store.json is not a JSON object");
    await write({});
    await Deno.truncate(join(dir, "valid.bin"), 5);
    refused("valid.bin has 5 bytes");
    await Deno.remove(join(dir, "valid.bin"));
    refused("valid.bin is missing");
    await Deno.remove(json);
    refused("no readable store.json");
  }));

Deno.test("TokenStore notices a file that is cut short while it is read", () =>
  withStore(2, async (dir) => {
    const train = TokenStore.open(dir).split("train");
    await Deno.truncate(join(dir, "train.bin"), 8);
    const into = new Uint32Array(3);
    train.read(0, into, 0);
    assertEquals([...into], [1, 2, 3]);
    assertThrows(
      () => train.read(1, into, 0),
      UserError,
      "ends within sequence 1",
    );
    train.close();
  }));

Deno.test("TokenStore notices tokens that are not in the vocabulary", () =>
  withStore(4, async (dir) => {
    const path = join(dir, "train.bin");
    const bytes = await Deno.readFile(path);
    bytes[3 * 4 + 3] = 1;
    await Deno.writeFile(path, bytes);
    const train = TokenStore.open(dir).split("train");
    const into = new Uint32Array(3);
    train.read(0, into, 0);
    assertThrows(
      () => train.read(1, into, 0),
      UserError,
      "sequence 1 has token 16842751 of a vocabulary of 70000",
    );
    train.close();
  }));

Deno.test("TokenStore.open() never takes a changed store for the one it was", () =>
  withStore(2, (dir, summary) => {
    const path = join(dir, "store.json");
    const whole = Deno.readFileSync(path);
    let random = 7;
    const below = (n: number) => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return Math.floor(random / 2 ** 32 * n);
    };
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const at = below(whole.length);
      const flipped = whole.slice();
      flipped[at] ^= 1 << below(8);
      const digit = whole.slice();
      digit[at] = 48 + below(10);
      const added = [...whole.subarray(0, at), below(256)];
      Deno.writeFileSync(
        path,
        [
          flipped,
          digit,
          whole.slice(0, at),
          Uint8Array.from([...added, ...whole.subarray(at)]),
        ][below(4)],
      );
      try {
        assertEquals(TokenStore.open(dir).summary, summary);
      } catch (error) {
        assertEquals(error instanceof UserError, true, String(error));
        refused++;
      }
    }
    assertEquals(refused > 1800, true, `${refused} were refused`);
  }));
