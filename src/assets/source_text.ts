/**
 * The project's own source text as a dataset, available on every machine and in
 * the executable.
 * @module
 */
import { ASSET_FOLDERS, assetPaths, assetText } from "./assets.ts";

/**
 * Every kernel, config and module of blocksmith: one document per file, sorted
 * by path.
 */
export function sourceTexts(): { name: string; text: string }[] {
  return ASSET_FOLDERS.flatMap((folder) => assetPaths(folder)).sort().map((
    name,
  ) => ({ name, text: assetText(name) }));
}
