import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { byteTokenizer } from "../../../../src/data/tokenizers/byte.ts";
import {
  fairseqTokenizerSpec,
  loadFairseqTokenizer,
} from "../../../../src/data/tokenizers/fairseq/dictionary_tokenizer.ts";
import { loadTokenizer } from "../../../../src/data/tokenizers/load_tokenizer.ts";
import type { Tokenizer } from "../../../../src/data/tokenizers/tokenizer.ts";
import { UserError } from "../../../../src/errors.ts";
import {
  withTempFolder,
  writeDictionary,
} from "../../../helpers/data/fairseq_folder.ts";

/** Loads the tokenizer of a dictionary with these symbols. */
async function load(
  symbols: string[],
  bpe: string | null,
): Promise<Tokenizer> {
  let tokenizer: Tokenizer;
  await withTempFolder(async (dir) => {
    writeDictionary(dir, symbols);
    tokenizer = await loadTokenizer(
      fairseqTokenizerSpec(join(dir, "dict.txt"), bpe),
    );
  });
  return tokenizer!;
}

const BYTES = Array.from({ length: 256 }, (_, i) => String(i));

Deno.test("loadTokenizer() reads a dictionary of words", async () => {
  const tokenizer = await load(["the", "cat", ",", "\ufffd"], null);
  assertEquals(tokenizer.name, "fairseq dictionary");
  assertEquals([tokenizer.vocabSize, tokenizer.eosId], [8, 2]);
  const ids = tokenizer.encode(" the cat ,\n\u3000the dog </s> \ud800");
  assertEquals([...ids], [4, 5, 6, 4, 3, 2, 7]);
  assertEquals(tokenizer.decode(ids), "the cat , the <unk> \ufffd");
  assertEquals(tokenizer.decode([0, 4, 1, 5, 2]), "the <pad> cat");
  assertEquals(tokenizer.decode([]), "");
});

Deno.test("a dictionary of words has a safe cut", async () => {
  const tokenizer = await load(["the", "cat", "sat"], null);
  const text = "the cat\nsat  the\u2003cat";
  const whole = [...tokenizer.encode(text)];
  for (let end = 0; end <= text.length; end++) {
    const at = tokenizer.lastSafeCut!(text.slice(0, end));
    const parts = [text.slice(0, at), text.slice(at)];
    assertEquals(parts.flatMap((part) => [...tokenizer.encode(part)]), whole);
  }
  assertEquals(tokenizer.lastSafeCut!(text), text.length - 3);
});

Deno.test("loadTokenizer() maps ids of another tokenizer", async () => {
  // Like fairseq's dictionaries: sorted by frequency, some ids missing, padded
  // to a multiple of 8.
  const symbols = BYTES.toReversed().filter((byte) => byte !== "65");
  const tokenizer = await load([...symbols, "madeupword0000"], "byte");
  assertEquals(tokenizer.name, "fairseq dictionary (byte)");
  assertEquals(tokenizer.vocabSize, 260);
  const text = "naïve 東京 🙂\n";
  const ids = tokenizer.encode(text);
  assertEquals([...ids.subarray(0, 2)], [4 + 255 - 110, 4 + 255 - 97]);
  assertEquals(tokenizer.decode(ids), text);
  assertEquals([...tokenizer.encode("AB")], [3, 4 + 255 - 66]);
  // A symbol that is not an id decodes to itself; </s> and <s> are omitted,
  // even within a character.
  const [first, second] = tokenizer.encode("é");
  assertEquals(
    tokenizer.decode([0, first, 2, second, 3, 259]),
    "é<unk>madeupword0000",
  );
  const emoji = `a${"🙂".slice(0, 1)}`;
  assertEquals(
    tokenizer.lastSafeCut!(emoji),
    byteTokenizer.lastSafeCut!(emoji),
  );
});

Deno.test("loadTokenizer() reads GPT-2's ids", async () => {
  const tokenizer = await load(["995", "13", "15496"], "gpt2");
  assertEquals([...tokenizer.encode("Hello world.")], [6, 4, 5]);
  assertEquals(tokenizer.decode([6, 4, 5, 2]), "Hello world.");
});

Deno.test("the tokenizer of a dictionary can be saved in a folder and loaded from it", async () => {
  await withTempFolder(async (dir) => {
    const tokenizer = await load([...BYTES, "the"], "byte");
    for (const { name, bytes } of tokenizer.files!) {
      Deno.writeFileSync(join(dir, name), bytes);
    }
    assertEquals(tokenizer.files!.map(({ name }) => name), ["dict.txt"]);
    const spec = fairseqTokenizerSpec(join(dir, "dict.txt"), "byte");
    const again = await loadTokenizer(spec);
    assertEquals(again.source, spec);
    assertEquals(again.digest, tokenizer.digest);
    assertEquals(again.encode("the"), tokenizer.encode("the"));
    const words = await loadTokenizer(
      fairseqTokenizerSpec(join(dir, "dict.txt"), null),
    );
    assertEquals(words.digest === tokenizer.digest, false);
  });
});

Deno.test("loadTokenizer() rejects mismatching dictionaries and names", async () => {
  const complaints: [() => Promise<unknown>, RegExp][] = [
    [() => load([...BYTES, "256"], "byte"), /symbol 256 is not one of/],
    [() => load(["the", "01"], "byte"), /none of its symbols is an id/],
    [() => load(["the"], "nonesuch"), /nonesuch/],
    [
      () => loadTokenizer(fairseqTokenizerSpec("/nonesuch/dict.txt", null)),
      /^Cannot find '\/nonesuch\/dict.txt'/,
    ],
    [() => loadTokenizer("fairseq:{"), /must be fairseq:/],
    [() => loadTokenizer('fairseq:{"dict":1}'), /must be fairseq:/],
    [
      () => loadFairseqTokenizer('{"dict":"a","bpe":null}', loadTokenizer),
      /must be fairseq:/,
    ],
  ];
  for (const [work, expected] of complaints) {
    const { message } = await assertRejects(work, UserError);
    assertMatch(message, expected);
  }
  const tokenizer = await load(["a"], null);
  for (const id of [5, -1, NaN]) {
    assertMatch(
      await assertRejects(async () => {
        await Promise.resolve();
        tokenizer.decode([4, id]);
      }, UserError).then(({ message }) => message),
      /Cannot decode token/,
    );
  }
});
