import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { contentHash } from "../../../src/data/pool/content_hash.ts";
import { Journal } from "../../../src/data/prepare/journal.ts";

interface State {
  at: number;
  name: string;
}

const hashOf = (text: string) => contentHash(new TextEncoder().encode(text));

/** A folder with a journal of five shards, three hashes each. */
async function withJournal(work: (dir: string) => void): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const journal = new Journal<State>(dir, "this");
    assertEquals(journal.lastState, undefined);
    for (let at = 1; at <= 5; at++) {
      for (let i = 0; i < 3; i++) journal.seen.add(hashOf(`${at} ${i}`));
      journal.save({ at, name: "dé" });
    }
    work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("Journal gives back the last state and the texts seen by then", () =>
  withJournal((dir) => {
    const journal = new Journal<State>(dir, "this");
    assertEquals(journal.lastState, { at: 5, name: "dé" });
    assertEquals(journal.seen.count, 15);
    assertEquals(journal.seen.add(hashOf("3 2")), false);
    journal.seen.add(hashOf("6 0"));
    journal.save({ at: 6, name: "" });
    assertEquals(new Journal<State>(dir, "this").seen.count, 16);
    assertEquals(new Journal<State>(dir, "other").lastState, undefined);
    assertEquals(new Journal<State>(dir, "this").lastState, undefined);
  }));

Deno.test("Journal ignores a torn line", () =>
  withJournal((dir) => {
    const path = join(dir, "journal.jsonl");
    const whole = Deno.readTextFileSync(path);
    const lines = whole.split("\n");
    const seen = Deno.readFileSync(join(dir, "seen.bin"));
    for (const cut of [1, 20, lines[4].length]) {
      Deno.writeTextFileSync(path, whole.slice(0, whole.length - 1 - cut));
      const journal = new Journal<State>(dir, "this");
      assertEquals([journal.lastState?.at, journal.seen.count], [4, 12]);
      for (let i = 0; i < 3; i++) journal.seen.add(hashOf(`5 ${i}`));
      journal.save({ at: 5, name: "dé" });
      assertEquals(Deno.readTextFileSync(path), whole);
      assertEquals(
        Deno.readFileSync(join(dir, "seen.bin")).length,
        seen.length,
      );
    }
  }));

Deno.test("Journal never takes changed bytes for a state", () =>
  withJournal((dir) => {
    const files = ["journal.jsonl", "seen.bin"].map((name) => {
      const path = join(dir, name);
      return { path, bytes: Deno.readFileSync(path) };
    });
    let random = 1;
    const below = (n: number) => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return Math.floor(random / 2 ** 32 * n);
    };
    let none = 0;
    for (let round = 0; round < 2000; round++) {
      for (const { path, bytes } of files) Deno.writeFileSync(path, bytes);
      const { path, bytes } = files[below(2)];
      const at = below(bytes.length);
      const flipped = bytes.slice();
      flipped[at] ^= 1 << below(8);
      const changed = [
        flipped,
        bytes.slice(0, at),
        Uint8Array.from([
          ...bytes.subarray(0, at),
          below(256),
          ...bytes.subarray(at),
        ]),
      ][below(3)];
      Deno.writeFileSync(path, changed);
      const { lastState: last, seen } = new Journal<State>(dir, "this");
      if (last) assertEquals(last, { at: last.at, name: "dé" });
      else none++;
      assertEquals(seen.count, 3 * (last?.at ?? 0));
      for (let i = 1; i <= (last?.at ?? 0); i++) {
        assert(!seen.add(hashOf(`${i} ${below(3)}`)), `round ${round}`);
      }
    }
    assert(none > 100 && none < 1900, `${none} started over`);
  }));
