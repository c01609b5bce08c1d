import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  allocateRing,
  RingConsumer,
  RingProducer,
  slotBytes,
} from "../../../src/data/loader/shared_ring.ts";
import type { Batch } from "../../../src/data/loader/batch.ts";
import type { SamplerState } from "../../../src/data/loader/sampler.ts";
import { UserError } from "../../../src/errors.ts";

const SHAPE = { slots: 4, batches: 2, size: 3, parts: 2 };

/** Both sides of one ring; `step` is called before each is filled, and must close the ring before it is full. */
function ringOf(step: (position: number, taker: RingConsumer) => void) {
  const memory = allocateRing(SHAPE);
  const taker = new RingConsumer(memory), filler = new RingProducer(memory);
  let position = 0;
  const states = (): SamplerState[] => [
    { epoch: 2 ** 40, position },
    { epoch: 7, position: 2 * position },
  ];
  const fill = (batches: readonly Batch[]) => {
    step(position, taker);
    position++;
    batches.forEach((batch, i) => {
      batch.tokens.fill(position);
      batch.targets.fill(position + 100);
      batch.order.set([2, 0, i]);
      batch.counted = 10 * position + i;
    });
  };
  const seek = ([{ position: to }]: SamplerState[]) => {
    if (to > 1000) {
      taker.close();
      throw new UserError("no such place");
    }
    position = to;
  };
  return { taker, run: () => filler.run({ fill, states, seek }) };
}

Deno.test("a ring hands over batches, counts and states in order, and ends with its filler", () => {
  const { taker, run } = ringOf((position, taker) => {
    if (position === 3) taker.close();
  });
  run();
  for (let step = 1; step <= 4; step++) {
    const { batches, states } = taker.take();
    assertEquals(states, [
      { epoch: 2 ** 40, position: step },
      { epoch: 7, position: 2 * step },
    ]);
    batches.forEach((batch, i) => {
      assertEquals([...batch.tokens], [step, step, step]);
      assertEquals([...batch.targets], Array(3).fill(step + 100));
      assertEquals([...batch.order], [2, 0, i]);
      assertEquals(batch.counted, 10 * step + i);
    });
  }
  assertThrows(() => taker.take(), Error, "The loader thread ended");
});

Deno.test("a ring passes over what was filled before a restart", () => {
  const { taker, run } = ringOf((position, taker) => {
    // The slot that is being filled now is of the old generation too.
    if (position === 1) {
      taker.restart([{ epoch: 0, position: 500 }, { epoch: 0, position: 0 }]);
    }
    if (position === 501) taker.close();
  });
  run();
  assertEquals(taker.take().states[0].position, 501);
  assertEquals(taker.take().states[0].position, 502);
  assertThrows(() => taker.take(), Error, "The loader thread ended");
});

Deno.test("a ring keeps a fault until the step that it belongs to, and from then on", () => {
  const long = "ü".repeat(5000);
  const { taker, run } = ringOf((position, taker) => {
    if (position < 2) return;
    taker.close();
    throw new UserError(`step ${position} cannot be read: ${long}`);
  });
  run();
  assertEquals(taker.take().states[0].position, 1);
  assertEquals(taker.take().states[0].position, 2);
  for (const _ of [1, 2]) {
    const error = assertThrows(() => taker.take(), UserError, "step 2 cannot");
    assert(error.message.length > 1000);
  }
  // Asked for anew, it is of no interest any more.
  taker.restart([{ epoch: 0, position: 0 }, { epoch: 0, position: 0 }]);
  assertThrows(() => taker.take(), Error, "The loader thread ended");
});

Deno.test("a ring tells the program's own faults from the user's, and a state that cannot be gone to", () => {
  const fault = (action: (taker: RingConsumer) => void) => {
    const { taker, run } = ringOf((position, taker) => {
      if (position === 0) action(taker);
      else taker.close();
    });
    run();
    return assertThrows(() => taker.take(), Error);
  };
  const own = fault((taker) => {
    taker.close();
    throw new RangeError("off by one");
  });
  assert(!(own instanceof UserError) && own.message.includes("off by one"));
  const { taker, run } = ringOf(() => {});
  taker.restart([{ epoch: 0, position: 2000 }, { epoch: 0, position: 0 }]);
  run();
  assertThrows(() => taker.take(), UserError, "no such place");
});

Deno.test("slotBytes() is what a slot takes", () => {
  const { slots } = allocateRing(SHAPE);
  assertEquals(slots.map((s) => s.byteLength), Array(4).fill(slotBytes(SHAPE)));
});
