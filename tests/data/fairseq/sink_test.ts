import { assertEquals, assertThrows } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MmapDataset } from "../../../src/data/fairseq/mmap_dataset.ts";
import { FairseqSink } from "../../../src/data/fairseq/sink.ts";
import type { SplitName } from "../../../src/data/store/token_sink.ts";
import { Dictionary } from "../../../src/data/tokenizers/fairseq/dictionary.ts";
import { UserError } from "../../../src/errors.ts";
import {
  FIXTURE,
  subsetBytes,
  withTempFolder,
} from "../../helpers/data/fairseq_folder.ts";

/**
 * The documents that `reference.py` writes under `written/`, without `</s>`.
 */
function* documents(
  vocabSize: number,
): Generator<{ split: SplitName; ids: Uint32Array }> {
  let n = 0;
  for (
    const [split, lengths] of [
      ["train", [0, 1, 5, 300, 2, 17]],
      ["valid", [3, 0, 40]],
    ] as const
  ) {
    for (const length of lengths) {
      const ids = Uint32Array.from(
        { length },
        (_, i) => (n + i) * 7919 % vocabSize,
      );
      n += length;
      yield { split, ids };
    }
  }
}

const bytesOf = (...path: string[]) => Deno.readFileSync(join(...path));

function readAll(prefix: string, vocabSize: number): Uint32Array {
  const data = MmapDataset.open(prefix);
  data.check();
  const ids = new Uint32Array(data.tokens);
  data.read(0, ids, vocabSize);
  data.close();
  return ids;
}

Deno.test("FairseqSink writes the same bytes as fairseq", async () => {
  for (const [type, vocabSize] of [["uint16", 300], ["int32", 70_000]]) {
    await withTempFolder((dir) => {
      const tokenizer = { vocabSize: Number(vocabSize) };
      const sink = new FairseqSink(dir, { tokenizer });
      for (const { split, ids } of documents(tokenizer.vocabSize)) {
        // In pieces, like a long document.
        for (let at = 0; at < ids.length; at += 7) {
          sink.push(split, ids.subarray(at, at + 7));
        }
        assertEquals(sink.endDocument(split), {
          tokens: ids.length + 1,
          sequences: 1,
        });
      }
      sink.finish();
      sink.close();
      const reference = join(FIXTURE, "written", `${type}`);
      for (const { name } of Deno.readDirSync(reference)) {
        assertEquals(bytesOf(dir, name), bytesOf(reference, name), name);
      }
      assertEquals([...Deno.readDirSync(dir)].length, 5);
      const dictionary = Dictionary.load(join(dir, "dict.txt"));
      assertEquals(dictionary.size, tokenizer.vocabSize + 4);
      assertEquals(dictionary.index("0"), 4);
    });
  }
});

Deno.test("FairseqSink resumes from a saved state, also after finish()", async () => {
  await withTempFolder((dir) => {
    const tokenizer = { vocabSize: 300 };
    const all = [...documents(300)];
    const reference = join(FIXTURE, "written", "uint16");
    for (let cut = 0; cut <= all.length; cut++) {
      const write = (sink: FairseqSink, from: number, to: number) => {
        for (const { split, ids } of all.slice(from, to)) {
          sink.push(split, ids);
          sink.endDocument(split);
        }
      };
      const killed = new FairseqSink(dir, { tokenizer });
      if (cut === 0) killed.restore(killed.save());
      write(killed, 0, cut);
      const state = JSON.parse(JSON.stringify(killed.save()));
      write(killed, cut, all.length);
      // Data after the saved state: half a document, or all the rest.
      killed.push("train", new Uint32Array(cut * 1000));
      if (cut % 2 === 0) killed.endDocument("train");
      if (cut % 4 === 0) killed.finish();
      else killed.save();
      killed.close();

      const sink = new FairseqSink(dir, { tokenizer });
      sink.restore(state);
      const size = (name: string) => Deno.statSync(join(dir, name)).size;
      assertEquals(size("train.bin"), 2 * state.trainTokens);
      assertEquals(size("valid.bin"), 2 * state.validTokens);
      write(sink, cut, all.length);
      sink.finish();
      sink.close();
      for (const { name } of Deno.readDirSync(reference)) {
        assertEquals(
          bytesOf(dir, name),
          bytesOf(reference, name),
          `${name} from document ${cut} on`,
        );
      }
      for (const { name } of [...Deno.readDirSync(dir)]) {
        Deno.removeSync(join(dir, name));
      }
    }
  });
});

Deno.test("FairseqSink writes documents and splits larger than its buffers", async () => {
  await withTempFolder((dir) => {
    const sink = new FairseqSink(dir, { tokenizer: { vocabSize: 1000 } });
    const sentences: number[][] = [];
    let n = 0;
    for (const length of [300_001, 262_143, 5, ...Array(66_000).fill(1)]) {
      const ids = Uint32Array.from({ length }, () => (n += 977) % 1000);
      sink.push("train", ids);
      sink.endDocument("train");
      sentences.push([...ids.map((id) => id + 4), 2]);
    }
    sink.finish();
    sink.close();
    const { idx, bin } = subsetBytes(sentences);
    const equal = (a: Uint8Array, b: Uint8Array) =>
      a.length === b.length && a.every((byte, i) => byte === b[i]);
    assertEquals(equal(bytesOf(dir, "train.idx"), idx), true);
    assertEquals(equal(bytesOf(dir, "train.bin"), bin), true);
    const ids = readAll(join(dir, "train"), 1004);
    assertEquals(
      equal(new Uint8Array(Uint16Array.from(ids).buffer), bin),
      true,
    );
    // No document is held out, and fairseq cannot open empty files.
    assertEquals(existsSync(join(dir, "valid.idx")), false);
    assertEquals(existsSync(join(dir, "valid.bin")), false);
  });
});

Deno.test("FairseqSink truncates longer files that exist", async () => {
  await withTempFolder((dir) => {
    for (const name of ["train.idx", "train.bin", "dict.txt"]) {
      Deno.writeFileSync(join(dir, name), new Uint8Array(5000).fill(0x41));
    }
    const sink = new FairseqSink(dir, { tokenizer: { vocabSize: 300 } });
    sink.push("train", Uint32Array.of(7, 8));
    sink.endDocument("train");
    sink.finish();
    sink.close();
    assertEquals([...readAll(join(dir, "train"), 304)], [11, 12, 2]);
    assertEquals(Dictionary.load(join(dir, "dict.txt")).count(11), 1);
  });
});

Deno.test("an index is invalid until FairseqSink has finished", async () => {
  await withTempFolder((dir) => {
    const sink = new FairseqSink(dir, { tokenizer: { vocabSize: 300 } });
    sink.push("train", Uint32Array.of(7, 8));
    sink.endDocument("train");
    const state = sink.save();
    const open = () => MmapDataset.open(join(dir, "train"));
    assertThrows(open, UserError, "not an index");
    sink.finish();
    sink.restore(state);
    assertThrows(open, UserError, "not an index");
    sink.finish();
    sink.close();
    assertEquals([...readAll(join(dir, "train"), 304)], [11, 12, 2]);
    assertEquals(Dictionary.load(join(dir, "dict.txt")).count(11), 1);
  });
});

Deno.test("FairseqSink rejects ids outside the tokenizer's vocabulary and states that do not match the files", async () => {
  await withTempFolder((dir) => {
    const sink = new FairseqSink(dir, { tokenizer: { vocabSize: 300 } });
    assertThrows(
      () => sink.push("train", Uint32Array.of(1, 300)),
      RangeError,
      "token 300 of a vocabulary of 300",
    );
    sink.push("train", Uint32Array.of(1, 2, 3));
    sink.endDocument("train");
    const state = sink.save();
    for (const key of ["trainTokens", "trainSentences", "validTokens"]) {
      const wrong = { ...state, [key]: Number(state[key]) + 1 };
      assertThrows(
        () => sink.restore(wrong),
        UserError,
        "must have at least",
      );
    }
    assertThrows(() => sink.restore({}), UserError, "must have at least");
    sink.close();
  });
});
