/** Small token stores for tests. @module */
import { byteTokenizer } from "../../../src/data/tokenizers/byte.ts";
import { prepare } from "../../../src/data/prepare/prepare.ts";

/** Chunks of bytes, each different from all others. */
export interface Letters {
  text: string;
  contextLength: number;
}

/** `chunks` chunks that tell their number, counted from `first`. */
export function letters(
  chunks: number,
  contextLength: number,
  first = 0,
): Letters {
  let text = "";
  for (let i = first; i < first + chunks; i++) {
    text += String(i).padStart(contextLength, "ab~c");
  }
  return { text, contextLength };
}

/** A store of one document; it is gone at the end of the block. */
export async function storeOf(
  { text, contextLength }: Letters,
  validFraction = 0,
): Promise<{ dir: string } & Disposable> {
  const cacheDir = Deno.makeTempDirSync({ prefix: "blocksmith-test-" });
  const { dir } = await prepare({
    documents: { texts: [{ name: "letters", text }] },
    tokenizer: byteTokenizer,
    sequenceLength: contextLength,
    validFraction,
    cacheDir,
  });
  return {
    dir,
    [Symbol.dispose]: () => Deno.removeSync(cacheDir, { recursive: true }),
  };
}
