import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { fileURLToPath } from "node:url";
import { UserError } from "../../src/errors.ts";
import { openFixture } from "../../src/parity/fixture_files.ts";
import { fixtureTolerances } from "../../src/parity/fixture_tolerances.ts";

const GOLDEN = fileURLToPath(new URL("../golden/", import.meta.url));

Deno.test("every fixture has fp16 tolerances for all that is compared", () => {
  for (const { name, isDirectory } of Deno.readDirSync(GOLDEN)) {
    if (!isDirectory) continue;
    const path = GOLDEN + name, files = openFixture(path);
    const { expected } = files;
    files.close();
    const updates = expected.trajectory.loss.length;
    for (const residualPrecision of ["fp32", "fp16"] as const) {
      const found = fixtureTolerances(path, expected, {
        precision: "fp16",
        residualPrecision,
      });
      const numbers = [
        found.loss,
        found.element("logits", new Float32Array([0, -1])).absolute,
        found.element("hidden states", new Float32Array([1])).absolute,
        found.trajectory.loss(0),
        found.trajectory.loss(updates),
        found.trajectory.gradNorm(updates - 1),
        found.trajectory.finalNorm,
        ...expected.statistics ? Object.values(found.statistics) : [],
        ...found.end ? [found.end.tolerance] : [],
      ];
      // 0 is no tolerance, and 1 no comparison.
      assert(numbers.every((x) => x > 0 && x < 1), `${name}: ${numbers}`);
      const none = new Float32Array();
      for (const [of, { gets_gradient }] of Object.entries(expected.params)) {
        if (!gets_gradient) continue;
        const { tolerance } = found.gradient(of, none, none);
        // The gain of a matrix that is 0 has a gradient of 0 in any precision.
        assert(tolerance > 0 || of.endsWith(".resid_gain"), `${name}: ${of}`);
      }
      assertEquals(found.end !== undefined, name.endsWith("_long"), name);
    }
  }
});

Deno.test("a gradient in fp16 may be as far off as the norm of the error", () => {
  const path = `${GOLDEN}nf_gpt`, files = openFixture(path);
  const { expected } = files;
  files.close();
  const name = "decoder.layers.1.fc1.bias";
  const got = new Float32Array([1, 2, NaN]), want = new Float32Array([4, 6, 8]);
  const half = fixtureTolerances(path, expected, { precision: "fp16" });
  const single = fixtureTolerances(path, expected, {});
  const first = (values: Float32Array) => values.subarray(0, 2);
  assertEquals(half.gradient(name, first(got), first(want)).error, 5);
  assertEquals(half.gradient(name, got, want).error, Infinity);
  const { error, tolerance } = single.gradient(name, first(got), first(want));
  assertEquals(error, 4);
  assertAlmostEquals(tolerance, 3e-3 + 2e-6, 1e-12);
});

Deno.test("a fixture without fp16 tolerances is refused in fp16 alone", async () => {
  const folder = await Deno.makeTempDir();
  const files = openFixture(`${GOLDEN}nf_gpt`), { expected } = files;
  files.close();
  const refused = (text: string) =>
    assertThrows(
      () => fixtureTolerances(`${folder}/own`, expected, { precision: "fp16" }),
      UserError,
      text,
    );
  try {
    fixtureTolerances(`${folder}/own`, expected, {});
    refused("fp16_tolerances.json' cannot be read");
    await Deno.writeTextFile(`${folder}/fp16_tolerances.json`, "{}");
    refused("has no tolerances for it: compare it in fp32");
    await Deno.writeTextFile(`${folder}/fp16_tolerances.json`, "{");
    refused("as it must be JSON");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
