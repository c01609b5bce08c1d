import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(
  new URL("../../scripts/gpu_check.ts", import.meta.url),
);
const FIXTURE = fileURLToPath(
  new URL("../golden/st_default_nonorm", import.meta.url),
);

Deno.test("gpu_check continues after a failing fixture, and exits with 1", async () => {
  const top = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${top}/golden/broken`, { recursive: true });
    await Deno.symlink(FIXTURE, `${top}/golden/whole`, { type: "dir" });
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", script, "--small", "--torch", `${top}/none.py`],
      env: { GOLDEN: `${top}/golden`, OUT: `${top}/out` },
    }).output();
    const out = new TextDecoder().decode(stdout);
    const err = new TextDecoder().decode(stderr);
    assertEquals(code, 1, err);
    assertStringIncludes(err, "PyTorch is not compared");
    const result = JSON.parse(
      await Deno.readTextFile(`${top}/out/gpu_check.json`),
    );
    assertEquals(
      result.golden.map((row: { fixture: string; verdict: string }) => [
        row.fixture,
        row.verdict,
      ]),
      [["broken", "fails"], ["whole", "holds"]],
    );
    assertEquals(result.failures, []);
    assertEquals(result.steps.length, 2);
    assertEquals(typeof result.steps[0].tokens_per_second, "number");
    const markdown = await Deno.readTextFile(`${top}/out/gpu_check.md`);
    for (
      const title of ["Golden fixtures", "Matrix products", "Training steps"]
    ) {
      assertStringIncludes(markdown, `## ${title}`);
      assertStringIncludes(out, title);
    }
  } finally {
    await Deno.remove(top, { recursive: true });
  }
});
