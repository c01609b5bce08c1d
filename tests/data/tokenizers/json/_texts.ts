/**
 * Hard texts: cases in which tokenizers differ.
 * @module
 */

const FIXED = [
  "",
  " ",
  "  leading and trailing   ",
  "Hello world",
  "I'm sure they'll say we've WON; IT'S 'tis, don't 'S 'LL 'ſ x'ſ ''s !'s",
  "\r\n\r\n\tx\r\n  y\n\n\n   z\n",
  "a\nb\n\nc \n d\n\t e!\n\nf",
  "1234567890 3.14159 ٣٤٥ ½ Ⅷ x1y2z3 ²³",
  "naïve café ÀÉÎ ßtraße ждем 東京都 ひらがな カタカナ 한국어",
  "עברית العربية हिन्दी ไทย ΑΣ ΣΑΣ İstanbul",
  "😀 👩‍👩‍👧‍👦 👍🏽 🇫🇷 𝒜𝓫𝕔 e\u0301 a\u200db",
  "a\u00a0b\u2003c\u2028d\u2029e\u3000f\u1680g\u202fh\u0085i\ufeffj",
  "\ufeffstart",
  "\u001c\u001d\u001e\u001f\u0000\u007f\u200b\u180e\ufffd",
  "def f(x):\n    return {'a': [1, 2], \"b\": x**2}  # note\n\n\n\tif x != y: pass\n",
  'https://example.org/a?b=c&d=%20#e <div class="x">&nbsp;</div> \\n \\u0041',
  "half \ud800 of \udc00 characters",
  "▁a▁▁b ▁",
  "<0x41><0x0A> <unk> <s> </s>a</s> b",
  "<|endoftext|>x<|endoftext|> <|begin_of_text|>a <|im_end|>\n<tool_call>",
  "a <mask> b<mask>  c  <mask>\n<end>  d<end>",
  "[CLS] a [MASK]  [MASK]b [SEP]and and, band and",
  "x <extra> y<extra>z <extra_id_0>  w",
  "café cafe\u0301 CAFÉ ``quoted''",
  "            indented\n    more",
  "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢ text",
  "ﬁ ﬀ ㎏ ① Ａｂ ｱｲｳ ｶﾞ ゞ ㋿ \u{1f16c}",
  "\u1100\u1161\u11a8 가각 각",
  "क्षि नमस्ते ก็ ำ",
  "a\u0327\u0301 \u0301\u0327 \u0344 \u212b \u2126 \u1e9b\u0323",
  "mamma pepper aaa bookkeeper eel aaaaaaa",
  "it 's do n't we 've . , ! ? do not",
];

const RUNS: [string, number][] = [
  ["a", 100_000],
  ["ab ", 400],
  [" ", 1000],
  ["=", 300],
  ["\n", 200],
  ["東", 200],
  ["1", 100],
  ["é😀", 100],
];

const POOLS = [
  "'s't're've'm'll'd'rvlS",
  "0123456789٣½Ⅷ",
  "abcdefgZÀéßдж東京あア",
  "ABCXYZ",
  ".,;:!?-_()[]{}<>|\\/@#$%^&*~`\"'+=",
  "    \t\n\r\v\f\u00a0\u0085\u1680\u2003\u2028\u202f\u3000",
  "\n\n  ",
  "\ufeff\u200b\u180e\u001c\u0000\u200d\u00ad",
  "😀👩👍🏽🇫🇷𝒜𐍈🀄\u0301\u0327\u0903",
  "가각힣ㄱᄀ",
  "ⅰⓐⅫ㊀ﬁﾞ゙ｶ",
].map((chars) => [...chars]);

/** For longer texts the fixtures have the ids but not the decoded text. */
export const LONG_UNITS = 10_000;

/** Generator of whole numbers less than `limit`; deterministic. */
export function numbers(seed: number): (limit: number) => number {
  return (limit) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 32 * limit);
  };
}

/** All hard texts, with deterministic pseudo-random mixtures. */
export function hardTexts(): string[] {
  const below = numbers(1);
  const texts = [...FIXED, ...RUNS.map(([text, times]) => text.repeat(times))];
  for (let i = 0; i < 110; i++) {
    let text = "";
    for (let runs = 1 + below(12); runs > 0; runs--) {
      const pool = POOLS[below(POOLS.length)];
      for (let k = 1 + below(5); k > 0; k--) text += pool[below(pool.length)];
    }
    texts.push(text);
  }
  for (let i = 0; i < 40; i++) {
    let text = "";
    for (let k = 0; k < 24; k++) {
      const limit = [0x300, 0x3000, 0x10000, 0x110000][i % 4];
      text += String.fromCodePoint(below(limit));
      if (below(3) === 0) text += " ";
    }
    // Two adjacent surrogates form a character in JavaScript only.
    texts.push(text.toWellFormed());
  }
  return texts;
}
