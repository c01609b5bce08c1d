/** Helpers for the tests of preparing. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { formatOf } from "../../../src/data/sources/mod.ts";
import type { SourceFile } from "../../../src/data/sources/source_file.ts";

/**
 * The files of a folder whose names match, sorted, with the formats that their
 * extensions imply.
 */
export function sourcesIn(
  dir: string,
  pattern = /./,
  field = "text",
): SourceFile[] {
  const isFile = (name: string) => Deno.statSync(join(dir, name)).isFile;
  const names = namesIn(dir).filter((name) => pattern.test(name));
  return names.filter(isFile).map((name) => ({
    name,
    path: join(dir, name),
    bytes: Deno.statSync(join(dir, name)).size,
    ...formatOf(name),
    field,
  }));
}

/** The names in a folder, sorted. */
export function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

/** Asserts that two stores have the same bytes and no other files. */
export function assertSameStore(a: string, b: string): void {
  const names = ["store.json", "train.bin", "valid.bin"];
  assertEquals([namesIn(a), namesIn(b)], [names, names]);
  for (const name of names) {
    const [one, other] = [a, b].map((dir) =>
      Deno.readFileSync(join(dir, name))
    );
    assertEquals(one.length, other.length, name);
    assertEquals(one.every((byte, i) => byte === other[i]), true, name);
  }
}
