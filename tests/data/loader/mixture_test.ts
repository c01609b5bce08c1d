import { assert, assertEquals, assertThrows } from "@std/assert";
import { Mixture, type MixturePart } from "../../../src/data/loader/mixture.ts";
import { Sampler } from "../../../src/data/loader/sampler.ts";
import { UserError } from "../../../src/errors.ts";

const parts = (...list: [sequences: number, weight: number | null][]) =>
  list.map(([sequences, weight]): MixturePart => ({ sequences, weight }));

/** Pseudo-random numbers in 0..1, the same each time. */
function numbers(seed: number): () => number {
  return () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

Deno.test("Mixture of one part draws as its sampler does, weight or not", () => {
  for (const weight of [null, 0.3]) {
    const mixture = new Mixture({ parts: parts([11, weight]), seed: 4 });
    const sampler = new Sampler({ sequences: 11, seed: 4 });
    for (const count of [1, 4, 30]) {
      assertEquals(
        mixture.next(count),
        sampler.next(count).map((sequence) => ({ part: 0, sequence })),
      );
      assertEquals(mixture.state, sampler.state);
    }
    mixture.restore({ epoch: 1, position: 10 });
    sampler.restore({ epoch: 1, position: 10 });
    assertEquals(mixture.next(3).map((d) => d.sequence), sampler.next(3));
  }
});

Deno.test("Mixture never strays a whole draw from any part's share, at any time", () => {
  const random = numbers(1);
  const lists = [
    [1, 1],
    [0.7, 0.3],
    [0.9, 0.05, 0.05],
    [1e-3, 5, 1 / 3],
    ...Array.from({ length: 12 }, (_, n) =>
      // Weights of very different sizes, too.
      Array.from({ length: 2 + n }, () => random() ** 4 + 1e-4)),
  ];
  for (const weights of lists) {
    const mixture = new Mixture({
      parts: weights.map((weight, i) => ({ sequences: 3 + i, weight })),
      seed: 0,
    });
    const total = weights.reduce((a, b) => a + b);
    const drawn = weights.map(() => 0);
    for (let k = 1; k <= 3000; k++) {
      drawn[mixture.next(1)[0].part]++;
      drawn.forEach((count, i) => {
        const off = count - k * weights[i] / total;
        // The rounding error of double precision is far below 1e-9.
        assert(Math.abs(off) < 1 + 1e-9, `${weights}: ${off} after ${k}`);
      });
    }
  }
});

Deno.test("Mixture takes weights as they are written: 0.7 and 0.3 are 7 and 3", () => {
  const draw = (...weights: number[]) =>
    new Mixture({
      parts: weights.map((weight) => ({ sequences: 5, weight })),
      seed: 0,
    }).next(2000);
  assertEquals(draw(0.7, 0.3), draw(7, 3));
  assertEquals(draw(0.1, 0.2, 0.7), draw(1e-7, 2e-7, 7e-7));
  assertEquals(draw(1e21, 2e21), draw(1, 2));
  // Exactly seven and three in every ten draws.
  const drawn = draw(0.7, 0.3);
  for (let at = 0; at < 2000; at += 10) {
    const ten = drawn.slice(at, at + 10);
    assertEquals(ten.filter(({ part }) => part === 0).length, 7);
  }
});

Deno.test("Mixture draws each part's sequences in epochs without replacement, each part in its own order", () => {
  const sizes = [40, 40, 7];
  const mixture = new Mixture({
    parts: parts([40, 2], [40, 2], [7, 1]),
    seed: 9,
  });
  assertEquals(mixture.sequences, 87);
  const drawn = mixture.next(1000);
  const orders = sizes.map((_, part) =>
    drawn.filter((d) => d.part === part).map((d) => d.sequence)
  );
  assertEquals(orders.map((order) => order.length), [400, 400, 200]);
  orders.forEach((order, part) => {
    for (let at = 0; at + sizes[part] <= order.length; at += sizes[part]) {
      assertEquals(
        order.slice(at, at + sizes[part]).sort((a, b) => a - b),
        Array.from({ length: sizes[part] }, (_, i) => i),
      );
    }
  });
  assert(String(orders[0]) !== String(orders[1]));
});

Deno.test("Mixture resumes from any state with the very same draws", () => {
  const options = { parts: parts([5, 0.5], [3, 0.2], [9, 0.3]), seed: 12 };
  const whole = new Mixture(options).next(160);
  for (let before = 0; before <= 60; before++) {
    const mixture = new Mixture(options);
    mixture.next(before);
    const saved = JSON.parse(JSON.stringify(mixture.state));
    assertEquals(saved.length, 3);
    // Whatever was drawn before.
    const resumed = new Mixture(options);
    resumed.next(before % 7);
    resumed.restore(saved);
    assertEquals(resumed.state, mixture.state);
    assertEquals(resumed.next(100), whole.slice(before, before + 100));
  }
});

Deno.test("Mixture draws what it drew when this was written, on any machine", () => {
  const mixture = new Mixture({
    parts: parts([1000, 0.6], [50, 0.3], [7, 0.1]),
    seed: 3,
  });
  assertEquals(
    mixture.next(20).map(({ part, sequence }) => `${part}:${sequence}`)
      .join(" "),
    "0:88 0:867 1:40 0:997 1:33 0:752 0:386 1:27 0:164 2:5 0:796 0:524 1:4 0:853 1:7 0:269 0:202 1:48 0:609 2:6",
  );
});

Deno.test("Mixture serves a billion sequences and keeps up with fast steps", () => {
  const mixture = new Mixture({
    parts: parts([1_000_000_007, 0.7], [999_999_937, 0.2], [10, 0.1]),
    seed: 0,
  });
  const start = performance.now();
  mixture.restore([
    { epoch: 5, position: 1_000_000_000 },
    { epoch: 1, position: 500_000_000 },
    { epoch: 71_000_000, position: 1 },
  ]);
  mixture.next(10_000);
  assert(performance.now() - start < 2000);
});

Deno.test("Mixture refuses parts without sequences or weight, and states of other data", () => {
  const make = (...list: [number, number | null][]) => () =>
    new Mixture({ parts: parts(...list), seed: 0 });
  assertThrows(make([5, 1], [0, 1]), UserError, "got none in part 2");
  assertThrows(make([0, null]), UserError, "at least one sequence");
  for (const weight of [null, 0, -1, NaN, Infinity]) {
    assertThrows(
      make([5, 1], [5, weight]),
      UserError,
      `got ${weight} for part 2 of 2`,
    );
  }
  const mixture = make([5, 1], [5, 1])();
  assertThrows(
    () => mixture.restore({ epoch: 0, position: 0 }),
    UserError,
    "must have one entry per part of the data (2): got 1",
  );
  assertThrows(
    () =>
      mixture.restore([{ epoch: 0, position: 0 }, { epoch: 0, position: 5 }]),
    UserError,
    "below 5 sequences",
  );
  assertThrows(
    () => make([5, null])().restore([]),
    UserError,
    "must have one entry per part of the data (1): got 0",
  );
});
