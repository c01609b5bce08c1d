/**
 * GPT-2's tokenizer, from the ranks in the npm package js-tiktoken.
 * @module
 */
import { ByteBpe, type ByteBpeTables } from "./byte_bpe.ts";
import { mergeWord, PairTable } from "./pair_table.ts";

/**
 * Loads GPT-2's BPE: 50,257 tokens, end-of-text id 50256. The tables (545 kB)
 * are imported on the first call.
 */
export async function loadGpt2(): Promise<ByteBpe> {
  const { default: ranks } = await import("js-tiktoken/ranks/gpt2");
  return new ByteBpe(
    tablesFromRanks("gpt2", ranks.bpe_ranks, ranks.special_tokens),
  );
}

/**
 * Builds tables from tiktoken's compressed ranks: lines `! <first rank> <base64
 * token> <base64 token> …`, where the rank of a token is its id.
 *
 * tiktoken merges any two neighbours whose bytes form a token. The two parts of
 * a token are always the ones that remain of its bytes after all merges of
 * lower rank, because merges inside a token do not depend on what surrounds it.
 * So one pair per token is enough.
 * @param special special tokens by text; "<|endoftext|>" is the end-of-text
 * token
 * @throws {Error} if a token is not the merge of two earlier ones.
 */
export function tablesFromRanks(
  name: string,
  ranks: string,
  special: Readonly<Record<string, number>>,
): ByteBpeTables {
  const tokens: Uint8Array[] = [];
  for (const line of ranks.split("\n").filter(Boolean)) {
    const [, first, ...base64] = line.split(" ");
    base64.forEach((token, i) => {
      tokens[Number(first) + i] = Uint8Array.fromBase64(token);
    });
  }
  const byteId = new Int32Array(256).fill(-1);
  const lower = new PairTable(tokens.length);
  const merges: number[] = [];
  tokens.forEach((bytes, rank) => {
    if (bytes.length === 1) {
      byteId[bytes[0]] = rank;
      return;
    }
    const ids = new Uint32Array(bytes.length);
    for (let i = 0; i < ids.length; i++) ids[i] = byteId[bytes[i]];
    const [left, right, ...others] = mergeWord(ids, lower);
    if (others.length > 0 || !(left < rank && right < rank)) {
      throw new Error(`token ${rank} is not the merge of two earlier tokens`);
    }
    lower.add(left, right, rank);
    merges.push(left, right, rank);
  });
  for (const [text, id] of Object.entries(special)) {
    tokens[id] = new TextEncoder().encode(text);
  }
  return {
    name,
    tokens,
    merges: Uint32Array.from(merges),
    eosId: special["<|endoftext|>"] ?? null,
  };
}
