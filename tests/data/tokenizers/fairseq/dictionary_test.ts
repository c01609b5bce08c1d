import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  BOS,
  Dictionary,
  EOS,
  PAD,
  UNK,
} from "../../../../src/data/tokenizers/fairseq/dictionary.ts";
import {
  userErrorMessage,
  withTempFolder,
} from "../../../helpers/data/fairseq_folder.ts";

const parse = (text: string) =>
  Dictionary.parse(new TextEncoder().encode(text), "dict.txt");

const symbolsOf = (dictionary: Dictionary) =>
  Array.from({ length: dictionary.size }, (_, id) => dictionary.symbol(id));

Deno.test("Dictionary.parse() numbers symbols after the four special ones", () => {
  const dictionary = parse("the 10\nof 7\n1999 -1\n");
  assertEquals(symbolsOf(dictionary), [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "the",
    "of",
    "1999",
  ]);
  assertEquals([BOS, PAD, EOS, UNK], [0, 1, 2, 3]);
  assertEquals(
    ["<s>", "<pad>", "</s>", "<unk>", "the", "1999", "cat", "The"].map((s) =>
      dictionary.index(s)
    ),
    [BOS, PAD, EOS, UNK, 4, 6, UNK, UNK],
  );
  assertEquals([4, 5, 6].map((id) => dictionary.count(id)), [10, 7, -1]);
});

Deno.test("Dictionary.parse() handles spaces in symbols, any line ending, and a byte-order mark like Python", () => {
  const text = "\ufeffa 1\r\nb c 2\r d 3  \n\u2028x 4\n 5";
  assertEquals(symbolsOf(parse(text)).slice(4), [
    "\ufeffa",
    "b c",
    " d",
    "\u2028x",
    "",
  ]);
  assertEquals(parse("").size, 4);
});

Deno.test("Dictionary.parse() gives an overwritten symbol its later id", () => {
  const dictionary = parse(
    "cat 3\ndog 2\ncat 5 #fairseq:overwrite\n<s> 0 #fairseq:overwrite\n",
  );
  assertEquals(dictionary.size, 8);
  assertEquals(dictionary.index("cat"), 6);
  assertEquals(dictionary.symbol(4), "cat");
  assertEquals(dictionary.index("<s>"), 7);
});

Deno.test("Dictionary.save() and load() round-trip", async () => {
  await withTempFolder((dir) => {
    const path = join(dir, "dict.txt");
    const text =
      "the 10\nb c 2\n 5\ncat 3\ncat 5 #fairseq:overwrite\ndonnées 0\n";
    parse(text).save(path);
    assertEquals(Deno.readTextFileSync(path), text);
    assertEquals(symbolsOf(Dictionary.load(path)), symbolsOf(parse(text)));
  });
});

Deno.test("Dictionary.parse() names the invalid line", () => {
  for (
    const [text, line, what] of [
      ["the 1\ncat\n", 2, `a symbol, a space and a count: got "cat"`],
      ["the 1\n\ncat 2\n", 2, `got ""`],
      ["the one\n", 1, `got "the one"`],
      ["the 1.5\n", 1, `got "the 1.5"`],
      ["the 1e3\n", 1, `got "the 1e3"`],
      ["5\n", 1, `got "5"`],
      ["a 1\nb 2\na 3\n", 3, `repeats the symbol "a"`],
      ["<pad> 3\n", 1, `repeats the symbol "<pad>"`],
      ["a 99999999999999999999\n", 1, "a count"],
      ["a #fairseq:overwrite\n", 1, "a count"],
    ] as const
  ) {
    const message = userErrorMessage(() => parse(text));
    assertMatch(message, new RegExp(`^Cannot read 'dict.txt' line ${line} as`));
    assertEquals(message.includes(what), true, message);
  }
});

Deno.test("Dictionary.load() reports missing files and invalid text", async () => {
  await withTempFolder((dir) => {
    const path = join(dir, "dict.txt");
    assertMatch(
      userErrorMessage(() => Dictionary.load(path)),
      /^Cannot find '.*dict.txt'/,
    );
    assertMatch(
      userErrorMessage(() => Dictionary.load(dir)),
      /^Cannot read '/,
    );
    Deno.writeFileSync(path, Uint8Array.of(0x61, 0xff, 0x20, 0x31));
    assertMatch(userErrorMessage(() => Dictionary.load(path)), /not UTF-8/);
  });
});
