import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { ScanCache, stampOf } from "../../../src/data/scan/scan_cache.ts";
import type {
  FileScan,
  SourceFile,
} from "../../../src/data/sources/source_file.ts";

const FACTS: FileScan = {
  digest: "ab".repeat(32),
  documents: 7,
  unpacked: 5_000_000,
  fault: null,
};

/** A file of `bytes` bytes with a modification time one hour ago. */
async function withFile(
  bytes: number,
  work: (dir: string, file: SourceFile) => void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const path = join(dir, "x.jsonl");
  try {
    Deno.writeFileSync(path, new Uint8Array(bytes));
    work(dir, {
      name: "x",
      path,
      bytes,
      format: "jsonl",
      compression: "none",
      field: "text",
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A few seconds after the files of this test were made. */
const later = () => Date.now() + 10_000;

Deno.test("ScanCache remembers a file until it changes", () =>
  withFile(2_000_000, (dir, file) => {
    const cacheDir = join(dir, "cache");
    const stamp = stampOf(file.path);
    const cache = new ScanCache(cacheDir);
    assertEquals(cache.get(file, stamp), undefined);
    cache.put(file, stamp, FACTS, later());
    for (const known of [cache, new ScanCache(cacheDir)]) {
      assertEquals(known.get(file, stamp), FACTS);
      assertEquals(known.get({ ...file, field: "content" }, stamp), undefined);
      assertEquals(known.get({ ...file, format: "text" }, stamp), undefined);
      assertEquals(known.get({ ...file, path: "y" }, stamp), undefined);
    }
    // The same size and the same time of change: the inode or its change time
    // differs.
    const { mtime } = Deno.statSync(file.path);
    const copy = file.path + "2";
    Deno.copyFileSync(file.path, copy);
    Deno.utimeSync(copy, mtime!, mtime!);
    Deno.renameSync(copy, file.path);
    assertEquals(cache.get(file, stampOf(file.path)), undefined);
    cache.put(file, stampOf(file.path), { ...FACTS, documents: 8 }, later());
    const again = new ScanCache(cacheDir);
    assertEquals(again.get(file, stampOf(file.path))?.documents, 8);
  }));

Deno.test("ScanCache does not remember a file that may have changed within the same tick, or a small one", () => {
  return withFile(2_000_000, (dir, file) => {
    const cache = new ScanCache(dir);
    const stamp = stampOf(file.path);
    cache.put(file, stamp, FACTS, Date.now());
    assertEquals(cache.get(file, stamp), undefined);
    Deno.truncateSync(file.path, 1 << 20);
    const small = stampOf(file.path);
    cache.put(file, small, FACTS, later());
    assertEquals(cache.get(file, small), undefined);
  });
});

Deno.test("ScanCache ignores lines that are torn or changed", () =>
  withFile(2_000_000, (dir, file) => {
    const stamp = stampOf(file.path);
    const cache = new ScanCache(dir);
    cache.put(file, stamp, FACTS, later());
    const path = join(dir, "inspected.jsonl");
    const whole = Deno.readTextFileSync(path);
    const at = whole.indexOf('"documents":7');
    for (
      const changed of [
        whole.slice(0, -5),
        whole.slice(0, at) + '"documents":8' + whole.slice(at + 13),
      ]
    ) {
      Deno.writeTextFileSync(path, changed);
      const other = new ScanCache(dir);
      assertEquals(other.get(file, stamp), undefined);
      other.put(file, stamp, FACTS, later());
      assertEquals(new ScanCache(dir).get(file, stamp), FACTS);
    }
  }));

Deno.test("ScanCache works without a folder that cannot be written", () =>
  withFile(2_000_000, (_, file) => {
    const cache = new ScanCache(join(file.path, "cache"));
    const stamp = stampOf(file.path);
    cache.put(file, stamp, FACTS, later());
    assertEquals(cache.get(file, stamp), FACTS);
  }));
