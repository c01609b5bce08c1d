import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  below,
  close,
  findings,
  slower,
  spread,
} from "../../scripts/_reproduction_claims.ts";
import {
  layerRows,
  lossRows,
  renderPage,
  type Study,
} from "../../scripts/_reproduction_page.ts";
import {
  byLayer,
  folderOf,
  gradients,
  kurtosis,
  lossOf,
  runsOf,
  trainArguments,
  VARIANTS,
} from "../../scripts/_reproduction_runs.ts";
import { configFromArgs } from "../../src/cli/inputs/config_args.ts";
import type { LoggedRun } from "../../src/run_folder/read_run.ts";

const SIZES = {
  layers: 3,
  width: 32,
  heads: 4,
  context: 16,
  batch: 2,
  steps: 30,
  lr: 1e-3,
};

/**
 * A run of 30 steps with reports at 15, 24 and 30; with `loss` null, one that
 * stopped.
 */
function stored(
  key: string,
  seed: number,
  loss: number | null,
  first: number,
  peak = 1,
): LoggedRun {
  const report = (step: number, by: number) => ({
    step,
    "grad_norm.0": first * by,
    "grad_norm.1": 1,
    "grad_norm.2": 1,
    "grad_norm.0.fc2": first / 2,
    "hidden_states.0.kurtosis": 99,
    "hidden_states.1.kurtosis": peak * by,
    "hidden_states.2.kurtosis": 2 * peak * by,
    "hidden_states.3.kurtosis": 98,
  });
  return {
    label: folderOf(key, seed),
    model: "",
    parameters: key.startsWith("skipless") ? 900 : 1000,
    flopsPerStep: null,
    peakMemory: null,
    tokensPerSecond: 1000 + seed,
    steps: 30,
    seconds: 1,
    trainLoss: null,
    evalLoss: loss,
    records: [
      { step: 15, eval_loss: 5 },
      report(15, 1000),
      report(24, 0.5),
      report(30, 1.5),
      { step: 30, eval_loss: loss },
    ],
  };
}

const RUNS = [
  stored("fairseq-pre-ln", 0, 3.02, 4),
  stored("fairseq-pre-ln", 1, 3.04, 4),
  stored("normformer", 0, 2.9, 0.5),
  stored("normformer", 1, 3.03, 0.5),
  stored("pre-ln", 0, 2.5, 1, 30),
  stored("pre-ln", 1, 2.52, 1, 30),
  stored("op", 0, 2.52, 1, 1),
  stored("op", 1, 2.53, 1, 1),
  stored("op-no-qk-norm", 0, null, 1),
  stored("op-no-qk-norm", 1, 4, 1),
  stored("skipless", 0, 2.9, 1),
  stored("skipless", 1, 2.9, 1),
];

const STUDY: Study = {
  sizes: SIZES,
  seeds: 2,
  command: "deno run -A scripts/reproduce.ts --steps 30",
  text: "some text",
  machine: {
    adapter: "an adapter",
    driver: "a driver",
    cpu: "a processor",
    cores: 2,
    load: 0.5,
    date: "2026-01-02T03:04:05Z",
    commit: "abcdef",
  },
  seconds: 61,
};

Deno.test("below() decides only if the seeds do not overlap", () => {
  assertEquals(below([1, 2], [3, 4]), "seen");
  assertEquals(below([3, 4], [1, 2]), "the opposite");
  assertEquals(below([1, 3], [2, 4]), "undecided");
  assertEquals(below([1, 2], [2, 3]), "undecided");
  assertEquals(below([1], [2]), "undecided (one seed)");
  assertEquals(below([], [2, 3]), "not measured");
});

Deno.test("close() allows a hundredth above, and anything below", () => {
  assertEquals(close([2.02, 2.02], [2, 2.01]), "seen");
  assertEquals(close([2.05], [2]), "not seen");
  assertEquals(close([1], [2]), "seen");
  assertEquals(close([1], []), "not measured");
});

Deno.test("slower() decides nothing if one block's speeds differ", () => {
  assertEquals(slower([100, 105], [200, 201]), "seen");
  assertEquals(slower([100, 115], [200, 201]), "undecided (unsteady)");
  assertEquals(slower([100, 101], [200, 230]), "undecided (unsteady)");
});

Deno.test("spread() shows the mean and the range", () => {
  assertEquals(spread([1, 2]), "1.500 (1.000 to 2.000)");
  assertEquals(spread([1]), "1.000");
  assertEquals(spread([]), "–");
});

Deno.test("runsOf() takes a variant's runs and not those of a longer name", () => {
  assertEquals(runsOf(RUNS, "op").map(({ label }) => label), [
    "op-seed-0",
    "op-seed-1",
  ]);
});

Deno.test("lossOf() takes only the last step's evaluation", () => {
  assertEquals(lossOf(RUNS[0], 30), 3.02);
  assertEquals(lossOf(RUNS[8], 30), null);
  assertEquals(lossOf(RUNS[0], 40), null);
});

Deno.test("byLayer() averages the reports of the last third", () => {
  assertEquals(gradients(RUNS[0]), [4, 1, 1]);
  assertEquals(gradients(RUNS[0], "fc2"), [2]);
  assertEquals(byLayer(RUNS[0], (i) => `nothing.${i}`), []);
});

Deno.test("kurtosis() omits the embedding and the final norm", () => {
  assertEquals(kurtosis(RUNS[4]), [30, 60]);
});

Deno.test("lossRows() shows means, seeds and runs that stopped", () => {
  const rows = lossRows(RUNS, 30);
  assertEquals(rows.map(([key]) => key), [
    "pre-ln",
    "skipless",
    "op",
    "op-no-qk-norm",
    "fairseq-pre-ln",
    "normformer",
  ]);
  assertEquals(rows[0].slice(2, 4), ["2.5100", "2.5000, 2.5200"]);
  assertEquals(rows[3].slice(2, 4), ["4.0000", "1 of 2 not finite"]);
});

Deno.test("layerRows() averages over seeds", () => {
  const [row, ...more] = layerRows(
    [stored("op", 0, 1, 2), stored("op", 1, 1, 4)],
    ["op", "pre-ln"],
    gradients,
  );
  assertEquals(row, ["op", "3.000", "1.000", "1.000"]);
  assertEquals(more, []);
});

Deno.test("findings() reads each claim off the runs", () => {
  const found = findings(RUNS, 30);
  const verdict = (words: string) => {
    const all = found.filter(({ claim }) => claim.includes(words));
    assertEquals(all.length, 1, words);
    return all[0].verdict;
  };
  assertEquals(verdict("NormFormer reaches a lower loss"), "undecided");
  assertEquals(verdict("the first layer's gradient is larger"), "seen");
  // Ratios 4 to 1, and 1 to 0.5.
  assertEquals(verdict("differ less in gradient norm"), "seen");
  assertEquals(verdict("without heads is worse"), "not measured");
  assertEquals(verdict("(SAS) keep Pre-LN's loss"), "not seen");
  assertEquals(verdict("OP keeps Pre-LN's loss"), "seen");
  assertEquals(verdict("OP's kurtosis is below"), "seen");
  assertEquals(verdict("an order of magnitude"), "seen");
  assertEquals(verdict("SAS has fewer parameters"), "seen");
  assertEquals(verdict("without QK-norm"), "seen in part");
  assertEquals(
    found.find(({ claim }) => claim.includes("fewer parameters"))?.here,
    "10.0 % fewer",
  );
});

Deno.test("renderPage() contains the study's facts and every table", () => {
  const page = renderPage(STUDY, RUNS);
  for (
    const part of [
      "load 0.5 before",
      "commit abcdef",
      "`deno run -A scripts/reproduce.ts --steps 30`",
      "| fairseq-pre-ln | 4.000 | 1.000 | 1.000 |",
      "| pre-ln | 30.000 | 60.000 |",
      "960 tokens",
      "2 seeds",
    ]
  ) assertStringIncludes(page, part);
  assert(!/undefined|NaN|null/.test(page));
  assert(!page.includes("no outlier features") && !page.includes("Note:"));
  assertStringIncludes(
    renderPage({ ...STUDY, note: "so" }, RUNS),
    "- Note: so\n",
  );
  const calm = [stored("pre-ln", 0, 2.5, 1, 0.1)];
  assertStringIncludes(
    renderPage(STUDY, calm),
    "0.200 at most: it has no outlier",
  );
});

Deno.test("trainArguments() makes a config of every variant, at one size", () => {
  for (const variant of VARIANTS) {
    const { config } = configFromArgs({
      positionals: trainArguments(variant, SIZES, 7, ["data=source"]),
      flags: {},
      switches: new Set<string>(),
    });
    const { model, train, seed } = config;
    assertEquals(seed, 7);
    assertEquals(train.max_steps, 30);
    const [layers, width] = model.name === "gpt2"
      ? [model.n_layer, model.n_embd]
      : [model.decoder_layers, model.decoder_embed_dim];
    assertEquals([layers, width], [3, 32], variant.key);
  }
});
