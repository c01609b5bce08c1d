import { assert } from "@std/assert";
import { JsonNode } from "../../../../src/data/tokenizers/json/json_node.ts";
import { readJsonTokenizer } from "../../../../src/data/tokenizers/json/json_tokenizer.ts";
import { UserError } from "../../../../src/errors.ts";
import {
  composeTokenizerJson,
  readFixtures,
} from "../../../helpers/data/tokenizer_fixtures.ts";
import { numbers } from "./_texts.ts";
import { KINDS } from "./kinds.ts";

const fixtures = readFixtures();
const TEXT = "It's  naïve 東京 😀\n\n<s> x12 e\u0301\u0085 ﬁ `` [MASK] </s>";
const PER_KIND = 130;

/**
 * The tokenizer.json of a kind with a small vocabulary, so that mutations also
 * hit other parts.
 */
function smallJson(kind: string): Record<string, unknown> {
  const json = composeTokenizerJson(fixtures, kind);
  const model = json.model as Record<string, unknown>;
  if (Array.isArray(model.merges)) model.merges = model.merges.slice(0, 12);
  if (Array.isArray(model.vocab)) {
    model.vocab = model.vocab.slice(0, 40);
    json.added_tokens = [];
  }
  return json;
}

const ODD = [
  null,
  true,
  -1,
  0.5,
  1e300,
  "",
  "x",
  "\\",
  "[",
  "(?<=a",
  "\\p{Foo}",
  "x*",
  "(a+)+",
  "\ud800",
  "▁",
  "first",
  [],
  {},
  [[]],
  { type: "Sequence" },
  { type: "ByteLevel" },
  { type: "Split", pattern: { Regex: "" }, behavior: "MergedWithNext" },
];

/** Replaces a random value with an odd one, or removes it. */
function mutate(value: unknown, below: (limit: number) => number): void {
  let inside = value as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(inside);
    if (keys.length === 0) return;
    const key = keys[below(keys.length)];
    const next = inside[key];
    if (typeof next === "object" && next !== null && below(4) > 0) {
      inside = next as Record<string, unknown>;
      continue;
    }
    const way = below(4);
    if (way === 0) delete inside[key];
    else if (way === 1) inside[keys[below(keys.length)]] = next;
    else inside[key] = structuredClone(ODD[below(ODD.length)]);
    return;
  }
}

function spoil(text: string, below: (limit: number) => number): string {
  const at = below(text.length);
  switch (below(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + below(9));
    case 2:
      return text.slice(0, at) + String.fromCharCode(below(256)) +
        text.slice(at + 1);
    default:
      return text.slice(0, at) + text.slice(below(text.length));
  }
}

Deno.test("a damaged tokenizer.json is rejected in one line, or works", () => {
  const below = numbers(7);
  let refused = 0, working = 0;
  for (const kind of Object.keys(KINDS)) {
    const whole = JSON.stringify(smallJson(kind));
    for (let i = 0; i < PER_KIND; i++) {
      let json: unknown;
      if (i % 4 === 0) {
        try {
          json = JSON.parse(spoil(whole, below));
        } catch {
          refused++;
          continue;
        }
      } else {
        json = JSON.parse(whole);
        for (let times = 1 + below(3); times > 0; times--) mutate(json, below);
        // A removed list element leaves null.
        json = JSON.parse(JSON.stringify(json));
      }
      try {
        const tokenizer = readJsonTokenizer(new JsonNode(json, kind), {
          name: kind,
          source: kind,
          digest: "",
          files: [],
          eos: ["</s>"],
        });
        const ids = tokenizer.encode(TEXT);
        assert(ids.every((id) => id < tokenizer.vocabSize), `${kind} ${i}`);
        assert(typeof tokenizer.decode(ids) === "string");
        const at = tokenizer.lastSafeCut?.(TEXT) ?? 0;
        assert(at >= 0 && at <= TEXT.length);
        working++;
      } catch (error) {
        if (!(error instanceof UserError)) {
          throw new Error(`${kind}, mutation ${i}`, { cause: error });
        }
        assert(!error.message.includes("\n"), error.message);
        refused++;
      }
    }
  }
  assert(refused + working >= 2000, `${refused} refused, ${working} working`);
  assert(
    refused > 400 && working > 400,
    `${refused} refused, ${working} working`,
  );
});
