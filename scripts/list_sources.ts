/**
 * Writes `src/train/source_text.ts`: the project's own text as documents, the
 * data that is there on every machine and inside the executable.
 *
 *     deno run -A scripts/list_sources.ts
 * @module
 */
import { join } from "node:path";

/** The repository's root. */
const ROOT = new URL("..", import.meta.url).pathname;

/** The generated module. */
export const TARGET = "src/train/source_text.ts";

/** Paths of the documents, sorted. */
export function sourcePaths(): string[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(join(ROOT, folder))) {
      const path = `${folder}/${name}`;
      if (isDirectory) walk(path);
      else if (/\.(ts|wgsl|yaml)$/.test(name) && path !== TARGET) {
        found.push(path);
      }
    }
  };
  for (const folder of ["configs", "kernels", "src"]) walk(folder);
  return found.sort();
}

/** Whether the program has the file's text anyhow, to use it. */
const isHeld = (path: string) => /\.(wgsl|yaml)$/.test(path);

/** The module's text: an import a line, as `deno fmt` would make three of some. */
export function sourceModule(): string {
  const imports = sourcePaths().filter((path) => !isHeld(path)).map((path) =>
    `  ["${path}", import("../../${path}", { with: { type: "text" } })],`
  );
  return `/**
 * The project's own text, a document a file. Made by scripts/list_sources.ts.
 * @module
 */
import { kernelNames, kernelText } from "../../kernels/mod.ts";
import { BUILTIN } from "../config/builtin.ts";
import type { NamedText } from "../data/mod.ts";

// Imported when asked for: few commands read the demo's text, and all would wait for it.
// deno-fmt-ignore
const modules = (): [name: string, text: Promise<{ default: string }>][] => [
${imports.join("\n")}
];

/** Every kernel, config and module of blocksmith, sorted by name. */
export async function sourceTexts(): Promise<NamedText[]> {
  const texts: NamedText[] = [
    ...Object.entries(BUILTIN).map(([name, text]) => ({
      name: \`configs/\${name}\`,
      text,
    })),
    ...kernelNames.map((name) => ({
      name: \`kernels/\${name}.wgsl\`,
      text: kernelText(name),
    })),
  ];
  for (const [name, text] of modules()) {
    texts.push({ name, text: (await text).default });
  }
  return texts.sort((a, b) => a.name < b.name ? -1 : 1);
}
`;
}

if (import.meta.main) {
  Deno.writeTextFileSync(join(ROOT, TARGET), sourceModule());
}
