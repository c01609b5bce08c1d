/** Files that would take hours, or more memory than there is. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { JsonNode } from "../../../../src/data/tokenizers/json/json_node.ts";
import { readJsonTokenizer } from "../../../../src/data/tokenizers/json/json_tokenizer.ts";
import { UserError } from "../../../../src/errors.ts";
import { brief } from "../../../../src/terminal/quote.ts";

const OPTIONS = { name: "t", source: "t", digest: "", files: [], eos: [] };
const MODEL = {
  type: "WordLevel",
  vocab: { a: 0, b: 1, u: 2 },
  unk_token: "u",
};

const tokenizerOf = (json: Record<string, unknown>) =>
  readJsonTokenizer(new JsonNode({ model: MODEL, ...json }, "t"), OPTIONS);

const BACKTRACKS = { pattern: { Regex: "(a+)+b" } };
const SPLIT = { type: "Split", behavior: "Isolated", ...BACKTRACKS };
const LONG = "a".repeat(60);

Deno.test("encode() ends where a pattern backtracks without end, and names it", () => {
  const tokenizer = tokenizerOf({ pre_tokenizer: SPLIT });
  assertEquals([...tokenizer.encode("aab")], [2]);
  const { message } = assertThrows(() => tokenizer.encode(LONG), UserError);
  assertEquals(
    message,
    `Cannot use the tokenizer 't' as it takes more than 2.0 s for a text of 60 characters that begins with "${
      "a".repeat(40)
    }", because of "(a+)+b": use another tokenizer, or leave the text out`,
  );
  assertEquals([...tokenizer.encode("b")], [1]);
});

Deno.test("decode() ends where a pattern backtracks without end, and names it", () => {
  const tokenizer = tokenizerOf({
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Fuse" },
        { type: "Replace", content: "", ...BACKTRACKS },
      ],
    },
  });
  assertThrows(
    () => tokenizer.decode(Array(60).fill(0)),
    UserError,
    'as it takes more than 2.0 s to decode 60 tokens, because of "(a+)+b"',
  );
});

Deno.test("encode() ends where replacements grow a text without end", () => {
  const grows = {
    type: "Replace",
    pattern: { String: "a" },
    content: "a".repeat(1000),
  };
  const normalizer = { type: "Sequence", normalizers: Array(5).fill(grows) };
  assertThrows(
    () => tokenizerOf({ normalizer }).encode("aa"),
    UserError,
    'Cannot use the tokenizer \'t\' as it takes too much memory for a text of 2 characters that begins with "aa", because of "aaa',
  );
});

Deno.test("encode() ends where one character becomes a long text", () => {
  // A trie with the rule of "a", which becomes all that follows the trie.
  const trie = new Uint32Array(256);
  trie[0] = 1 << 10;
  trie[1 ^ 0x61] = 0x61 | 1 << 8 | 2 << 10;
  trie[1 ^ 0x61 ^ 2] = 0x80000000;
  const bytes = new Uint8Array(4 + trie.byteLength + 100_001);
  bytes.set([0, 4]);
  bytes.set(new Uint8Array(trie.buffer), 4);
  bytes.fill(0x62, 4 + trie.byteLength, -1);
  const precompiled_charsmap = bytes.toBase64();
  const tokenizer = tokenizerOf({
    normalizer: { type: "Precompiled", precompiled_charsmap },
  });
  assertEquals([...tokenizer.encode("b")], [1]);
  assertThrows(
    () => tokenizer.encode("a".repeat(6000)),
    UserError,
    "as it takes too much memory for a text of 6000 characters",
  );
});

const nested = (type: string, field: string, depth: number) => {
  let json: Record<string, unknown> = { type: "Digits" };
  for (let i = 0; i < depth; i++) json = { type, [field]: [json] };
  return json;
};

Deno.test("readJsonTokenizer() refuses parts that are nested too deeply", () => {
  for (
    const json of [
      { normalizer: nested("Sequence", "normalizers", 100_000) },
      { pre_tokenizer: nested("Sequence", "pretokenizers", 100_000) },
      { decoder: nested("Sequence", "decoders", 100_000) },
      {
        pre_tokenizer: {
          ...SPLIT,
          pattern: { Regex: "(".repeat(100_000) + ")".repeat(100_000) },
        },
      },
      { pre_tokenizer: { ...SPLIT, pattern: { Regex: "a?".repeat(200_000) } } },
    ]
  ) {
    const { message } = assertThrows(
      () => tokenizerOf(json),
      UserError,
      undefined,
      brief(json),
    );
    assert(message.startsWith("Cannot use the tokenizer 't' as its "), message);
    assert(message.length < 500, message);
  }
});
