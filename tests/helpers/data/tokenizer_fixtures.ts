/**
 * Small tokenizers with what the reference implementation makes of the hard
 * texts; see make_fixtures.ts.
 * @module
 */
import { CHARSMAP, KINDS } from "../../data/tokenizers/json/kinds.ts";
import type { ModelJson } from "../../data/tokenizers/json/small_models.ts";

/** What fixtures.json holds. */
export interface Fixtures {
  charsmap: string;
  models: Record<string, ModelJson>;
  /** By kind, for each hard text: ids, and their text where it is another. */
  expected: Record<string, { ids: string[]; decoded: (string | null)[] }>;
}

/** Reads fixtures.json. */
export function readFixtures(): Fixtures {
  const url = new URL(
    "../../data/tokenizers/json/fixtures.json",
    import.meta.url,
  );
  return JSON.parse(Deno.readTextFileSync(url));
}

/** The tokenizer.json of a kind. */
export function compose(
  fixtures: Fixtures,
  name: string,
): Record<string, unknown> {
  const { model, options, added_tokens = [], ...parts } = KINDS[name];
  const base = fixtures.models[model];
  const vocab = base.vocab as Record<string, number> | [string, number][];
  const size = Array.isArray(vocab) ? vocab.length : Object.keys(vocab).length;
  let next = size;
  const idOf = (content: string) => {
    const known = Array.isArray(vocab)
      ? vocab.findIndex(([token]) => token === content)
      : vocab[content] ?? -1;
    return known >= 0 ? known : next++;
  };
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...parts,
    added_tokens: added_tokens.map((token) => ({
      id: idOf(token.content),
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: false,
      ...token,
    })),
    model: {
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ...base,
      ...options,
    },
  };
  return JSON.parse(
    JSON.stringify(json).replaceAll(`"${CHARSMAP}"`, `"${fixtures.charsmap}"`),
  );
}

/** Ids as text, an id in a row as `id*times`. */
export function packIds(ids: ArrayLike<number>): string {
  const runs: string[] = [];
  for (let at = 0, end = 0; at < ids.length; at = end) {
    while (end < ids.length && ids[end] === ids[at]) end++;
    runs.push(end - at > 1 ? `${ids[at]}*${end - at}` : `${ids[at]}`);
  }
  return runs.join(" ");
}
