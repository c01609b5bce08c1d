import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { STAGES } from "../../scripts/gpu_check_stages.ts";
import { ratioTable } from "../../scripts/gpu_check_tables.ts";
import { withPython } from "./_stub.ts";

const path = (name: string) =>
  fileURLToPath(new URL(`../../${name}`, import.meta.url));
const FIXTURE = path("tests/golden/st_default_nonorm");

/** Runs gpu_check with results in `out`. */
async function check(
  out: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", path("scripts/gpu_check.ts"), "--small", ...args],
    env: { ...env, OUT: out },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const resultIn = async (out: string) =>
  JSON.parse(await Deno.readTextFile(`${out}/gpu_check.json`));

Deno.test("gpu_check continues after a failing fixture, and exits with 1", async () => {
  const top = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${top}/golden/broken`, { recursive: true });
    await Deno.symlink(FIXTURE, `${top}/golden/whole`, { type: "dir" });
    const { code, out, err } = await check(
      `${top}/out`,
      ["--torch", `${top}/none.py`],
      { GOLDEN: `${top}/golden`, PYTHON: `${top}/none` },
    );
    assertEquals(code, 1, err);
    assertStringIncludes(err, "PyTorch is not compared");
    const result = await resultIn(`${top}/out`);
    assertEquals(
      result.golden.map((row: { fixture: string; verdict: string }) => [
        row.fixture,
        row.verdict,
      ]),
      [["broken", "fails"], ["whole", "holds"]],
    );
    assertEquals(result.failures, []);
    assertEquals(result.steps[0].precision, "fp32");
    assertEquals(typeof result.steps[0].tokens_per_second, "number");
    // Each stage was measured, or says why it was not.
    assertEquals(
      result.seconds.map((s: { stage: string }) => s.stage),
      STAGES.map((s) => s.name),
    );
    const absent = result.absent.map((a: { stage: string }) => a.stage);
    for (const stage of ["torch-fp16", "cublas", "torch-fp32"]) {
      assert(absent.includes(stage), `${stage} is absent`);
    }
    for (const stage of ["machine", "step-fp32", "products-fp32", "parity"]) {
      assert(!absent.includes(stage), `${stage} is there`);
    }
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

Deno.test("gpu_check ends a stage that takes too long, and keeps what it had", async () => {
  await withPython("exec sleep 60", async (folder) => {
    const { code, err } = await check(folder, [
      "--only=torch-fp16,torch-fp32",
      "--seconds=2",
      "--torch",
      `${folder}/python`,
    ]);
    assertEquals(code, 1, err);
    const { failures, absent } = await resultIn(folder);
    assertEquals(failures.map((f: { stage: string }) => f.stage), [
      "torch-fp16",
    ]);
    assertStringIncludes(failures[0].message, "took longer than 2");
    assertEquals(absent.map((f: { stage: string }) => f.stage), ["torch-fp32"]);
  });
  const out = await Deno.makeTempDir();
  try {
    const { code } = await check(out, ["--only=parity", "--seconds=2"], {
      GOLDEN: path("tests/golden"),
    });
    assertEquals(code, 1);
    const { failures } = await resultIn(out);
    assertEquals(failures, [{
      stage: "parity",
      message: "it took longer than 2 s",
    }]);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("gpu_check passes PyTorch's rates on, and refuses unknown stages", async () => {
  // One script plays both peers: the first of its arguments is their script's.
  const script = `case "$1" in
*cublas.py) shift; echo "$@" >"$(dirname "$0")/asked"
  echo '{"rows": [{"layout": "NN", "M": 1, "N": 2, "K": 3, "fp32": 4, "fp16": 5}], "copy_gbytes": 6}';;
*) echo '{"peer": "stub", "device": "none", "precision": "fp16", "attention": "eager", "tokens_per_s": 7, "ms_per_step": 8, "peak_gb": 1}';;
esac`;
  await withPython(script, async (folder) => {
    const { code, out, err } = await check(folder, [
      "--only=cublas,torch-fp16",
      "--torch",
      `${folder}/python`,
    ]);
    assertEquals(code, 0, err);
    const { torch, cublas } = await resultIn(folder);
    assertEquals([torch[0].tokens_per_s, cublas.copy_gbytes], [7, 6]);
    assertStringIncludes(out, "stub fp16 eager on none");
    const asked = await Deno.readTextFile(`${folder}/asked`);
    assertStringIncludes(asked, "NN:128x128x128 NT:128x128x128");
  });
  const { code, err } = await check("none", ["--only=steps"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "got 'steps'");
  for (const word of ["--onyl=parity", "parity"]) {
    const { code, err } = await check("none", [word]);
    assertEquals(code, 2);
    assertStringIncludes(err, `Cannot read '${word}'`);
  }
});

Deno.test("ratioTable() compares steps and products with each peer", () => {
  const product = { layout: "NN", M: 1, N: 2, K: 3 } as const;
  const other = { layout: "NT", M: 1, N: 2, K: 3 } as const;
  const ours = (
    p: typeof product | typeof other,
    gflops: number,
    dtype: "f32" | "f16" = "f32",
  ) => ({
    ...p,
    dtype,
    variant: "any",
    gflops,
    best: gflops,
    cpu: null,
    peer: null,
  });
  const row = {
    peer: "torch",
    device: "gpu",
    attention: "eager",
    ms_per_step: 1,
    peak_gb: null,
    params: 1,
  };
  const { rows } = ratioTable({
    golden: [],
    kernels: [],
    choices: {},
    absent: [],
    failures: [],
    seconds: {},
    products: [
      ours(product, 20_000),
      ours(other, 5000),
      ours(other, 40_000, "f16"),
    ],
    cublas: {
      rows: [
        { ...product, fp32: 40, fp16: 400 },
        { ...other, fp32: 40, fp16: 400 },
      ],
      copy_gbytes: 1,
    },
    steps: [{ precision: "fp32", tokensPerSecond: 30 } as never],
    torch: [
      { ...row, precision: "fp16", tokens_per_s: 60 },
      { ...row, precision: "fp32", tokens_per_s: 20 },
    ],
  });
  assertEquals(rows.map((cells) => [cells[0], cells[3]]), [
    ["step fp32 of PyTorch fp16 eager", "0.500"],
    ["step fp32 of PyTorch fp32 eager", "1.50"],
    ["product fp32 NN 1x2x3 of cuBLAS", "0.500"],
    ["product fp32 NT 1x2x3 of cuBLAS", "0.125"],
    ["products fp32, geometric mean", "0.250"],
    ["product fp16 NT 1x2x3 of cuBLAS", "0.100"],
    ["products fp16, geometric mean", "0.100"],
  ]);
});
