/**
 * Trains small models of each kind, large enough for reference ids to cover
 * every rule.
 * @module
 */
import { BYTE_UNITS } from "../../../../src/data/tokenizers/gpt2/byte_chars.ts";

/** The `model` of a tokenizer.json. */
export type ModelJson = Record<string, unknown>;

/** The 256 byte characters. */
const BYTE_CHARS = [...BYTE_UNITS].map((unit) => String.fromCharCode(unit));
const BYTE_TOKENS = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
);

/** Trains BPE on words: the most frequent pair becomes a token, repeatedly. */
function learn(
  words: string[][],
  count: number,
  join: (a: string, b: string) => string,
) {
  const parts = new Map<string, { word: string[]; times: number }>();
  for (const word of words) {
    const key = word.join("\0");
    const known = parts.get(key);
    if (known) known.times++;
    else parts.set(key, { word: [...word], times: 1 });
  }
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const pairs = new Map<string, number>();
    for (const { word, times } of parts.values()) {
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]}\0${word[i]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + times);
      }
    }
    let best = "", most = 1;
    for (const [pair, times] of pairs) {
      if (times > most || times === most && pair < best) {
        [best, most] = [pair, times];
      }
    }
    if (best === "") break;
    const [left, right] = best.split("\0");
    merges.push([left, right]);
    for (const { word } of parts.values()) {
      for (let i = 1; i < word.length; i++) {
        if (word[i - 1] === left && word[i] === right) {
          word.splice(i - 1, 2, join(left, right));
        }
      }
    }
  }
  return merges;
}

function numbered(tokens: Iterable<string>): Record<string, number> {
  return Object.fromEntries(
    [...new Set(tokens)].map((token, id) => [token, id]),
  );
}

/** Byte-level BPE; merges written as `"left right"`. */
export function byteBpe(words: string[], count: number): ModelJson {
  const spelled = words.map((word) =>
    [...new TextEncoder().encode(word)].map((byte) => BYTE_CHARS[byte])
  );
  const merges = learn(spelled, count, (a, b) => a + b);
  return {
    type: "BPE",
    vocab: numbered([...BYTE_CHARS, ...merges.map((pair) => pair.join(""))]),
    merges: merges.map((pair) => pair.join(" ")),
  };
}

/**
 * SentencePiece-like BPE of whole texts, with byte tokens for unknown
 * characters; merges written as pairs.
 */
export function charBpe(text: string, count: number): ModelJson {
  const marked = text.replaceAll(" ", "▁");
  const words = marked.match(/▁+[^▁]{0,12}/g)!.map((word) => [...word]);
  const merges = learn(words, count, (a, b) => a + b);
  const common = [...new Set(marked)].sort();
  return {
    type: "BPE",
    unk_token: "<unk>",
    fuse_unk: true,
    byte_fallback: true,
    vocab: numbered([
      "<unk>",
      "<s>",
      "</s>",
      ...BYTE_TOKENS,
      ...merges.map((pair) => pair.join("")),
      ...common,
    ]),
    merges,
  };
}

/** CLIP-like BPE: bytes, with a suffix at the end of each word. */
export function suffixBpe(words: string[], count: number): ModelJson {
  const spelled = words.map((word) => {
    const chars = [...new TextEncoder().encode(word)].map((byte) =>
      BYTE_CHARS[byte]
    );
    chars.push(chars.pop() + "</w>");
    return chars;
  });
  const merges = learn(spelled, count, (a, b) => a + b);
  return {
    type: "BPE",
    unk_token: "<|endoftext|>",
    end_of_word_suffix: "</w>",
    vocab: numbered([
      ...BYTE_CHARS,
      ...BYTE_CHARS.map((char) => char + "</w>"),
      ...merges.map((pair) => pair.join("")),
      "<|endoftext|>",
    ]),
    merges: merges.map((pair) => pair.join(" ")),
  };
}

/** BPE of characters with a prefix inside words, and unknown characters. */
export function prefixBpe(words: string[], count: number): ModelJson {
  const plain = words.filter((word) => /^[a-z]+$/.test(word));
  const spelled = plain.map((word) =>
    [...word].map((char, i) => i ? `##${char}` : char)
  );
  const merges = learn(spelled, count, (a, b) => a + b.slice(2));
  return {
    type: "BPE",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    fuse_unk: false,
    vocab: numbered([
      "[UNK]",
      ...[...new Set(spelled.flat())].sort(),
      ...merges.map(([left, right]) => left + right.slice(2)),
    ]),
    merges: merges.map((pair) => pair.join(" ")),
  };
}

/**
 * The most frequent substrings of words with their counts; those at the start
 * of a word are separate.
 */
function substrings(
  words: string[],
  longest: number,
  inside: (text: string) => string,
) {
  const times = new Map<string, number>();
  for (const word of words) {
    const chars = [...word];
    for (let from = 0; from < chars.length; from++) {
      let text = "";
      for (const char of chars.slice(from, from + longest)) {
        text += char;
        const token = from === 0 ? text : inside(text);
        times.set(token, (times.get(token) ?? 0) + 1);
      }
    }
  }
  return [...times].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** WordPiece with the most frequent pieces. */
export function wordPiece(words: string[], count: number): ModelJson {
  const pieces = substrings(words, 8, (text) => `##${text}`).slice(0, count);
  return {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: numbered([
      "[PAD]",
      "[UNK]",
      "[CLS]",
      "[SEP]",
      "[MASK]",
      ...pieces.map(([piece]) => piece),
    ]),
  };
}

/** WordLevel with the most frequent words. */
export function wordLevel(words: string[], count: number): ModelJson {
  const whole = substrings(words, 1, (text) => text).map(([char]) => char);
  const times = new Map<string, number>();
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1);
  const common = [...times].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return {
    type: "WordLevel",
    unk_token: "[UNK]",
    vocab: numbered([
      "[UNK]",
      ...common.slice(0, count).map(([word]) => word),
      ...whole,
    ]),
  };
}

/**
 * Unigram: pieces scored by the logarithm of their frequency, favoring long
 * ones.
 */
export function unigram(
  text: string,
  count: number,
  byteFallback: boolean,
): ModelJson {
  const words = text.split(/\s+/).filter(Boolean).map((word) => `▁${word}`);
  const pieces = substrings(words, 7, (part) => part).slice(0, count);
  const total = pieces.reduce((sum, [, times]) => sum + times, 0);
  const vocab: [string, number][] = [["<pad>", 0], ["</s>", 0], ["<unk>", 0]];
  if (byteFallback) {
    vocab.push(...BYTE_TOKENS.map((token): [string, number] => [token, 0]));
  }
  for (const [piece, times] of pieces) {
    const score = Math.log(times / total) + ([...piece].length - 1) * 2.5;
    vocab.push([piece, Number(Math.min(-0.5, score).toFixed(5))]);
  }
  return { type: "Unigram", unk_id: 2, byte_fallback: byteFallback, vocab };
}

/**
 * SentencePiece's compiled rules (base64): a double-array trie of the bytes of
 * the keys, and the texts that replace them.
 */
export function charsmap(rules: Record<string, string>): string {
  const utf8 = new TextEncoder();
  const texts: number[] = [];
  type Node = { next: Map<number, Node>; value: number | null };
  const root: Node = { next: new Map(), value: null };
  for (const [key, text] of Object.entries(rules)) {
    let node = root;
    for (const byte of utf8.encode(key)) {
      if (!node.next.has(byte)) {
        node.next.set(byte, { next: new Map(), value: null });
      }
      node = node.next.get(byte)!;
    }
    node.value = texts.length;
    texts.push(...utf8.encode(text), 0);
  }
  const units: number[] = [0];
  const taken = new Set([0]);
  const place = (node: Node, at: number) => {
    const labels = [...node.next.keys()];
    if (node.value !== null) labels.push(0);
    let base = 1;
    while (labels.some((label) => taken.has(base ^ label))) base++;
    labels.forEach((label) => taken.add(base ^ label));
    units[at] = (units[at] ?? 0) | (at ^ base) << 10 |
      (node.value === null ? 0 : 1 << 8);
    if (node.value !== null) units[base] = (1 << 31 | node.value) >>> 0;
    for (const [label] of node.next) units[base ^ label] = label;
    for (const [label, child] of node.next) place(child, base ^ label);
  };
  place(root, 0);
  const size = Math.max(...taken) + 256;
  const bytes = new Uint8Array(4 + size * 4 + texts.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, size * 4, true);
  for (let i = 0; i < size; i++) view.setUint32(4 + i * 4, units[i] ?? 0, true);
  bytes.set(texts, 4 + size * 4);
  return btoa(String.fromCharCode(...bytes));
}
