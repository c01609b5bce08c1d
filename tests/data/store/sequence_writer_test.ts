import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { SequenceWriter } from "../../../src/data/store/sequence_writer.ts";
import { UserError } from "../../../src/errors.ts";
import { tempDir } from "../../helpers/files.ts";

Deno.test("SequenceWriter keeps whole sequences only, also of documents larger than its buffer", async () => {
  const dir = await Deno.makeTempDir();
  try {
    for (const [bytesPerToken, limit] of [[2, 65_536], [4, 100_000]]) {
      const path = join(dir, `${bytesPerToken}.bin`);
      const writer = new SequenceWriter(path, 7, bytesPerToken);
      const expected: number[] = [];
      let next = 0;
      for (const length of [0, 6, 7, 8, 600_001, 13, 262_150, 3]) {
        const tokens = Uint32Array.from(
          { length },
          () => (next += 977) % limit,
        );
        // In pieces, as long documents come.
        for (let at = 0; at < length; at += 50_021) {
          writer.push(tokens.subarray(at, at + 50_021));
        }
        const sequences = Math.floor(length / 7);
        assertEquals(writer.endDocument(), { tokens: length, sequences });
        for (let i = 0; i < sequences * 7; i++) expected.push(tokens[i]);
      }
      writer.finish();
      writer.close();
      assertEquals(writer.sequences * 7, expected.length);
      const { buffer } = await Deno.readFile(path);
      const written = bytesPerToken === 2
        ? new Uint16Array(buffer)
        : new Uint32Array(buffer);
      assertEquals(Uint32Array.from(written), Uint32Array.from(expected));
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("SequenceWriter restored to any saved state makes the same file", () => {
  using dir = tempDir();
  /**
   * Pushes documents from `step` on, in small pieces, and saves before each.
   */
  const write = (writer: SequenceWriter, step: number) => {
    const states = [];
    for (; step < 150; step++) {
      states[step] = writer.save();
      writer.push(Uint32Array.from({ length: step % 9 }, (_, i) => step + i));
      if (step % 5 === 4) writer.endDocument();
    }
    writer.endDocument();
    writer.finish();
    writer.close();
    return states;
  };
  const path = join(dir.path, "whole.bin");
  const states = write(new SequenceWriter(path, 6, 2), 0);
  const whole = Deno.readFileSync(path);
  for (let step = 3; step < 150; step += 17) {
    const other = join(dir.path, `${step}.bin`);
    // What a killed run wrote after its last save must be removed.
    const left = Uint8Array.from([...whole.subarray(0, states[step].bytes), 9]);
    Deno.writeFileSync(other, left);
    const writer = new SequenceWriter(other, 6, 2);
    writer.restore(states[step]);
    write(writer, step);
    assertEquals(Deno.readFileSync(other), whole);
    const short = new SequenceWriter(other, 6, 2);
    assertThrows(
      () => short.restore({ ...states[step], bytes: whole.length + 1 }),
      Error,
      `${whole.length} bytes where`,
    );
    short.close();
  }
});

Deno.test("SequenceWriter refuses what does not fit into two bytes", () => {
  using dir = tempDir();
  const ids = Uint32Array.of(1, 65_536, 2);
  const writer = new SequenceWriter(join(dir.path, "2.bin"), 2, 2);
  assertThrows(() => writer.push(ids), UserError, "Cannot write token 65536");
  writer.close();
  const wide = new SequenceWriter(join(dir.path, "4.bin"), 2, 4);
  wide.push(ids);
  wide.close();
});
