import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../src/errors.ts";
import { formatRunTable } from "../../src/report/table.ts";
import { readRuns } from "../../src/run_folder/read_run.ts";
import { lines, place, records, write } from "../helpers/report_runs.ts";

const silent = () => {};

/** Reads runs, and what was said meanwhile. */
function read(dirs: string[]) {
  const said: string[] = [];
  return { runs: readRuns(dirs, (line) => said.push(line)), said };
}

Deno.test("readRuns() sums up a run", () => {
  using folder = place();
  const { runs: [run], said } = read([write(folder.at("a"))]);
  assertEquals(said, []);
  assertEquals(run.label, "a");
  assertEquals(run.model, "pre-norm 2 × 64");
  assertEquals(run.parameters, 123_456);
  assertEquals(run.flopsPerStep, 2e9);
  assertEquals(run.peakMemory, 5_000_000);
  assertEquals(run.tokensPerSecond, 1024);
  assertEquals(run.steps, 40);
  assertEquals(run.seconds, 20);
  assertEquals(run.trainLoss, 3.05);
  assertEquals(run.evalLoss, 3.025);
});

Deno.test("formatRunTable() shows what is not known as a dash", () => {
  using folder = place();
  const { runs, said } = read([
    write(folder.at("whole")),
    write(folder.at("bare"), {
      info: null,
      metrics: lines([{ step: 3, loss: 5 }]),
    }),
  ]);
  const [head, whole, bare] = formatRunTable(runs);
  assertEquals(head.split(/ {2,}/).length, 10);
  assertEquals(
    whole.split(/ {2,}/).slice(2).join(" "),
    "123.5k 2.00e+9 5.0 MB 1.0k 40 20s 3.0500 3.0250",
  );
  assertEquals(bare.split(/ {2,}/).slice(2).join(" "), "– – – – 3 – 5.0000 –");
  assertEquals(said.length, 1);
  assertEquals(
    said[0].endsWith("run.json' cannot be read: the run's cost is left out"),
    true,
  );
});

Deno.test("readRuns() describes models", () => {
  using folder = place();
  const words = (name: string, model: Record<string, unknown>) => {
    const config = `model:\n${
      Object.entries(model).map(([k, v]) => `  ${k}: ${v}\n`).join("")
    }`;
    return read([write(folder.at(name), { config })]).runs[0].model;
  };
  const gpt2 = { name: "gpt2", n_layer: 3, n_embd: 8, norm_type: "ln" };
  assertEquals(
    words("a", { ...gpt2, norm_position: "post" }),
    "post-norm 3 × 8",
  );
  assertEquals(
    words("b", { ...gpt2, attn_block_skip_gain: 0 }),
    "skipless 3 × 8",
  );
  assertEquals(
    words("c", {
      ...gpt2,
      parallel_layers: true,
      attn_block_skip_gain: 0,
      mlp_block_skip_gain: 1,
    }),
    "parallel 3 × 8",
  );
  assertEquals(
    words("d", {
      ...gpt2,
      norm_type: "none",
      parallel_layers: true,
      attn_block_skip_gain: 0,
      mlp_block_skip_gain: 0,
    }),
    "skipless no norm parallel 3 × 8",
  );
  assertEquals(
    words("e", {
      name: "transformer_lm_gpt",
      decoder_layers: 12,
      decoder_embed_dim: 768,
      scale_attn: true,
      scale_fc: true,
      scale_heads: false,
    }),
    "transformer_lm_gpt 12 × 768 + attn, fc scales",
  );
  const broken = read([write(folder.at("f"), { config: "model: [" })]);
  assertEquals(broken.runs[0].model, "?");
  assertEquals(broken.said, [
    `'${
      folder.at("f")
    }/config.yaml' cannot be read: the run's model is left out`,
  ]);
});

Deno.test("readRuns() names runs by their paths where names are the same", () => {
  using folder = place();
  const dirs = [write(folder.at("x", "run")), write(folder.at("y", "run"))];
  assertEquals(read(dirs).runs.map((run) => run.label), dirs);
});

Deno.test("readRuns() skips torn lines and says so", () => {
  using folder = place();
  const whole = lines(records(3));
  const dir = write(folder.at("a"), { metrics: `${whole}{"step":41,"lo` });
  const { runs: [run], said } = read([dir]);
  assertEquals(run.records, records(3) as typeof run.records);
  assertEquals(said, [`skipped 1 torn line of '${dir}/metrics.jsonl'`]);
});

Deno.test("readRuns() passes over what is no run, in one line each", () => {
  using folder = place();
  const at = folder.at, first = write(at("first"));
  Deno.writeTextFileSync(at("notes.txt"), "notes");
  Deno.mkdirSync(at("empty"));
  write(at("sweep", "a"));
  write(at("new"), { metrics: null });
  write(at("odd"), { metrics: null });
  Deno.mkdirSync(at("odd", "metrics.jsonl"));
  Deno.symlinkSync(at("gone"), at("dangling"));
  Deno.symlinkSync(first, at("alias"));
  const dirs = Array.from(Deno.readDirSync(folder.path), ({ name }) => at(name))
    .sort();
  const { runs, said } = read([...dirs, `${first}/.`, at("gone")]);
  assertEquals(runs.map((run) => run.label), ["first"]);
  const why = (name: string, reason: string) =>
    `passed over '${at(name)}' as ${reason}`;
  const folderOfRun = ": give the folder of a run";
  assertEquals(said, [
    why("empty", `it holds no run (there is no 'config.yaml')${folderOfRun}`),
    why("new", "its 'metrics.jsonl' is missing: train it first"),
    why("notes.txt", `it is a file${folderOfRun}`),
    why(
      "odd",
      "'metrics.jsonl' must be a plain file: got a folder; put a file in its place",
    ),
    why("sweep", `it holds runs but is none: give '${at("sweep")}/*'`),
    `passed over '${first}/.' as it is '${first}' again`,
    why("gone", `it does not exist${folderOfRun}`),
    why("alias", `it is '${first}' again`),
    why("dangling", "it does not exist: check the path"),
  ]);
  const none = [at("empty"), at("new")];
  assertEquals(
    assertThrows(() => readRuns(none, silent), UserError).message,
    "Cannot report as none of the 2 paths is the folder of a run with records: give such folders",
  );
});

Deno.test("readRuns() takes records in the order of steps, and no number that cannot be drawn", () => {
  using folder = place();
  const metrics = [
    '{"step":3,"loss":"2","elapsed":1e300}',
    '{"step":2,"loss":2.5,"elapsed":6}',
    '{"step":1,"loss":1e308}',
    '{"step":4,"loss":NaN}',
    '{"step":-1,"loss":-1e-320}',
    "[]\n7\nnull",
  ];
  const dir = write(folder.at("a"), { metrics: metrics.join("\n") });
  const { runs: [run], said } = read([dir]);
  assertEquals(run.records.map((r) => r.step), [-1, 1, 2, 3]);
  assertEquals([run.trainLoss, run.seconds, run.steps], [2.5, 6, 3]);
  assertEquals(said, [`skipped 4 torn lines of '${dir}/metrics.jsonl'`]);
});

Deno.test("readRuns() refuses a single path that is no run, and says why", () => {
  using folder = place();
  const refused = (dirs: string[], message: string) =>
    assertEquals(
      assertThrows(() => readRuns(dirs, silent), UserError).message,
      message,
    );
  const at = folder.at("a");
  refused(
    [],
    "Cannot report as no run is given: run blocksmith report runs/a runs/b",
  );
  refused(
    [at],
    `Cannot report on '${at}' as it does not exist: give the folder of a run`,
  );
  Deno.mkdirSync(at);
  refused(
    [at],
    `Cannot report on '${at}' as it holds no run (there is no 'config.yaml'): give the folder of a run`,
  );
  write(at, { metrics: null });
  refused(
    [at],
    `Cannot report on '${at}' as its 'metrics.jsonl' is missing: train it first`,
  );
  write(at, { metrics: "" });
  refused(
    [at],
    `Cannot report on '${at}' as its 'metrics.jsonl' holds no record: train it first`,
  );
  write(at, { metrics: '{"step":\n' });
  refused(
    [at],
    `Cannot report on '${at}' as its 'metrics.jsonl' holds no complete record: train it first`,
  );
});
