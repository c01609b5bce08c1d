/** Damaged files, the same at each run. */

const EXTREMES = [0, 1, 0x7f, 0x7fff, 0x7fffffff, 0x80000000, 0xffffffff];

/** Numbers below `n` from a seed (Mulberry32). */
export function randomFrom(seed: number): (n: number) => number {
  return (n) => {
    seed = seed + 0x6d2b79f5 | 0;
    let x = Math.imul(seed ^ seed >>> 15, 1 | seed);
    x = x + Math.imul(x ^ x >>> 7, 61 | x) ^ x;
    return Math.floor(((x ^ x >>> 14) >>> 0) / 2 ** 32 * n);
  };
}

/**
 * A copy with one to three changes: flips, cuts, gaps, insertions, repeats and
 * impossible lengths.
 */
export function mutated(
  bytes: Uint8Array,
  random: (n: number) => number,
): Uint8Array {
  let made = [...bytes];
  for (let changes = 1 + random(3); changes > 0; changes--) {
    // Most changes go to headers and footers, where they do most harm.
    const at = random(3) > 0
      ? random(made.length)
      : random(2) > 0
      ? random(Math.min(40, made.length))
      : made.length - 1 - random(Math.min(400, made.length));
    const length = 1 + random(16);
    switch (random(7)) {
      case 0:
        made[at] ^= 1 << random(8);
        break;
      case 1:
        made[at] = random(256);
        break;
      case 2:
        made = made.slice(0, at);
        break;
      case 3:
        made.splice(at, length);
        break;
      case 4:
        made.splice(at, 0, ...Array.from({ length }, () => random(256)));
        break;
      case 5:
        made.splice(at, 0, ...made.slice(at, at + length));
        break;
      case 6: {
        const value = EXTREMES[random(EXTREMES.length)];
        for (let i = 0; i < 4 && at + i < made.length; i++) {
          made[at + i] = value / 256 ** i & 255;
        }
      }
    }
    if (made.length === 0) break;
  }
  return Uint8Array.from(made);
}
