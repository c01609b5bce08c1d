import { assert, assertEquals, assertThrows } from "@std/assert";
import { Sampler } from "../../../src/data/loader/sampler.ts";
import { UserError } from "../../../src/errors.ts";

Deno.test("Sampler draws every sequence once per epoch, each epoch in a new order", () => {
  for (const sequences of [1, 2, 7, 64, 1001]) {
    const sampler = new Sampler({ sequences, seed: 0 });
    const epochs = [0, 1, 2].map(() => sampler.next(sequences));
    for (const drawn of epochs) {
      assertEquals(
        drawn.toSorted((a, b) => a - b),
        Array.from({ length: sequences }, (_, i) => i),
      );
    }
    if (sequences >= 7) assertEquals(new Set(epochs.map(String)).size, 3);
    assertEquals(sampler.state, { epoch: 3, position: 0 });
  }
});

Deno.test("Sampler continues into the next epoch if a batch reaches the end of one", () => {
  const whole = new Sampler({ sequences: 10, seed: 1 }).next(30);
  const sampler = new Sampler({ sequences: 10, seed: 1 });
  const batches = [4, 4, 4, 1, 12, 5].map((size) => sampler.next(size));
  assertEquals(batches.map((batch) => batch.length), [4, 4, 4, 1, 12, 5]);
  assertEquals(batches.flat(), whole);
});

Deno.test("Sampler resumes from its saved state with the very same draws", () => {
  for (let before = 0; before <= 25; before++) {
    const sampler = new Sampler({ sequences: 8, seed: 42 });
    sampler.next(before);
    const saved = JSON.stringify(sampler.state);
    const resumed = new Sampler({ sequences: 8, seed: 42 });
    resumed.restore(JSON.parse(saved));
    assertEquals(resumed.state, sampler.state);
    assertEquals(resumed.next(20), sampler.next(20));
  }
});

Deno.test("Sampler restores to an earlier epoch too", () => {
  const sampler = new Sampler({ sequences: 8, seed: 0 });
  const drawn = sampler.next(20);
  sampler.restore({ epoch: 0, position: 0 });
  assertEquals(sampler.next(20), drawn);
});

Deno.test("Sampler serves a billion sequences without a list of them", () => {
  const start = performance.now();
  const sampler = new Sampler({ sequences: 1_000_000_007, seed: 3 });
  sampler.restore({ epoch: 2, position: 1_000_000_000 });
  const drawn = sampler.next(1000);
  assertEquals(sampler.state, { epoch: 3, position: 993 });
  assert(drawn.every((sequence) => sequence >= 0 && sequence < 1_000_000_007));
  assert(performance.now() - start < 1000);
});

Deno.test("Sampler refuses empty data, bad seeds and states of other data", () => {
  assertThrows(
    () => new Sampler({ sequences: 0, seed: 0 }),
    UserError,
    "at least one sequence",
  );
  assertThrows(
    () => new Sampler({ sequences: 5, seed: -1 }),
    UserError,
    "'seed'",
  );
  assertThrows(
    () => new Sampler({ sequences: 5, seed: 1.5 }),
    UserError,
    "'seed'",
  );
  const sampler = new Sampler({ sequences: 5, seed: 0 });
  for (
    const state of [{ epoch: 0, position: 5 }, { epoch: -1, position: 0 }, {
      epoch: 0,
      position: NaN,
    }]
  ) {
    assertThrows(() => sampler.restore(state), UserError, "below 5 sequences");
  }
  assertEquals(sampler.state, { epoch: 0, position: 0 });
});

Deno.test("Sampler orders the parts of a mixture each in its own way, and none as the whole", () => {
  const orders = [undefined, 0, 1, 2].map((part) =>
    new Sampler({ sequences: 30, seed: 0, part }).next(60)
  );
  assertEquals(new Set(orders.map(String)).size, 4);
  assertEquals(
    new Sampler({ sequences: 30, seed: 0, part: 1 }).next(60),
    orders[2],
  );
});
