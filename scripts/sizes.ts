/**
 * How large is each room? Prints files and lines per folder, so that a room
 * that grows is seen in the review that makes it grow.
 *
 *     deno task sizes
 * @module
 */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Folders whose own folders are rows, and folders that are one row each. */
const SPLIT = ["src", "src/data"];
const WHOLE = ["kernels", "configs", "scripts", "compat", "tests", "docs"];

/** Files that people write; fixtures and lock files are not. */
const WRITTEN = new Set([".md", ".sh", ".ts", ".wgsl", ".yaml"]);

interface Size {
  files: number;
  lines: number;
}

/** Fixtures: data, not text. */
const SKIPPED = "golden";

function addTo(size: Size, path: string): void {
  if (!WRITTEN.has(extname(path))) return;
  size.files++;
  size.lines += Deno.readTextFileSync(ROOT + path).split("\n").length - 1;
}

/** Files and lines at or below a folder, or of it alone. */
function sizeOf(folder: string, below = true): Size {
  const size = { files: 0, lines: 0 };
  for (const { name, isDirectory } of Deno.readDirSync(ROOT + folder)) {
    const path = `${folder}/${name}`;
    if (!isDirectory) addTo(size, path);
    else if (below && name !== SKIPPED) {
      const { files, lines } = sizeOf(path);
      size.files += files;
      size.lines += lines;
    }
  }
  return size;
}

/** Rows of the table: a name and its size, the parts of a folder below it. */
export function sizes(): [name: string, size: Size][] {
  const rows: [string, Size][] = [];
  const split = (folder: string, indent: string) => {
    rows.push([indent + folder, sizeOf(folder)]);
    const own = sizeOf(folder, false);
    const folders = [...Deno.readDirSync(ROOT + folder)]
      .filter((entry) => entry.isDirectory)
      .map(({ name }) => `${folder}/${name}`)
      .sort((a, b) => sizeOf(b).lines - sizeOf(a).lines);
    for (const path of folders) {
      if (SPLIT.includes(path)) split(path, `${indent}  `);
      else rows.push([`${indent}  ${path}`, sizeOf(path)]);
    }
    if (own.files > 0) rows.push([`${indent}  ${folder}/*`, own]);
  };
  split("src", "");
  for (const folder of WHOLE) rows.push([folder, sizeOf(folder)]);
  return rows;
}

if (import.meta.main) {
  const rows = sizes();
  const width = Math.max(...rows.map(([name]) => name.length));
  const line = (name: string, files: string, lines: string) =>
    console.log(name.padEnd(width), files.padStart(6), lines.padStart(8));
  line("folder", "files", "lines");
  for (const [name, { files, lines }] of rows) {
    line(name, `${files}`, lines.toLocaleString("en"));
  }
  const whole = rows.filter(([name]) => !name.startsWith(" "));
  const sum = (key: keyof Size) =>
    whole.reduce((total, [, size]) => total + size[key], 0);
  line("all", `${sum("files")}`, sum("lines").toLocaleString("en"));
}
