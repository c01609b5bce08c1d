/** Small token stores for tests. @module */
import { prepare } from "../../../src/data/prepare/prepare.ts";
import { byteTokenizer } from "../../../src/data/tokenizers/byte.ts";

/** Sequences of bytes, each different from all others. */
export interface Letters {
  text: string;
  sequenceLength: number;
}

/** `sequences` sequences that contain their number, counted from `first`. */
export function letters(
  sequences: number,
  sequenceLength: number,
  first = 0,
): Letters {
  let text = "";
  for (let i = first; i < first + sequences; i++) {
    text += String(i).padStart(sequenceLength, "ab~c");
  }
  return { text, sequenceLength };
}

/** A store of one document; removed at the end of the block. */
export async function storeOf(
  { text, sequenceLength }: Letters,
  validFraction = 0,
): Promise<{ dir: string } & Disposable> {
  const cacheDir = Deno.makeTempDirSync({ prefix: "blocksmith-test-" });
  const { dir } = await prepare({
    documents: { texts: [{ name: "letters", text }] },
    tokenizer: byteTokenizer,
    sequenceLength,
    validFraction,
    cacheDir,
  });
  return {
    dir,
    [Symbol.dispose]: () => Deno.removeSync(cacheDir, { recursive: true }),
  };
}
