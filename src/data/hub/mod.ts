/**
 * Client of the Hugging Face Hub: datasets and single files, downloaded once
 * and verified.
 *
 * It is this project's own code because `@huggingface/hub` 2.17.5 does not
 * resume a partial file by byte range, does not check the SHA-256 of a
 * download, needs the network to resolve revision names, and has no split rules
 * of `datasets`. See docs/decisions/0003-own-hub-client.md.
 * @module
 */
export {
  fetchHubDataset,
  type HubDataset,
  type HubDatasetFile,
  type HubDatasetOptions,
} from "./dataset.ts";
export {
  fetchHubFile,
  type HubFileOptions,
  type HubProgress,
  resolveHubCommit,
} from "./hub_file.ts";
export { type RepositoryOptions } from "./repository.ts";
export { type HubSettings, hubSettings } from "./settings.ts";
export { type HubKind, type HubUrl, parseHubName, parseHubUrl } from "./url.ts";
