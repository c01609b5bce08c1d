/**
 * Downloads a dataset until killed: `<endpoint> <cache folder>`; prints a line
 * when the first bytes arrive.
 */
import { fetchHubDataset } from "../../../src/data/hub/mod.ts";

const [endpoint, cacheDir] = Deno.args;
await fetchHubDataset({
  url: "hf://datasets/o/n",
  split: "train",
  cacheDir,
  settings: { endpoint, token: null, offline: false },
  onProgress: ({ done }) => {
    if (done > 200_000) console.log("some");
  },
});
