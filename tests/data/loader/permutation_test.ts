import { assert, assertEquals, assertThrows } from "@std/assert";
import { Permutation } from "../../../src/data/loader/permutation.ts";

Deno.test("Permutation takes every number once, for any size", () => {
  const sizes = [1, 2, 3, 5, 16, 17, 255, 256, 257, 1000, 4096, 65535, 65537];
  for (let n = 4; n < 80; n++) sizes.push(n);
  for (const size of sizes) {
    const permutation = new Permutation(size, [0, size]);
    const seen = new Uint8Array(size);
    for (let i = 0; i < size; i++) seen[permutation.at(i)]++;
    assert(seen.every((times) => times === 1), `size ${size}`);
  }
});

// Computed by the same network in Python's integers.
const SMALL = [7, 4, 6, 0, 2];
const LARGE = [
  334702451638,
  191564465981,
  665658188218,
  136776241135,
  1052225946171,
];

Deno.test("Permutation gives the same order on every machine", () => {
  const first = (size: number, key: number[]) =>
    Array.from({ length: 5 }, (_, i) => new Permutation(size, key).at(i));
  assertEquals(first(10, [0]), SMALL);
  assertEquals(first(2 ** 40 + 1, [2 ** 45 + 7, 3]), LARGE);
});

Deno.test("Permutation differs by every part of its key", () => {
  const order = (...key: number[]) => {
    const permutation = new Permutation(50, key);
    return Array.from({ length: 50 }, (_, i) => permutation.at(i)).join();
  };
  const keys = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
    [2 ** 32, 0],
    [0, 2 ** 32],
    [0],
    [],
  ];
  assertEquals(new Set(keys.map((key) => order(...key))).size, keys.length);
});

Deno.test("Permutation spreads each place evenly over the numbers", () => {
  // Chi-square of where indices 0 and 1 go, and of their distance, over 20,000
  // keys: 36 degrees of freedom.
  const size = 37;
  const trials = 20_000;
  const counts = [0, 1, 2].map(() => new Float64Array(size));
  for (let key = 0; key < trials; key++) {
    const permutation = new Permutation(size, [key]);
    const [a, b] = [permutation.at(0), permutation.at(1)];
    counts[0][a]++;
    counts[1][b]++;
    counts[2][(b - a + size) % size]++;
  }
  const chiSquare = (observed: Float64Array, expected: number) =>
    observed.reduce(
      (sum, count) => sum + (count - expected) ** 2 / expected,
      0,
    );
  // 99.99 % of uniform distributions stay below 78; the distance is never 0.
  assert(chiSquare(counts[0], trials / size) < 78);
  assert(chiSquare(counts[1], trials / size) < 78);
  assertEquals(counts[2][0], 0);
  assert(chiSquare(counts[2].slice(1), trials / (size - 1)) < 78);
});

Deno.test("Permutation handles sizes far beyond memory", () => {
  const size = 10 ** 12 + 39;
  const permutation = new Permutation(size, [5]);
  const seen = new Set<number>();
  let sum = 0;
  for (let i = 0; i < 10_000; i++) {
    const value = permutation.at(i * 1e8);
    assert(Number.isSafeInteger(value) && value >= 0 && value < size);
    seen.add(value);
    sum += value / size;
  }
  assertEquals(seen.size, 10_000);
  assert(Math.abs(sum / 10_000 - 0.5) < 0.02);
});

Deno.test("Permutation keeps within the size just above a power of two", () => {
  for (const size of [2 ** 50 + 1, 2 ** 52]) {
    const last = new Permutation(size, [1]).at(size - 1);
    assert(Number.isSafeInteger(last) && last >= 0 && last < size);
  }
  const seen = new Set<number>();
  const permutation = new Permutation(2 ** 16 + 1, [1]);
  for (let i = 0; i <= 2 ** 16; i++) seen.add(permutation.at(i));
  assertEquals(seen.size, 2 ** 16 + 1);
});

Deno.test("Permutation refuses what is out of range", () => {
  assertThrows(() => new Permutation(-1, []), RangeError, "'size'");
  assertThrows(() => new Permutation(2 ** 53, []), RangeError, "'size'");
  assertThrows(() => new Permutation(5, [-1]), RangeError, "'key'");
  assertThrows(() => new Permutation(5, [0.5]), RangeError, "'key'");
  assertThrows(() => new Permutation(5, []).at(5), RangeError, "element 5");
});
