import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Batch } from "../../../src/data/loader/batch.ts";
import type { SamplerState } from "../../../src/data/loader/sampler.ts";
import {
  allocateRing,
  RingConsumer,
  RingProducer,
  slotBytes,
} from "../../../src/data/loader/shared_ring.ts";
import { UserError } from "../../../src/errors.ts";

const SHAPE = { slots: 4, batches: 2, size: 3, parts: 2 };

/**
 * Both sides of one ring; `step` is called before each slot is filled, and must
 * close the ring before it is full.
 */
function ringOf(step: (position: number, consumer: RingConsumer) => void) {
  const memory = allocateRing(SHAPE);
  const consumer = new RingConsumer(memory),
    producer = new RingProducer(memory);
  let position = 0;
  const states = (): SamplerState[] => [
    { epoch: 2 ** 40, position },
    { epoch: 7, position: 2 * position },
  ];
  const fill = (batches: readonly Batch[]) => {
    step(position, consumer);
    position++;
    batches.forEach((batch, i) => {
      batch.tokens.fill(position);
      batch.targets.fill(position + 100);
      batch.order.set([2, 0, i]);
      batch.counted = 10 * position + i;
    });
    // As at the end of an epoch.
    return position === 2 ? 1 : batches.length;
  };
  const seek = ([{ position: to }]: SamplerState[]) => {
    if (to > 1000) {
      consumer.close();
      throw new UserError("no such place");
    }
    position = to;
  };
  return { consumer, run: () => producer.run({ fill, states, seek }) };
}

Deno.test("a ring passes on batches, counts and states in order, and ends with its producer", () => {
  const { consumer, run } = ringOf((position, consumer) => {
    if (position === 3) consumer.close();
  });
  run();
  for (let step = 1; step <= 4; step++) {
    const { batches, states } = consumer.take();
    assertEquals(states, [
      { epoch: 2 ** 40, position: step },
      { epoch: 7, position: 2 * step },
    ]);
    assertEquals(batches.length, step === 2 ? 1 : SHAPE.batches);
    batches.forEach((batch, i) => {
      assertEquals([...batch.tokens], [step, step, step]);
      assertEquals([...batch.targets], Array(3).fill(step + 100));
      assertEquals([...batch.order], [2, 0, i]);
      assertEquals(batch.counted, 10 * step + i);
    });
  }
  assertThrows(() => consumer.take(), Error, "The loader thread ended");
});

Deno.test("a ring skips what was filled before a restart", () => {
  const { consumer, run } = ringOf((position, consumer) => {
    // The slot that is being filled belongs to the old generation, too.
    if (position === 1) {
      consumer.restart([{ epoch: 0, position: 500 }, {
        epoch: 0,
        position: 0,
      }]);
    }
    if (position === 501) consumer.close();
  });
  run();
  assertEquals(consumer.take().states[0].position, 501);
  assertEquals(consumer.take().states[0].position, 502);
  assertThrows(() => consumer.take(), Error, "The loader thread ended");
});

Deno.test("a ring keeps an error until the step that it belongs to, and from then on", () => {
  const long = "ü".repeat(5000);
  const { consumer, run } = ringOf((position, consumer) => {
    if (position < 2) return;
    consumer.close();
    throw new UserError(`step ${position} cannot be read: ${long}`);
  });
  run();
  assertEquals(consumer.take().states[0].position, 1);
  assertEquals(consumer.take().states[0].position, 2);
  for (const _ of [1, 2]) {
    const error = assertThrows(
      () => consumer.take(),
      UserError,
      "step 2 cannot",
    );
    assert(error.message.length > 1000);
  }
  // After a restart the error no longer matters.
  consumer.restart([{ epoch: 0, position: 0 }, { epoch: 0, position: 0 }]);
  assertThrows(() => consumer.take(), Error, "The loader thread ended");
});

Deno.test("a ring distinguishes errors of the program and of the user, and reports a state that does not exist", () => {
  const fault = (action: (consumer: RingConsumer) => void) => {
    const { consumer, run } = ringOf((position, consumer) => {
      if (position === 0) action(consumer);
      else consumer.close();
    });
    run();
    return assertThrows(() => consumer.take(), Error);
  };
  const own = fault((consumer) => {
    consumer.close();
    throw new RangeError("off by one");
  });
  assert(!(own instanceof UserError) && own.message.includes("off by one"));
  const { consumer, run } = ringOf(() => {});
  consumer.restart([{ epoch: 0, position: 2000 }, { epoch: 0, position: 0 }]);
  run();
  assertThrows(() => consumer.take(), UserError, "no such place");
});

Deno.test("slotBytes() is what a slot takes", () => {
  const { slots } = allocateRing(SHAPE);
  assertEquals(slots.map((s) => s.byteLength), Array(4).fill(slotBytes(SHAPE)));
});
