/** Fetches a set until it is killed: `<endpoint> <cache folder>`; prints when bytes have come. */
import { hubDataset } from "../../../src/data/hub/mod.ts";

const [endpoint, cacheDir] = Deno.args;
await hubDataset({
  url: "hf://datasets/o/n",
  split: "train",
  cacheDir,
  settings: { endpoint, token: null, offline: false },
  onProgress: ({ done }) => {
    if (done > 200_000) console.log("some");
  },
});
