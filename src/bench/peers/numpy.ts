/**
 * NumPy's matrix product as a peer of kernels that run on the same cores: a
 * process that times one product per request, between rounds of ours.
 * @module
 */
import type { Layout } from "../../graph/ops/matmul/matmul_kernels.ts";
import { python } from "./python.ts";

/** Layout and shape of a matrix product, row-major f32; see `MatmulSpec`. */
export interface Product {
  layout: Layout;
  M: number;
  N: number;
  K: number;
}

const SCRIPT = `
import json, sys, time
import numpy as np
try:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    name = blas["name"] + " " + blas["version"]
except Exception:
    name = "unknown BLAS"
print(json.dumps("numpy " + np.__version__ + ", " + name), flush=True)
matrices = {}
def matrix(rows, columns):
    key = rows, columns
    if key not in matrices:
        matrices[key] = np.random.default_rng(0).standard_normal(key, dtype=np.float32)
    return matrices[key]
for line in sys.stdin:
    layout, m, n, k, seconds = line.split()
    m, n, k, seconds = int(m), int(n), int(k), float(seconds)
    a = matrix(k, m).T if layout[0] == "T" else matrix(m, k)
    b = matrix(n, k).T if layout[1] == "T" else matrix(k, n)
    out = np.empty((m, n), np.float32)
    np.matmul(a, b, out=out)
    count, start, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        np.matmul(a, b, out=out)
        count += 1
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(wall / count, cpu / count, flush=True)
`;

/**
 * OpenBLAS' threads keep spinning for about this many milliseconds after a
 * product.
 */
const SPIN = 60;

/**
 * Environment variables that limit the threads of any BLAS that NumPy may use.
 */
const limited = (threads: number) =>
  Object.fromEntries(
    ["OPENBLAS", "MKL", "OMP", "VECLIB"].map((
      name,
    ) => [
      `${name}_${name === "VECLIB" ? "MAXIMUM" : "NUM"}_THREADS`,
      `${threads}`,
    ]),
  );

/** A running NumPy process. */
export class NumPy {
  /** Versions of NumPy and of its BLAS. */
  readonly name: string;
  readonly #process: Deno.ChildProcess;
  readonly #in: WritableStreamDefaultWriter<Uint8Array>;
  readonly #out: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(
    process: Deno.ChildProcess,
    out: ReadableStreamDefaultReader<string>,
    name: string,
    rest: string,
  ) {
    this.#process = process;
    this.#in = process.stdin.getWriter();
    this.#out = out;
    this.name = name;
    this.#rest = rest;
  }

  /**
   * Starts the process.
   *
   * @param threads threads of the BLAS; one per core if absent
   * @returns undefined if there is no Python that can import NumPy
   */
  static async start(threads?: number): Promise<NumPy | undefined> {
    let process: Deno.ChildProcess;
    try {
      process = new Deno.Command(python(), {
        args: ["-c", SCRIPT],
        env: threads === undefined ? {} : limited(threads),
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
    } catch {
      return undefined;
    }
    const out = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const [line, rest] = await readLine(out, "");
    if (line === undefined) {
      await process.stdin.close().catch(() => {});
      await process.status;
      return undefined;
    }
    return new NumPy(process, out, JSON.parse(line), rest);
  }

  /**
   * Times one product, repeated for about `seconds`.
   *
   * @returns mean seconds per product: wall time, and CPU time over all threads
   * @throws {Error} if the process has ended
   */
  async time(
    product: Product,
    seconds: number,
  ): Promise<{ wall: number; cpu: number }> {
    const { layout, M, N, K } = product;
    const words = [layout, M, N, K, seconds].join(" ");
    await this.#in.write(new TextEncoder().encode(`${words}\n`));
    const [line, rest] = await readLine(this.#out, this.#rest);
    this.#rest = rest;
    if (line === undefined) {
      throw new Error("NumPy ended while it was timed");
    }
    await new Promise((resolve) => setTimeout(resolve, SPIN));
    const [wall, cpu] = line.split(" ").map(Number);
    return { wall, cpu };
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#in.close().catch(() => {});
    await this.#out.cancel();
    await this.#process.status;
  }
}

async function readLine(
  from: ReadableStreamDefaultReader<string>,
  rest: string,
): Promise<[string | undefined, string]> {
  while (!rest.includes("\n")) {
    const { value, done } = await from.read();
    if (done) return [undefined, rest];
    rest += value;
  }
  const end = rest.indexOf("\n");
  return [rest.slice(0, end), rest.slice(end + 1)];
}
