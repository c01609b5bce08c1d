/**
 * A process that prepares a store and tells how far it is, so that tests can
 * kill it. Arguments: folder of texts, cache folder, workers, and, for one that
 * is to be killed, milliseconds to wait at each report, and the number of the
 * report at which it waits for good.
 */
import { prepare } from "../../../src/data/prepare/prepare.ts";
import { loadTokenizer } from "../../../src/data/tokenizers/load_tokenizer.ts";
import { UserError } from "../../../src/errors.ts";
import { sourcesIn } from "../data/sources.ts";

const [texts, cacheDir, workers, pause = "0", last = "Infinity"] = Deno.args;
let reports = 0;
try {
  const { dir, reused, summary } = await prepare({
    documents: { files: sourcesIn(texts) },
    tokenizer: await loadTokenizer("byte"),
    sequenceLength: 64,
    dedup: true,
    cacheDir,
    workers: Number(workers),
    shardBytes: 1 << 20,
    onProgress({ phase, done }) {
      if (phase !== "tokenize") return;
      console.log(JSON.stringify({ done }));
      Atomics.wait(
        new Int32Array(new SharedArrayBuffer(4)),
        0,
        0,
        ++reports < Number(last) ? Number(pause) : Infinity,
      );
    },
    say: (message) => console.log(JSON.stringify({ message })),
  });
  console.log(JSON.stringify({ dir, reused, splits: summary.splits }));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.log(JSON.stringify({ error: error.message }));
}
