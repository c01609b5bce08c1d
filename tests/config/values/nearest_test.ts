import { assertEquals } from "@std/assert";
import { editDistance, nearest } from "../../../src/config/values/nearest.ts";

Deno.test("editDistance() counts insertions, deletions, substitutions and swaps", () => {
  assertEquals(editDistance("", "abc"), 3);
  assertEquals(editDistance("kitten", "sitting"), 3);
  assertEquals(editDistance("modle", "model"), 1);
  assertEquals(editDistance("same", "same"), 0);
});

Deno.test("nearest() finds mistyped, misplaced and bare names", () => {
  const known = ["seed", "model.n_layer", "model.n_head", "train.eval_steps"];
  assertEquals(nearest("model.n_layr", known), "model.n_layer");
  assertEquals(nearest("n_head", known), "model.n_head");
  assertEquals(nearest("model.eval_step", known), "train.eval_steps");
  assertEquals(nearest("sed", known), "seed");
});

Deno.test("nearest() takes the first of equals", () => {
  assertEquals(nearest("c", ["a", "b"]), "a");
});

Deno.test("nearest() takes capitals for small letters", () => {
  assertEquals(nearest("MODEL", ["run", "model"]), "model");
  assertEquals(nearest("a.txt", ["B.TXT", "A.TXT"]), "A.TXT");
});
