/**
 * Where config files come from: the user's folder first, then the built-in
 * files.
 * @module
 */
import { dirname } from "node:path";
import { assetPaths, assetText } from "../../assets/assets.ts";
import { UserError } from "../../errors.ts";
import { readSmallText } from "../../fs/bounded_file.ts";
import { absolutePath } from "../../fs/user_path.ts";
import { quoted } from "../../terminal/quote.ts";
import { nearest } from "../values/nearest.ts";
import { parseYamlFile, type YamlFile } from "../values/yaml_file.ts";

/** The group whose files set keys of all other groups, starting at the root. */
export const EXPERIMENT = "experiment";

/** Paths of the built-in files, below `configs/`. */
function builtInPaths(): string[] {
  return assetPaths("configs").map((path) => path.slice("configs/".length));
}

/** The groups: `model`, `train`, `data` and `experiment`. */
export const GROUPS: readonly string[] = [
  ...new Set(
    builtInPaths().filter((path) => path.includes("/"))
      .map((path) => path.split("/")[0]),
  ),
];

/** Config files by group and choice. */
export interface Library {
  /** `config.yaml`, the root. */
  root(): YamlFile;
  /** The choices of a group, sorted. */
  choices(group: string): string[];
  /**
   * The file of a choice.
   *
   * @param origin where the choice was made, for messages
   * @throws {UserError} on an unknown choice, and on malformed YAML
   */
  file(group: string, choice: string, origin: string): YamlFile;
}

/**
 * Opens the built-in configs, preceded by those of `configDir` if given.
 *
 * @throws {UserError} if `configDir` is not a readable folder
 */
export function openLibrary(configDir?: string): Library {
  const own = new Map<string, string>();
  if (configDir !== undefined) {
    listYaml(configDir, configDir, "", own);
  }
  const parsed = new Map<string, YamlFile>();

  /** @param path below the config folder: `model/op.yaml` */
  const read = (path: string): YamlFile => {
    const seen = parsed.get(path);
    if (seen) return seen;
    const place = own.get(path);
    const file = place === undefined
      ? parseYamlFile(assetText(`configs/${path}`), `configs/${path}`)
      : {
        ...parseYamlFile(readText(place), place),
        folder: dirname(absolutePath(place)),
      };
    parsed.set(path, file);
    return file;
  };

  const choices = (group: string): string[] => {
    const paths = new Set([...builtInPaths(), ...own.keys()]);
    return [...paths].filter((path) => path.startsWith(`${group}/`))
      .map((path) => path.slice(group.length + 1, -".yaml".length))
      .sort();
  };

  return {
    root: () => read("config.yaml"),
    choices,
    file(group, choice, origin) {
      const known = choices(group);
      if (!known.includes(choice)) {
        throw new UserError(
          `Cannot choose ${
            quoted(`${group}=${choice}`)
          } as '${group}' must be one of ${known.join(", ")}: the nearest is '${
            nearest(choice, known)
          }' (${origin})`,
        );
      }
      return read(`${group}/${choice}.yaml`);
    },
  };
}

/** The choices of `model`, those of `configDir` among them. */
export const modelChoices = (configDir?: string): string[] =>
  openLibrary(configDir).choices("model");

/**
 * Collects all `.yaml` files at or below a folder, by their path below `root`.
 */
function listYaml(
  root: string,
  folder: string,
  prefix: string,
  found: Map<string, string>,
): void {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch (error) {
    throw new UserError(
      `Cannot read the configs of '${root}' as '--config-dir' must be a readable folder: ${
        reasonOf(error)
      }`,
    );
  }
  for (const entry of entries) {
    const place = `${folder.replace(/\/+$/, "")}/${entry.name}`;
    // Enter only the groups' folders: `root` may be a whole project.
    if (entry.isDirectory && (prefix !== "" || GROUPS.includes(entry.name))) {
      listYaml(root, place, `${prefix}${entry.name}/`, found);
    } else if (!entry.isDirectory && entry.name.endsWith(".yaml")) {
      found.set(prefix + entry.name, place);
    }
  }
}

function readText(path: string): string {
  try {
    return readSmallText(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `Cannot read ${path} as it must be a readable file: ${reasonOf(error)}`,
    );
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  if (error instanceof Deno.errors.NotADirectory) return "it is a file";
  return (error as Error).message.split("\n")[0];
}
