/**
 * Real text on this machine for the bench: programs, headers and documentation.
 * @module
 */
import { join } from "node:path";
import { sourceTexts } from "../../assets/source_text.ts";

/** Documents, and their origin. */
export interface BenchText {
  documents: string[];
  /** Bytes per document, in UTF-8. */
  sizes: number[];
  /** Bytes of all documents. */
  bytes: number;
  /** The folders, comma-separated. */
  from: string;
}

/**
 * Folders with text on common systems, each with the fraction up to which it
 * may fill the text.
 */
const PLACES: [folder: string, part: number][] = [
  ["/usr/share/doc", 0.25],
  ["/usr/share/perl", 0.5],
  ["/usr/lib/python3", 0.75],
  ["/usr/include", 1],
];

/** Sizes of the files that are used; larger ones are data rather than text. */
const SMALLEST = 256, LARGEST = 1 << 20;

/**
 * Collects about `wanted` bytes of UTF-8 text on this machine, in a fixed
 * order. If there is not enough, the project's own source fills the rest,
 * repeatedly.
 */
export function benchText(wanted: number): BenchText {
  const text: BenchText = { documents: [], sizes: [], bytes: 0, from: "" };
  const found: string[] = [];
  for (const [folder, part] of PLACES) {
    const before = text.bytes;
    for (const path of filesIn(folder)) {
      if (text.bytes >= wanted * part) break;
      const document = textIn(path);
      if (document !== null) add(text, document);
    }
    if (text.bytes > before) found.push(folder);
  }
  if (text.bytes < wanted) {
    found.push("blocksmith's own source, repeated");
    const own = sourceTexts();
    for (let i = 0; text.bytes < wanted; i++) {
      add(text, own[i % own.length].text);
    }
  }
  text.from = found.join(", ");
  return text;
}

function add(to: BenchText, document: string): void {
  const size = new TextEncoder().encode(document).length;
  to.documents.push(document);
  to.sizes.push(size);
  to.bytes += size;
}

/** Files below a folder, sorted, without links and binary formats. */
function* filesIn(folder: string): Generator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch {
    return;
  }
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isFile } of entries) {
    const path = join(folder, name);
    if (isDirectory) yield* filesIn(path);
    else if (isFile && /\.(gz|png|pyc|pdf)$/.test(name) === false) yield path;
  }
}

function textIn(path: string): string | null {
  try {
    const { size } = Deno.statSync(path);
    if (size < SMALLEST || size > LARGEST) return null;
    const bytes = Deno.readFileSync(path);
    if (bytes.includes(0)) return null;
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
