import { assertEquals, assertThrows } from "@std/assert";
import { DocumentSelection } from "../../../src/data/scan/document_selection.ts";
import { numpyPermutation } from "../../../src/data/scan/numpy_random.ts";
import { UserError } from "../../../src/errors.ts";

Deno.test("DocumentSelection takes the first of NumPy's permutation, and holds out the first of them", () => {
  const split = "train";
  for (
    const [documents, most, held, seed] of [[50, 20, 4, 0], [50, 99, 1, 3]]
  ) {
    const selection = new DocumentSelection({
      documents,
      maxDocuments: most,
      heldOut: held,
      split,
      seed,
    });
    const order = [...numpyPermutation(documents, seed)];
    const chosen = order.slice(0, most);
    assertEquals(selection.count, chosen.length);
    for (let i = 0; i < documents; i++) {
      const rank = order.indexOf(i);
      assertEquals(selection.rankOf(i), rank);
      const expected = rank >= most ? null : rank < held ? "valid" : "train";
      assertEquals(selection.splitOf(i), expected);
    }
  }
});

Deno.test("DocumentSelection takes all documents if there is no limit", () => {
  const selection = new DocumentSelection({
    documents: 3,
    maxDocuments: null,
    heldOut: 0,
    split: "valid",
    seed: 0,
  });
  assertEquals([0, 1, 2].map((i) => selection.splitOf(i)), [
    "valid",
    "valid",
    "valid",
  ]);
});

Deno.test("DocumentSelection refuses more documents than it can number", () => {
  const options = {
    maxDocuments: null,
    heldOut: 0,
    split: "train" as const,
    seed: 0,
  };
  assertThrows(
    () => new DocumentSelection({ documents: 2 ** 32, ...options }),
    UserError,
    "fewer than 2^32 documents: got 4294967296",
  );
});
