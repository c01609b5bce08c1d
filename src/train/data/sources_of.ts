/** Which files does a config name? @module */
import type { Config } from "../../config/mod.ts";
import { fetchHubDataset } from "../../data/hub/mod.ts";
import {
  findSources,
  formatOf,
  type FoundSources,
  type SourceFile,
  type Unopened,
} from "../../data/sources/mod.ts";
import { resolveCacheDir } from "../../fs/cache_dir.ts";
import { HUB } from "../pin_data.ts";
import { PhaseProgress } from "./phase_progress.ts";
import { noteFolderLinks } from "./tell_data.ts";

/** Options of {@linkcode sourcesOf}. */
export interface SourcesOptions {
  /** Shows the user a line. */
  say?: ((line: string) => void) | undefined;
  /**
   * Whether a run was made on this data: then what cannot be opened did not
   * stop it, and is returned now too.
   * @default false
   */
  existingRun?: boolean;
  /** Indices into the list. @default all */
  entries?: readonly number[];
  /** As in `findSources`. */
  byName?: boolean | undefined;
}

/**
 * The files that `data.files` or `data.valid_files` name; those of the hub are
 * downloaded.
 *
 * @throws {UserError} where something is found that cannot be opened, unless
 *   `data.skip_bad` or `existingRun` is set
 */
export async function sourcesOf(
  config: Config,
  key: "files" | "valid_files",
  { say, existingRun = false, entries, byName }: SourcesOptions = {},
): Promise<Omit<FoundSources, "folderLinks">> {
  const { data } = config;
  const names = data[key];
  const of = (list: string | string[], i: number) =>
    typeof list === "string" ? list : list[i];
  const found: SourceFile[] = [];
  const unopened: Unopened[] = [];
  for (const i of entries ?? names.keys()) {
    const field = key === "files"
      ? of(data.text_field, i)
      : typeof data.text_field === "string"
      ? data.text_field
      : data.text_field[0];
    if (!names[i].startsWith(HUB)) {
      const local = await findSources([names[i]], {
        key: `data.${key}`,
        format: data.format,
        fields: field,
        byName,
        skipBad: data.skip_bad || existingRun,
      });
      found.push(...local.files);
      unopened.push(...local.unopened);
      if (say) noteFolderLinks(local.folderLinks, names[i], say);
      continue;
    }
    const meter = new PhaseProgress();
    const split = of(key === "files" ? data.split : data.valid_split, i);
    try {
      const { files } = await fetchHubDataset({
        url: names[i],
        split,
        cacheDir: resolveCacheDir(config),
        say,
        onProgress: (p) => meter.at({ ...p, phase: "download" }),
      });
      found.push(
        ...files.map((file) => ({
          ...file,
          ...formatOf(file.name, data.format),
          field,
          named: file.name === names[i],
        })),
      );
    } finally {
      await meter.stop();
    }
  }
  return { files: withoutRepeats(found), unopened };
}

/**
 * Removes files that an earlier entry names too, as with several patterns of
 * one entry.
 */
function withoutRepeats(files: SourceFile[]): SourceFile[] {
  const kept = new Map<string, SourceFile>();
  for (const file of files) {
    const first = kept.get(file.path);
    if (!first) kept.set(file.path, file);
    else if (file.named) kept.set(file.path, { ...first, named: true });
  }
  return [...kept.values()];
}
