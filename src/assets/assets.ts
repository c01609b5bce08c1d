/**
 * Which text files the program carries, and what they contain: kernels, configs
 * and its own source. In a checkout they are read from disk; an executable has
 * no such folders, so its build packs them into a table and calls
 * {@linkcode usePacked} before any other module is loaded
 * (`scripts/bundle.ts`).
 * @module
 */

/** The checkout's root. */
const ROOT = new URL("../../", import.meta.url);

/** Folders whose text files an executable carries. */
export const ASSET_FOLDERS: readonly string[] = ["configs", "kernels", "src"];

/** File name extensions of text assets. */
const TEXT_FILE = /\.(ts|wgsl|yaml)$/;

/** Path to text, in an executable. */
let packed: ReadonlyMap<string, string> | null = null;

/** Texts read so far, in a checkout. */
const read = new Map<string, string>();

/**
 * Sets the table of files that an executable carries.
 *
 * @param files path below the checkout's root to text
 */
export function usePacked(files: Record<string, string>): void {
  packed = new Map(Object.entries(files));
}

/**
 * The text of one file.
 *
 * @param path below the checkout's root, such as `configs/config.yaml`
 * @throws {RangeError} if there is no such file
 */
export function assetText(path: string): string {
  const known = packed ? packed.get(path) : read.get(path);
  if (known !== undefined) return known;
  if (packed) throw new RangeError(`No file '${path}' in this executable`);
  let text: string;
  try {
    text = Deno.readTextFileSync(new URL(path, ROOT));
  } catch (cause) {
    throw new RangeError(`No file '${path}' in this checkout`, { cause });
  }
  read.set(path, text);
  return text;
}

/**
 * Paths of all text files at or below a folder, sorted.
 *
 * @param folder below the checkout's root, one of {@linkcode ASSET_FOLDERS}
 */
export function assetPaths(folder: string): string[] {
  if (packed) {
    return [...packed.keys()].filter((path) => path.startsWith(`${folder}/`))
      .sort();
  }
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const entry of Deno.readDirSync(new URL(`${folder}/`, ROOT))) {
      // Hidden files are an editor's, not the project's.
      if (entry.name.startsWith(".")) continue;
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) walk(path);
      else if (TEXT_FILE.test(entry.name)) found.push(path);
    }
  };
  walk(folder);
  return found.sort();
}
