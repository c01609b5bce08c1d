/**
 * The Hugging Face hub: sets of data and files, fetched once and checked.
 * @module
 */
export {
  type HubDataset,
  hubDataset,
  type HubDatasetFile,
  type HubDatasetOptions,
} from "./dataset.ts";
export {
  fetchHubFile,
  hubCommit,
  type HubFileOptions,
  type HubProgress,
} from "./hub_file.ts";
export { type RepositoryOptions } from "./repository.ts";
export { type HubSettings, hubSettings } from "./settings.ts";
export { type HubKind, type HubUrl, parseHubName, parseHubUrl } from "./url.ts";
