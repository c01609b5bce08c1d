import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { openFairseqSplit } from "../../../src/data/fairseq/blocks.ts";
import { Dictionary } from "../../../src/data/tokenizers/fairseq/dictionary.ts";
import { FIXTURE, withTempFolder } from "../../helpers/data/fairseq_folder.ts";

/** Generator of whole numbers less than `n`; deterministic. */
function randomFrom(seed: number): (n: number) => number {
  return (n) => {
    // Mulberry32.
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * n);
  };
}

/** Changes a few bytes, or truncates, duplicates or removes a piece. */
function mutate(
  bytes: Uint8Array,
  random: (n: number) => number,
): Uint8Array<ArrayBuffer> {
  const out = [...bytes];
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(out.length + 1);
    const piece = out.slice(at, at + random(20));
    switch (random(6)) {
      case 0:
        out[Math.min(at, out.length - 1)] ^= 1 << random(8);
        break;
      case 1:
        out[Math.min(at, out.length - 1)] = [0, 1, 127, 128, 255][random(5)];
        break;
      case 2:
        out.length = at;
        break;
      case 3:
        out.splice(at, piece.length);
        break;
      case 4:
        out.splice(at, 0, ...piece);
        break;
      case 5:
        out.fill([0, 255][random(2)], at, at + 1 + random(8));
    }
  }
  return Uint8Array.from(out);
}

/**
 * Runs `work`; success and a one-line `UserError` pass, anything else fails the
 * test.
 */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== "UserError" || /\n/.test(message)) throw error;
    return false;
  }
}

Deno.test("2,000 damaged indices and data files give a one-line error or the content of the data file", async () => {
  const random = randomFrom(1);
  const types = [
    { name: "uint8", bytes: 1 },
    { name: "uint16", bytes: 2 },
    { name: "int32", bytes: 4 },
    { name: "int64", bytes: 8 },
  ];
  let opened = 0;
  await withTempFolder((dir) => {
    for (let run = 0; run < 2000; run++) {
      const { name } = types[random(types.length)];
      const path = join(FIXTURE, "types", name);
      const files = {
        idx: Deno.readFileSync(`${path}.idx`),
        bin: Deno.readFileSync(`${path}.bin`),
      };
      if (random(2) === 0) files.idx = mutate(files.idx, random);
      else files.bin = mutate(files.bin, random);
      const prefix = join(dir, "train");
      Deno.writeFileSync(`${prefix}.idx`, files.idx);
      Deno.writeFileSync(`${prefix}.bin`, files.bin);
      const T = 1 + random(8);
      const seen: number[] = [];
      const whole = attempt(() => {
        const split = openFairseqSplit({
          paths: [prefix],
          sequenceLength: T,
          vocabSize: 128,
          pad: 1,
          eos: 2,
        });
        try {
          const inputs = new Uint32Array(T);
          const targets = new Uint32Array(T);
          for (let i = 0; i < split.sequences; i++) {
            split.read(i, inputs, 0, targets);
            const count = Math.min(T, split.tokens - i * T);
            // `<pad>` in the data is not predicted.
            seen.push(
              ...targets.subarray(0, count).map((id) => id >>> 31 || id),
            );
          }
        } finally {
          split.close();
        }
      });
      if (!whole) continue;
      opened++;
      // All ids are less than 128: the first byte of each, then zeros.
      const width = files.bin.length / Math.max(1, seen.length);
      assert(seen.length === 0 || [1, 2, 4, 8].includes(width));
      const held = [...files.bin].filter((_, i) => i % width === 0);
      assertEquals(seen, held);
      assert(files.bin.every((byte, i) => i % width === 0 || byte === 0));
    }
  });
  assert(opened > 100 && opened < 1500, `${opened} of 2000 could be opened`);
});

Deno.test("2,000 damaged dictionaries give a one-line error or a dictionary that can be saved again", async () => {
  const random = randomFrom(2);
  const bytes = new TextEncoder().encode(
    "the 1061396\n, 1\nof 12\nb c 4\nünï 3\nthe 5 #fairseq:overwrite\n1999 0\n",
  );
  let read = 0;
  await withTempFolder((dir) => {
    const path = join(dir, "dict.txt");
    for (let run = 0; run < 2000; run++) {
      const mutated = mutate(bytes, random);
      attempt(() => {
        const dictionary = Dictionary.parse(mutated, path);
        read++;
        dictionary.save(path);
        const again = Dictionary.load(path);
        assertEquals(again.size, dictionary.size);
        for (let id = 0; id < again.size; id++) {
          const symbol = dictionary.symbol(id);
          assertEquals(again.symbol(id), symbol);
          assertEquals(again.count(id), dictionary.count(id));
          assertEquals(again.index(symbol), dictionary.index(symbol));
        }
      });
    }
  });
  assert(read > 100 && read < 1900, `${read} of 2000 could be read`);
});
