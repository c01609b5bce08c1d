import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  SafetensorsFile,
  writeSafetensors,
} from "../../src/checkpoint/safetensors.ts";
import { validateTensors } from "../../src/checkpoint/validate_tensors.ts";
import { UserError } from "../../src/errors.ts";
import { tempDir } from "../helpers/files.ts";

Deno.test("validateTensors() counts and names what is missing, extra and mis-shaped", async () => {
  using dir = tempDir();
  const path = join(dir.path, "model.safetensors");
  const shapes: Record<string, number[]> = { a: [2, 3], b: [6], c: [], d: [1] };
  await writeSafetensors(
    path,
    Object.entries(shapes)
      .map(([name, shape]) => ({ name, shape, dtype: "U8" })),
    (name) => new Uint8Array(shapes[name].reduce((a, b) => a * b, 1)),
  );
  using file = SafetensorsFile.open(path);
  const expect = (given: Record<string, number[]>) =>
    validateTensors(
      Object.entries(given).map(([name, shape]) => ({ name, shape })),
      file,
    );
  expect(shapes);
  const error = assertThrows(
    () => expect({ a: [3, 2], c: [1], d: [1], e: [1], f: [1], g: [1], h: [1] }),
    UserError,
  ) as UserError;
  assertEquals(
    error.message,
    `Cannot load '${path}' as its tensors must be the model's: ` +
      `4 missing ('e', 'f', 'g', …); 1 extra ('b'); ` +
      `2 mis-shaped ('a' is [2,3], expected [3,2], 'c' is [], expected [1]): ` +
      `use the config it was trained with`,
  );
});
