import { assert, assertEquals, assertThrows } from "@std/assert";
import { Tiktoken } from "js-tiktoken/lite";
import ranks from "js-tiktoken/ranks/gpt2";
import {
  loadGpt2,
  tablesFromRanks,
} from "../../../../src/data/tokenizers/gpt2/gpt2.ts";

const gpt2 = await loadGpt2();

// js-tiktoken uses JavaScript's `\s`, which includes U+FEFF and lacks U+0085,
// unlike the reference: the pattern names White_Space instead.
const stock = new Tiktoken(ranks);
const reference = new Tiktoken({
  ...ranks,
  pat_str: ranks.pat_str
    .replace("[^\\s", "[^\\p{White_Space}")
    .replace("(?!\\S)", "(?!\\P{White_Space})")
    .replaceAll("\\s", "\\p{White_Space}"),
});

function assertSame(text: string, by = reference): void {
  assertEquals(
    [...gpt2.encode(text)],
    by.encode(text, [], []),
    JSON.stringify(text.slice(0, 80)),
  );
}

/** Generator of whole numbers less than `limit`; deterministic. */
function numbers(seed: number): (limit: number) => number {
  return (limit) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * limit);
  };
}

Deno.test("gpt2 has GPT-2's vocabulary and known ids", () => {
  assertEquals([gpt2.name, gpt2.vocabSize, gpt2.eosId], ["gpt2", 50257, 50256]);
  assertEquals([...gpt2.encode("Hello world")], [15496, 995]);
  assertEquals(gpt2.decode([50256]), "<|endoftext|>");
});

Deno.test("gpt2 encodes special tokens in a text as plain text", () => {
  assertEquals(gpt2.encode("<|endoftext|>").includes(50256), false);
  assertSame("a<|endoftext|>b", stock);
});

Deno.test("gpt2 encodes hard texts like js-tiktoken", () => {
  const texts = [
    "",
    " ",
    "  leading and trailing   ",
    "I'm sure they'll say we've won; it's 'tis, don't, you're, he'd. 'S 'LL 'rx 'l ''s !'s 's's",
    "\r\n\r\n\tx\r\n  y\n\n\n   z\n",
    "1234567890 3.14159 ٣٤٥ ½ Ⅷ x1y2z3",
    "naïve café ÀÉÎ ßtraße ждем 東京都 ひらがな 한국어 עברית العربية हिन्दी ไทย",
    "😀 👩‍👩‍👧‍👦 👍🏽 🇫🇷 𝒜𝓫𝕔 e\u0301 a\u200db",
    "a\u00a0b\u2003c\u2028d\u2029e\u3000f\u1680g\u202fh",
    "\u001c\u001d\u001e\u001f\u0000\u007f\u200b\u180e",
    "def f(x):\n    return {'a': [1, 2], \"b\": x**2}  # note\n\n\n\tif x != y: pass\n",
    'https://example.org/a?b=c&d=%20#e <div class="x">&nbsp;</div> \\n \\u0041',
  ];
  for (const text of texts) {
    assertSame(text, stock);
    assertSame(text);
  }
});

Deno.test("gpt2 treats U+FEFF and U+0085 like the reference", () => {
  for (
    const gap of [
      "\ufeff",
      "\u0085",
      "\ufeff\ufeff",
      "\u0085\u0085",
      " \ufeff",
      " \u0085",
      "\u0085 ",
    ]
  ) {
    for (
      const text of [
        gap,
        `a${gap}b`,
        `a.${gap}.b`,
        `${gap}x`,
        `1${gap}`,
        `a ${gap}  ${gap} b`,
      ]
    ) assertSame(text);
  }
});

Deno.test("gpt2 encodes random mixtures like js-tiktoken", () => {
  const below = numbers(1);
  const pools = [
    "'s't're've'm'll'd'rvlS",
    "0123456789٣½Ⅷ",
    "abcdefgZÀéßдж東京",
    '.,;:!?-_()[]{}<>|\\/@#$%^&*~`"',
    "    \t\n\r\v\f\u00a0\u0085\u1680\u2003\u2028\u202f\u3000",
    "\ufeff\u200b\u180e\u001c\u0000\u200d",
    "😀👩👍🏽🇫🇷𝒜𐍈🀄\u0301",
  ].map((chars) => [...chars]);
  for (let i = 0; i < 3000; i++) {
    let text = "";
    for (let runs = 1 + below(12); runs > 0; runs--) {
      const pool = pools[below(pools.length)];
      for (let k = 1 + below(5); k > 0; k--) text += pool[below(pool.length)];
    }
    assertSame(text);
  }
});

Deno.test("gpt2 encodes long words like js-tiktoken", () => {
  const below = numbers(2);
  const from = (chars: string, length: number) =>
    Array.from({ length }, () => chars[below(chars.length)]).join("");
  const words = [
    "a".repeat(1000),
    " ".repeat(1000) + "x",
    "=".repeat(999),
    "\n".repeat(500),
    "東".repeat(300),
    "ab".repeat(400),
  ];
  for (
    const chars of ["abcdefghijklmnopqrstuvwxyz", "aeiourstn", "-=*#_", "the"]
  ) {
    // Around the length at which the method changes, and far longer.
    for (let length = 90; length < 104; length++) {
      words.push(from(chars, length));
    }
    words.push(from(chars, 800));
  }
  words.forEach((word) => assertSame(word));
});

Deno.test("gpt2 encodes a word of one megabyte within seconds", () => {
  const start = performance.now();
  for (
    const text of [
      "a".repeat(1e6),
      " ".repeat(1e6),
      "𝒜".repeat(1e5),
      " ".repeat(1e6) + "x",
    ]
  ) {
    assertEquals(gpt2.decode(gpt2.encode(text)), text);
  }
  assert(performance.now() - start < 20_000);
});

Deno.test("tablesFromRanks() rejects a token that no merge produces", () => {
  const base64 = ["a", "b", "abb"].map((token) => btoa(token)).join(" ");
  assertThrows(
    () => tablesFromRanks("x", `! 0 ${base64}`, {}),
    Error,
    "token 2",
  );
});
