import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import {
  decodeText,
  memoryTexts,
  scanMemoryText,
  textPieces,
} from "../../../src/data/sources/text_pieces.ts";
import { loadTokenizer } from "../../../src/data/tokenizers/load_tokenizer.ts";
import { UserError } from "../../../src/errors.ts";

const utf8 = new TextEncoder();

/** `bytes` in blocks of `size`. */
function* blocksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
  }
}

Deno.test("textPieces() joins characters that blocks cut", async () => {
  const text = "aé東😀\n".repeat(20);
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 5, 7]) {
    const pieces = await Array.fromAsync(
      textPieces("x", blocksOf(bytes, size)),
    );
    assertEquals(pieces, [{ text, end: bytes.length }]);
  }
});

Deno.test("textPieces() gives pieces that encode to the tokens of the whole, from any of them on", async () => {
  const tokenizer = await loadTokenizer("gpt2");
  const line = "for i in range(10):   print('it''s', 12345)  # 東京\r\n\r\n\n";
  const text = line.repeat(60_000);
  const bytes = utf8.encode(text);
  const ids: number[] = [];
  const ends: number[] = [];
  const piecesFrom = (from: number) =>
    textPieces(
      "x",
      blocksOf(bytes, 1 << 20),
      (t) => tokenizer.lastSafeCut!(t),
      from,
    );
  const counts: number[] = [];
  for await (const piece of piecesFrom(0)) {
    counts.push(ids.length);
    for (const id of tokenizer.encode(piece.text)) ids.push(id);
    ends.push(piece.end);
  }
  assertEquals(ends.length > 2, true);
  assertEquals(ends.at(-1), bytes.length);
  assertEquals(Uint32Array.from(ids), tokenizer.encode(text));
  for (const [i, end] of ends.entries()) {
    const rest = await Array.fromAsync(piecesFrom(end));
    assertEquals(
      Uint32Array.from(rest.flatMap(({ text }) => [...tokenizer.encode(text)])),
      Uint32Array.from(ids.slice(counts[i + 1] ?? ids.length)),
    );
  }
});

Deno.test("textPieces() keeps a text whole where no cut is found", async () => {
  const bytes = utf8.encode("a".repeat(3_000_000));
  const pieces = await Array.fromAsync(
    textPieces("x", blocksOf(bytes, 1 << 20), () => 0),
  );
  assertEquals(pieces.map(({ text }) => text.length), [3_000_000]);
});

Deno.test("textPieces() drops a byte-order mark at the start only", async () => {
  const bytes = utf8.encode("\ufeffa\ufeffb");
  assertEquals(await Array.fromAsync(textPieces("x", [bytes])), [
    { text: "a\ufeffb", end: 8 },
  ]);
  assertEquals(decodeText("x", bytes), "a\ufeffb");
  // A mark at the start of a later piece is a character.
  const rest = textPieces("x", [bytes], undefined, 4);
  assertEquals(await Array.fromAsync(rest), [{ text: "\ufeffb", end: 8 }]);
});

Deno.test("memoryTexts() become documents, scanned like files", () => {
  const [text, binary] = memoryTexts([
    { name: "a", text: "é\ud800" },
    { name: "b", text: "\0" },
  ]);
  assertEquals(text.content, utf8.encode("é\ufffd"));
  assertEquals(scanMemoryText(text), {
    digest: createHash("sha256").update("é\ufffd").digest("hex"),
    documents: 1,
    unpacked: 5,
    fault: null,
  });
  assertEquals(scanMemoryText(binary).not, "binary");
});

Deno.test("textPieces() refuses what is not UTF-8", async () => {
  for (const bytes of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80]]) {
    await assertRejects(
      () => Array.fromAsync(textPieces("x.txt", [Uint8Array.from(bytes)])),
      UserError,
      "'x.txt' as it is not UTF-8",
    );
    assertThrows(
      () => decodeText("x.txt", Uint8Array.from(bytes)),
      UserError,
      "'x.txt' as it is not UTF-8",
    );
  }
});
