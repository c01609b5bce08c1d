import { assert, assertEquals, assertRejects } from "@std/assert";
import { NumPy } from "../../../src/bench/peers/numpy.ts";
import { PeerMissing } from "../../../src/bench/peers/python.ts";
import { benchCublas, benchTorch } from "../../../src/bench/peers/torch.ts";
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
    const row = await benchTorch("peer.py", sizes, {
      precision: "tf32",
      attention: "sdpa",
      steps: 3,
      seconds: 10,
    });
    assertEquals(row.tokens_per_s, 7);
    assertEquals(
      await Deno.readTextFile(`${folder}/asked`),
      "peer.py --layers 2 --width 64 --heads 2 --vocab 512 --context 32 --batch 4 --accumulate 2 --precision tf32 --attention sdpa --steps 3 --warmup 2\n",
    );
  });
});

Deno.test("benchTorch() says why it has no result", async () => {
  const run = (seconds = 10) =>
    benchTorch("peer.py", sizes, {
      precision: "fp16",
      attention: "eager",
      steps: 3,
      seconds,
    });
  await withPython("echo Traceback >&2; echo broken >&2; exit 1", async () => {
    const error = await assertRejects(run, UserError, "PyTorch: broken");
    assert(!(error instanceof PeerMissing));
  });
  await withPython("exec sleep 60", async () => {
    await assertRejects(() => run(0.1), UserError, "took longer than 0.1 s");
  });
  await withPython("echo No module named torch >&2; exit 1", async () => {
    await assertRejects(run, PeerMissing, "No module named torch");
  });
  await withPython("echo hello", async () => {
    await assertRejects(run, UserError, "must be JSON: got 'hello'");
  });
  await withPython(null, async () => {
    await assertRejects(run, PeerMissing, "does not start");
  });
});

Deno.test("benchCublas() names each product, and parses the rates", async () => {
  const rates = {
    rows: [{ ...product, fp32: 40.5, fp16: 400 }],
    copy_gbytes: 4240,
  };
  const script = `echo "$@" >"$(dirname "$0")/asked"; echo '${
    JSON.stringify(rates)
  }'`;
  await withPython(script, async (folder) => {
    assertEquals(await benchCublas("peer.py", [product], 10), rates);
    assertEquals(
      await Deno.readTextFile(`${folder}/asked`),
      "peer.py NT:2x3x4\n",
    );
  });
});
