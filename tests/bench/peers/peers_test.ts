import { assertEquals, assertRejects } from "@std/assert";
import { NumPy } from "../../../src/bench/peers/numpy.ts";
import { benchTorch } from "../../../src/bench/peers/torch.ts";
import { UserError } from "../../../src/errors.ts";
import { withPython } from "../_stub.ts";

const product = { layout: "NT", M: 2, N: 3, K: 4 } as const;

const sizes = {
  layers: 2,
  width: 64,
  heads: 2,
  sequenceLength: 32,
  batchSize: 4,
  accumulation: 2,
  vocabSize: 512,
};

Deno.test("NumPy.start() returns undefined without Python or without NumPy", async () => {
  await withPython(null, async () => {
    assertEquals(await NumPy.start(), undefined);
  });
  await withPython("exit 1", async () => {
    assertEquals(await NumPy.start(), undefined);
  });
});

Deno.test("NumPy sends one product per line and reads both times", async () => {
  const script =
    `echo '"stub '$OPENBLAS_NUM_THREADS'"'; read line; echo "$line" >"$(dirname "$0")/asked"
echo 0.5 0.25; cat >/dev/null`;
  await withPython(script, async (folder) => {
    const numpy = (await NumPy.start(1))!;
    try {
      assertEquals(numpy.name, "stub 1");
      assertEquals(await numpy.time(product, 0.1), { wall: 0.5, cpu: 0.25 });
    } finally {
      await numpy.close();
    }
    const asked = await Deno.readTextFile(`${folder}/asked`);
    assertEquals(asked, "NT 2 3 4 0.1\n");
  });
});

Deno.test("NumPy.time() throws if the process has ended", async () => {
  await withPython(`echo '"stub"'; read line`, async () => {
    const numpy = (await NumPy.start())!;
    await assertRejects(() => numpy.time(product, 0.1), Error, "ended while");
    await numpy.close();
  });
});

Deno.test("benchTorch() passes the sizes on and parses the last line", async () => {
  const script =
    `echo "$@" >"$(dirname "$0")/asked"; echo noise; echo '{"tokens_per_s": 7}'`;
  await withPython(script, async (folder) => {
    const row = await benchTorch("peer.py", sizes, "tf32", 3);
    assertEquals(row.tokens_per_s, 7);
    assertEquals(
      await Deno.readTextFile(`${folder}/asked`),
      "peer.py --layers 2 --width 64 --heads 2 --vocab 512 --context 32 --batch 4 --accumulate 2 --precision tf32 --attention sdpa --steps 3 --warmup 2\n",
    );
  });
});

Deno.test("benchTorch() says why it has no result", async () => {
  const run = () => benchTorch("peer.py", sizes, "fp32", 3);
  await withPython(
    "echo Traceback >&2; echo no torch >&2; exit 1",
    async () => {
      await assertRejects(run, UserError, "Cannot run PyTorch: no torch");
    },
  );
  await withPython("echo hello", async () => {
    await assertRejects(run, UserError, "must be JSON: got 'hello'");
  });
  await withPython(null, async () => {
    await assertRejects(run, UserError, "does not start");
  });
});
