import { assert, assertEquals } from "@std/assert";
import { JsonNode } from "../../../../src/data/tokenizers/json/json_node.ts";
import { readJsonTokenizer } from "../../../../src/data/tokenizers/json/json_tokenizer.ts";
import type { Tokenizer } from "../../../../src/data/tokenizers/tokenizer.ts";
import {
  composeTokenizerJson,
  packIds,
  readFixtures,
} from "../../../helpers/data/tokenizer_fixtures.ts";
import { hardTexts, LONG_UNITS } from "./_texts.ts";
import { KINDS } from "./kinds.ts";

const fixtures = readFixtures();
const texts = hardTexts();

function tokenizerOf(kind: string): Tokenizer {
  return readJsonTokenizer(
    new JsonNode(composeTokenizerJson(fixtures, kind), kind),
    {
      name: kind,
      source: kind,
      digest: "",
      files: [],
      eos: [],
    },
  );
}

for (const kind of Object.keys(KINDS)) {
  Deno.test(`${kind}: encode() and decode() do as the reference on ${texts.length} hard texts`, () => {
    const tokenizer = tokenizerOf(kind);
    const { ids, decoded } = fixtures.expected[kind];
    assertEquals(ids.length, texts.length);
    // Twice, because the second time words come from the cache.
    for (let round = 0; round < 2; round++) {
      texts.forEach((text, i) => {
        const own = tokenizer.encode(text);
        const place = `${i}: ${JSON.stringify(text.slice(0, 80))}`;
        assertEquals(packIds(own), ids[i], place);
        if (round > 0 || text.length > LONG_UNITS) return;
        const back = decoded[i] ?? text.toWellFormed();
        assert(tokenizer.decode(own) === back, `decode ${place}`);
      });
    }
  });
}

Deno.test("lastSafeCut() finds positions that change no token, in the kinds that have it", () => {
  const cutting: string[] = [];
  for (const kind of Object.keys(KINDS)) {
    const tokenizer = tokenizerOf(kind);
    if (!tokenizer.lastSafeCut) continue;
    cutting.push(kind);
    let cuts = 0;
    for (
      const text of [
        texts.join("\n"),
        ...texts.slice(0, 32),
        ...texts.slice(40),
      ]
    ) {
      const whole = text.slice(0, 4000);
      const at = tokenizer.lastSafeCut(whole);
      if (at === 0) continue;
      cuts++;
      const parts = [whole.slice(0, at), whole.slice(at)];
      assertEquals(
        packIds(parts.flatMap((part) => [...tokenizer.encode(part)])),
        packIds(tokenizer.encode(whole)),
        `${kind}: ${
          JSON.stringify(whole.slice(Math.max(0, at - 40), at + 40))
        }`,
      );
    }
    assert(cuts > 10, `${kind}: ${cuts} cuts`);
  }
  assertEquals(cutting, [
    "gpt2",
    "llama3",
    "qwen",
    "gpt4o",
    "deepseek",
    "bert",
    "bert_cased",
  ]);
});
