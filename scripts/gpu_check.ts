/**
 * Checks and times this version on the GPU of a machine without network:
 *
 *     deno run -A scripts/gpu_check.ts [--only <stage,...>] [--small]
 *         [--torch <script>] [--seconds <n>]
 *
 * Stages, in the order in which they are wanted: `torch-fp16` (PyTorch's eager
 * GPT-2, if its script exists), `machine` (the adapter and its peak),
 * `step-fp32`, `step-fp16` (training steps of 18 layers), `kernels-fp32`,
 * `kernels-fp16` (the kernels in them), `products-fp32`, `cublas` (the same
 * matrix products by this program and by cuBLAS), `torch-fp32`, `products-fp16`
 * (stored in f16) and `parity` (all golden fixtures). Each has its own time
 * limit, and runs in its own process: one that fails or hangs takes no other
 * along. What the machine or this version lacks is said, and is no failure. All
 * stages together take at most `--seconds` (480).
 *
 * Prints tables that end with the ratios to the peers, and writes them to
 * gpu_check.md and gpu_check.json after each stage. The exit code is 1 if a
 * stage fails or a fixture does not hold.
 *
 * Environment: GOLDEN is the folder of fixtures (default tests/golden), OUT the
 * folder for results (default dist), PYTHON the interpreter that runs PyTorch.
 * @module
 */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { parseArgs } from "@std/cli/parse-args";
import { asMarkdown, asText, PeerMissing, toJson } from "../src/bench/mod.ts";
import {
  Absent,
  type Context,
  firstLine,
  type Part,
  type Result,
  type Stage,
  STAGES,
} from "./gpu_check_stages.ts";
import { tablesOf } from "./gpu_check_tables.ts";

/** What a stage in its own process reads from its input. */
type Given = Pick<Context, "choices" | "products">;

const flags = {
  boolean: ["small"],
  string: ["torch", "only", "seconds", "stage"],
  default: { torch: ".gpu/bench/torch_gpt2.py", seconds: "480" },
} as const;

if (import.meta.main) {
  const options = parseArgs(Deno.args, { ...flags, unknown: refuse });
  if (options.stage !== undefined) await runApart(options);
  else Deno.exit(await main(options));
}

/** A slip must not cost a run of all stages. */
function refuse(word: string): never {
  console.error(
    `Cannot read '${word}' as it must be one of --only, --small, --torch, --seconds`,
  );
  Deno.exit(2);
}

type Options = {
  small: boolean;
  torch: string;
  only?: string | undefined;
  seconds: string;
  stage?: string | undefined;
};

async function main(options: Options): Promise<number> {
  const stages = stagesOf(options.only);
  if (typeof stages === "string") {
    console.error(stages);
    return 2;
  }
  const out = Deno.env.get("OUT") || "dist";
  const result: Result = {
    golden: [],
    products: [],
    steps: [],
    kernels: [],
    torch: [],
    choices: {},
    absent: [],
    failures: [],
    seconds: {},
  };
  Deno.mkdirSync(out, { recursive: true });
  const save = () => {
    const choices = Object.entries(result.choices)
      .map(([product, kernel]) => ({ product, kernel }));
    const stages = Object.entries(result.seconds)
      .map(([stage, seconds]) => ({ stage, seconds }));
    const data = { ...result, choices, seconds: stages };
    Deno.writeTextFileSync(join(out, "gpu_check.json"), toJson(data));
    const text = tablesOf(result).map(asMarkdown).join("\n");
    Deno.writeTextFileSync(join(out, "gpu_check.md"), text);
  };
  const until = performance.now() + 1e3 * Number(options.seconds);
  for (const stage of stages) {
    const from = performance.now();
    const seconds = Math.min(stage.seconds, (until - from) / 1e3);
    if (seconds > 1) await run(stage, seconds, options, result);
    else {
      const why = `the ${options.seconds} s of --seconds are over`;
      result.absent.push({ stage: stage.name, why });
    }
    result.seconds[stage.name] = (performance.now() - from) / 1e3;
    const absent = result.absent.find((a) => a.stage === stage.name);
    if (absent) console.error(`${stage.name} not available: ${absent.why}`);
    const failed = result.failures.filter((f) => f.stage === stage.name);
    for (const { message } of failed) {
      console.error(`${stage.name} FAILED: ${message}`);
    }
    console.error(
      `${stage.name}: ${result.seconds[stage.name].toFixed(1)} s`,
    );
    save();
  }
  console.log(tablesOf(result).map(asText).join("\n"));
  console.log(`results are in ${join(out, "gpu_check.md")} and .json`);
  return holds(result, stages.some((s) => s.name === "parity")) ? 0 : 1;
}

/** The stages of a comma-separated list, in their order; or what is wrong. */
function stagesOf(list: string | undefined): readonly Stage[] | string {
  if (list === undefined) return STAGES;
  const wanted = list.split(",").map((word) => word.trim());
  const unknown = wanted.find((w) => !STAGES.some((s) => s.name === w));
  return unknown === undefined
    ? STAGES.filter((s) => wanted.includes(s.name))
    : `Cannot read '--only' as it must name some of ${
      STAGES.map((s) => s.name).join(", ")
    }: got '${unknown}'`;
}

/** Runs one stage; whatever happens to it becomes a part of the results. */
async function run(
  stage: Stage,
  seconds: number,
  options: Options,
  result: Result,
): Promise<void> {
  const emit = (part: Part) => merge(result, part);
  const { choices, products } = result;
  if (stage.apart) {
    await spawn(stage.name, seconds, options, { choices, products }, emit);
  } else {await guard(
      stage,
      contextOf(options, { choices, products }, emit, seconds),
    );}
}

/** Runs a stage and reports what it throws. */
async function guard(stage: Stage, context: Context): Promise<void> {
  try {
    await stage.run(context);
  } catch (error) {
    const message = firstLine(error);
    context.emit(
      error instanceof Absent || error instanceof PeerMissing
        ? { absent: [{ stage: stage.name, why: message }] }
        : { failures: [{ stage: stage.name, message }] },
    );
  }
}

function contextOf(
  { small, torch }: Options,
  given: Given,
  emit: Context["emit"],
  seconds: number,
): Context {
  const golden = Deno.env.get("GOLDEN") || "tests/golden";
  return { ...given, small, torch, seconds, golden, emit };
}

/** Runs a stage in a new process, which is killed when its time is over. */
async function spawn(
  name: string,
  seconds: number,
  { small, torch }: Options,
  given: Given,
  emit: Context["emit"],
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      import.meta.filename!,
      "--stage",
      name,
      "--torch",
      torch,
      ...small ? ["--small"] : [],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, 1e3 * seconds);
  const input = child.stdin.getWriter();
  // A process that ends at once reads nothing.
  await input.write(new TextEncoder().encode(JSON.stringify(given)))
    .then(() => input.close()).catch(() => {});
  for await (
    const line of createInterface({ input: Readable.fromWeb(child.stdout) })
  ) {
    if (line.startsWith("{")) emit(JSON.parse(line));
  }
  const { success, code, signal } = await child.status;
  clearTimeout(timer);
  if (success) return;
  const message = late
    ? `it took longer than ${seconds.toFixed(0)} s`
    : `its process ended with ${signal ?? `exit code ${code}`}`;
  emit({ failures: [{ stage: name, message }] });
}

/** The other side of {@linkcode spawn}: prints each part as a line of JSON. */
async function runApart(options: Options): Promise<void> {
  const stage = STAGES.find((s) => s.name === options.stage)!;
  const given: Given = await new Response(Deno.stdin.readable).json();
  const emit = (part: Part) => console.log(JSON.stringify(part));
  await guard(stage, contextOf(options, given, emit, stage.seconds));
  Deno.exit(0);
}

/** Appends a part's lists to the results, and sets everything else. */
function merge(result: Result, part: Part): void {
  for (const [key, value] of Object.entries(part)) {
    const known = result[key as keyof Result];
    if (Array.isArray(known)) known.push(...value as never[]);
    else Object.assign(result, { [key]: value });
  }
}

/**
 * Whether no stage failed and, where parity was asked for, there are fixtures
 * and all of them hold.
 */
export function holds(
  { golden, failures }: Pick<Result, "golden" | "failures">,
  parity = true,
): boolean {
  return failures.length === 0 &&
    golden.every((row) => row.verdict === "holds") &&
    (!parity || golden.length > 0);
}
