/**
 * Compares the imports with the tables of docs/architecture.md, and the sizes
 * of folders and files with their limits.
 */
import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Most files of a folder. */
const FOLDER_FILES = 15;

/** Most lines of a file. */
const FILE_LINES = 400;

/** Files that may be longer, and why. */
const LONG_FILES: Record<string, string> = {};

/**
 * What any file may import: one line that the reader can act on, and the
 * version.
 */
const ANYWHERE = ["src/errors.ts", "src/version.ts"];

interface Import {
  from: string;
  to: string;
  /** Only types: nothing of it is left when the program runs. */
  typeOnly: boolean;
}

/** Paths of all files at or below a folder, relative to the root. */
function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory ? filesIn(path) : [path];
  }).sort();
}

/** Relative imports of a module; text imports count as data. */
function importsOf(from: string): Import[] {
  const text = Deno.readTextFileSync(join(ROOT, from));
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean) => {
    const to = normalize(join(dirname(from), specifier));
    if (to.endsWith(".ts")) found.push({ from, to, typeOnly });
  };
  const statement = /^(?:import|export)\b([^;"']*?)\bfrom\s+"(\.[^"]+)"(.*)$/gm;
  for (const [, clause, specifier, rest] of text.matchAll(statement)) {
    if (rest.includes("with")) continue;
    const names = clause.trim();
    const typeOnly = names.startsWith("type ") ||
      /^\{(?:\s*type \w+(?: as \w+)?,?)+\s*\}$/.test(names);
    add(specifier, typeOnly);
  }
  for (const [, specifier] of text.matchAll(/import\(\s*"(\.[^"]+)"/g)) {
    add(specifier, false);
  }
  return found;
}

const SOURCES = ["main.ts", ...filesIn("src").filter((f) => f.endsWith(".ts"))];
const IMPORTS = SOURCES.flatMap(importsOf);

interface Room {
  /** A folder or file. */
  path: string;
  /** Rooms that it may import. */
  imports: string[];
}

/** The rows of the tables whose first heading is `room`, in their order. */
function tables(): Room[][] {
  const text = Deno.readTextFileSync(join(ROOT, "docs/architecture.md"));
  const found: Room[][] = [];
  let table: Room[] | null = null;
  for (const line of text.split("\n")) {
    if (!line.startsWith("|")) {
      table = null;
      continue;
    }
    const cells = line.split("|").slice(1, -1).map((cell) => cell.trim());
    if (cells[0] === "room") found.push(table = []);
    else if (table && cells[0].startsWith("`")) {
      const names = (cell: string) =>
        [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
      table.push({ path: names(cells[0])[0], imports: names(cells[2]) });
    }
  }
  return found;
}

/** The room of a table in which a file lies. */
const roomOf = (table: Room[], path: string) =>
  table.find((room) => path === room.path || path.startsWith(`${room.path}/`));

Deno.test("imports go between the rooms as docs/architecture.md says", () => {
  const faults: string[] = [];
  const found = tables();
  assertEquals(found.length, 3, "three tables of rooms: src, data, config");
  for (const table of found) {
    const used = new Map(table.map((room) => [room.path, new Set<string>()]));
    for (const { from, to } of IMPORTS) {
      const a = roomOf(table, from), b = roomOf(table, to);
      if (!a || !b || a === b) continue;
      used.get(a.path)!.add(b.path);
      if (!a.imports.includes(b.path)) {
        faults.push(
          `${from} imports ${to}: '${a.path}' may not import '${b.path}'`,
        );
      }
    }
    table.forEach(({ path, imports }, i) => {
      const below = new Set(table.slice(i + 1).map((room) => room.path));
      for (const other of imports) {
        if (!below.has(other)) faults.push(`'${other}' is not below '${path}'`);
        else if (!used.get(path)!.has(other)) {
          faults.push(`'${path}' does not import '${other}' any more`);
        }
      }
    });
  }
  assertEquals(faults, []);
});

Deno.test("every folder of src, data and config is a room", () => {
  const [src, data, config] = tables();
  const folders = (folder: string) =>
    [...Deno.readDirSync(join(ROOT, folder))].filter((e) => e.isDirectory)
      .map((e) => `${folder}/${e.name}`).sort();
  const paths = (table: Room[]) => table.map((room) => room.path).sort();
  const isFolder = (path: string) => !path.endsWith(".ts");
  assertEquals(paths(src).filter(isFolder), folders("src"));
  assertEquals(paths(data).filter(isFolder), folders("src/data"));
  assertEquals(paths(config).filter(isFolder), folders("src/config"));
});

/** Groups of nodes that reach each other. */
function cycles(edges: Map<string, string[]>): string[][] {
  const order = new Map<string, number>(), low = new Map<string, number>();
  const stack: string[] = [], found: string[][] = [];
  const visit = (node: string) => {
    order.set(node, order.size);
    low.set(node, order.get(node)!);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) {
        low.set(node, Math.min(low.get(node)!, low.get(next)!));
      }
    }
    if (low.get(node) !== order.get(node)) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1) found.push(group.sort());
  };
  for (const node of edges.keys()) if (!order.has(node)) visit(node);
  return found;
}

Deno.test("no module imports itself through others", () => {
  // Types may refer to each other: a tensor has a node, a node has tensors.
  const edges = new Map<string, string[]>(SOURCES.map((path) => [path, []]));
  for (const { from, to, typeOnly } of IMPORTS) {
    if (!typeOnly) edges.get(from)!.push(to);
  }
  assertEquals(cycles(edges), []);
});

Deno.test("imports lead to files of the project, and low ones import nothing above", () => {
  const known = new Set(SOURCES);
  const lost = IMPORTS.filter(({ to }) => !known.has(to));
  assertEquals(lost, []);
  const above = IMPORTS.filter(({ from }) => ANYWHERE.includes(from));
  assertEquals(above, []);
});

Deno.test("a file marked private by _ is imported in its folder and below alone", () => {
  const faults: string[] = [];
  const modules = [
    ...SOURCES,
    ...["scripts", "tests"].flatMap(filesIn).filter((f) => f.endsWith(".ts")),
  ];
  for (const { from, to } of modules.flatMap(importsOf)) {
    const name = to.slice(to.lastIndexOf("/") + 1);
    if (!name.startsWith("_")) continue;
    const home = dirname(to);
    // A test may look into the folder that it mirrors.
    const mirrors = [home, `tests/${home.replace(/^src\//, "")}`];
    if (!mirrors.some((folder) => !relative(folder, from).startsWith(".."))) {
      faults.push(`${from} imports ${to}`);
    }
  }
  assertEquals(faults, []);
});

Deno.test("a folder has few files, a file few lines", () => {
  const faults: string[] = [];
  const counts = new Map<string, number>();
  const files = ["configs", "kernels", "scripts", "src", "tests"]
    .flatMap(filesIn);
  for (const path of files) {
    if (!/\.(ts|wgsl)$/.test(path)) continue;
    const folder = dirname(path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
    const lines = Deno.readTextFileSync(join(ROOT, path)).split("\n").length -
      1;
    if (lines > FILE_LINES && !(path in LONG_FILES)) {
      faults.push(`${path}: ${lines} lines`);
    }
  }
  for (const [folder, count] of counts) {
    if (count > FOLDER_FILES) faults.push(`${folder}: ${count} files`);
  }
  assertEquals(faults, []);
});

/**
 * Folders of tests that mirror no folder of `src/`, and what is in them: whole
 * programs, other parts of the repository, and what tests share.
 */
const NOT_MIRRORED: Record<string, string> = {
  tests: "this file",
  "tests/cli/data": "commands on files, the Hub and fairseq's folders",
  "tests/compat": "the stand-ins for JSR packages",
  "tests/faults": "damaged files, full disks, lost devices: the whole program",
  "tests/helpers": "what several folders share",
  "tests/kernels": "kernels/, all of them in every form",
  "tests/launcher": "the launcher",
  "tests/mixes": "models of every two options",
  "tests/reference": "float64 references",
  "tests/scripts": "scripts/",
};

Deno.test("tests mirror the folders of src", () => {
  const folders = new Set(
    filesIn("tests").filter((path) => path.endsWith("_test.ts")).map(dirname),
  );
  const lost = [...folders].filter((folder) => {
    if (folder in NOT_MIRRORED) return false;
    return !existsSync(join(ROOT, folder.replace(/^tests/, "src")));
  });
  assertEquals(lost, []);
});
