import { assertEquals, assertRejects } from "@std/assert";
import { orderedConcurrency } from "../../../src/data/pool/ordered_concurrency.ts";

async function* items(count: number, failAt = Infinity) {
  for (let i = 0; i < count; i++) {
    await Promise.resolve();
    if (i === failAt) throw new Error(`no item ${i}`);
    yield { i, bytes: 10 };
  }
}

Deno.test("orderedConcurrency() keeps the input order, and its limits", async () => {
  for (const limits of [{ items: 4, bytes: 1e9 }, { items: 99, bytes: 31 }]) {
    let under = 0, most = 0;
    const work = async ({ i }: { i: number }) => {
      most = Math.max(most, ++under);
      await new Promise((resolve) => setTimeout(resolve, (i * 7) % 5));
      return i * i;
    };
    const got: number[] = [];
    for await (
      const [{ i }, square] of orderedConcurrency(items(30), work, limits)
    ) {
      under--;
      assertEquals(square, i * i);
      got.push(i);
    }
    assertEquals(got, Array.from({ length: 30 }, (_, i) => i));
    assertEquals(most, 4);
  }
});

Deno.test("orderedConcurrency() throws the first error in order, of an item or of its work", async () => {
  const limits = { items: 8, bytes: 1e9 };
  const run = async (failAt: number, failWork: number) => {
    const got: number[] = [];
    const work = ({ i }: { i: number }) =>
      i === failWork
        ? Promise.reject(new Error(`no work ${i}`))
        : Promise.resolve(i);
    const error = await assertRejects(async () => {
      for await (
        const [, i] of orderedConcurrency(items(20, failAt), work, limits)
      ) {
        got.push(i);
      }
    }, Error);
    return [error.message, got.length];
  };
  assertEquals(await run(5, Infinity), ["no item 5", 5]);
  assertEquals(await run(5, 3), ["no work 3", 3]);
  assertEquals(await run(Infinity, 19), ["no work 19", 19]);
});
