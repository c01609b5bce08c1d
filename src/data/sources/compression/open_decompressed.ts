/**
 * Decompressed contents of a file as a byte stream.
 * @module
 */
import { fileBlocks } from "../file_blocks.ts";
import type { SourceFile } from "../source_file.ts";
import { gunzip } from "./gunzip.ts";
import { unzstd } from "./unzstd.ts";

/**
 * A file's decompressed bytes in blocks of up to 4 MiB. A block is valid until
 * the next one is requested.
 *
 * @param onPacked gets each block as it is on disk, before its content is given
 * @throws {UserError} if the file cannot be read
 * @throws {UnreadableError} if its content is at fault
 */
export async function* openBytes(
  file: SourceFile,
  onPacked?: (block: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  const packed = file.compression !== "none";
  const blocks = watched(fileBlocks(file, { own: packed }), onPacked);
  if (file.compression === "gzip") yield* gunzip(file.name, blocks);
  else if (file.compression === "zstd") yield* unzstd(file.name, blocks);
  else yield* blocks;
}

function* watched<Block>(
  blocks: Iterable<Block>,
  watch?: (block: Block) => void,
): Generator<Block> {
  for (const block of blocks) {
    watch?.(block);
    yield block;
  }
}
