/**
 * Writes fixtures.json: small tokenizers of every kind, and the ids and decoded
 * texts that the reference implementation (Hugging Face's `tokenizers`, in
 * Rust) gives for the hard texts.
 *
 *     deno run -A tests/data/tokenizers/json/make_fixtures.ts \
 *       npm:tokenizers@0.23.2
 *
 * @module
 */
import {
  composeTokenizerJson,
  type Fixtures,
  packIds,
} from "../../../helpers/data/tokenizer_fixtures.ts";
import { hardTexts, LONG_UNITS } from "./_texts.ts";
import { KINDS } from "./kinds.ts";
import {
  byteBpe,
  charBpe,
  charsmap,
  prefixBpe,
  suffixBpe,
  unigram,
  wordLevel,
  wordPiece,
} from "./small_models.ts";

// deno-lint-ignore no-explicit-any -- the addon's own types come with it
const reference: any = await import(Deno.args[0]);
const { Tokenizer } = reference.default ?? reference;

const root = new URL("../../../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, root));
const names = ["fr", "de", "ru", "ja", "ko", "ar", "hi", "el", "vi"].map(
  (language) => {
    const regions = new Intl.DisplayNames([language], { type: "region" });
    return "FR DE IT ES RU JP KR IN CN BR EG GR VN US".split(" ")
      .map((code) => regions.of(code)).join(", ");
  },
).join("\n");
const text = read("README.md").slice(0, 12_000) + "\n" +
  read("kernels/attention/tiled.wgsl").slice(0, 4000) + "\n" + names + "\n" +
  names;
const plain = text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+|[^\s]/gu)!;

const rules: Record<string, string> = {
  "\t": " ",
  "\n": " ",
  "\r": " ",
  "\u3000": " ",
  "\u00a0": " ",
  "\u200b": "",
  "\ufeff": "",
  "ﬁ": "fi",
  "ﬀ": "ff",
  "①": "1",
  "e\u0301": "é",
  "a\u0327": "A",
  "Ａ": "A",
  "ｂ": "b",
  "ｶ": "カ",
  "ｶﾞ": "ガ",
  "ｱ": "ア",
  "㎏": "kg",
  "\u212b": "Å",
  "½": "1\u20442",
  "각": "각",
};

const fixtures: Fixtures = {
  charsmap: charsmap(rules),
  models: {
    bytes: byteBpe(
      text.match(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu)!,
      500,
    ),
    lines: byteBpe(
      text.match(
        /[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+/gu,
      )!,
      500,
    ),
    suffix: suffixBpe(plain, 300),
    prefix: prefixBpe(plain, 150),
    chars: charBpe(text, 500),
    pieces: wordPiece(plain, 900),
    words: wordLevel(plain, 200),
    unigram: unigram(text, 900, false),
    unigram_bytes: unigram(text.toLowerCase(), 500, true),
  },
  expected: {},
};
// A token that no merge produces, for `ignore_merges`.
const { vocab } = fixtures.models.lines as { vocab: Record<string, number> };
vocab["Ġtrailing"] = Object.keys(vocab).length;

const texts = hardTexts();
for (const name of Object.keys(KINDS)) {
  const tokenizer = Tokenizer.fromString(
    JSON.stringify(composeTokenizerJson(fixtures, name)),
  );
  const ids: string[] = [];
  const decoded: (string | null)[] = [];
  for (const text of texts) {
    const encoding = await tokenizer.encode(text.toWellFormed(), null, {
      addSpecialTokens: false,
    });
    const own: number[] = encoding.getIds();
    ids.push(packIds(own));
    const back: string = await tokenizer.decode(own, false);
    const same = back === text.toWellFormed() || text.length > LONG_UNITS;
    decoded.push(same ? null : back);
  }
  fixtures.expected[name] = { ids, decoded };
}
Deno.writeTextFileSync(
  new URL("./fixtures.json", import.meta.url),
  JSON.stringify(fixtures),
);
