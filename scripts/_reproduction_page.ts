/** `docs/reproduction.md`, from runs. @module */
import type { RunData } from "../src/run_folder/read_run.ts";
import {
  formatCount,
  formatTime,
  formatValue,
} from "../src/terminal/format_numbers.ts";
import { findings, spread } from "./_reproduction_claims.ts";
import {
  gradients,
  kurtosis,
  lossOf,
  mean,
  runsOf,
  type Sizes,
  VARIANTS,
} from "./_reproduction_runs.ts";

/** What the page says beside the runs' numbers; kept as `study.json`. */
export interface Study {
  sizes: Sizes;
  seeds: number;
  /** The command line that made it. */
  command: string;
  /** The text that was learned, in words. */
  text: string;
  machine: {
    adapter: string;
    driver: string;
    cpu: string;
    cores: number;
    /** Load average before the first run. */
    load: number;
    date: string;
    commit: string;
  };
  /** Wall time of all runs. */
  seconds: number;
  /** What a reader must know of these runs besides. */
  note?: string | undefined;
}

type Rows = readonly (readonly string[])[];

/** Validation loss, speed and size of every variant that has runs. */
export function lossRows(runs: readonly RunData[], steps: number): string[][] {
  return VARIANTS.flatMap(({ key, family }) => {
    const mine = runsOf(runs, key);
    if (mine.length === 0) return [];
    const losses = mine.map((run) => lossOf(run, steps));
    const finite = losses.filter((v) => v !== null);
    const broken = losses.length - finite.length;
    const speeds = mine.map((run) => run.tokensPerSecond)
      .filter((v) => v !== null);
    return [[
      key,
      family,
      finite.length > 0 ? formatValue(mean(finite)!, 4) : "–",
      broken > 0
        ? `${broken} of ${losses.length} not finite`
        : losses.length < 2
        ? "one seed"
        : finite.map((loss) => loss.toFixed(4)).join(", "),
      spread(speeds, (v) => formatCount(Math.round(v))),
      mine[0].parameters === null ? "–" : formatCount(mine[0].parameters),
    ]];
  });
}

/** A row a variant, a column a layer: means over seeds. */
export function layerRows(
  runs: readonly RunData[],
  keys: readonly string[],
  values: (run: RunData) => number[],
): string[][] {
  return keys.flatMap((key) => {
    const mine = runsOf(runs, key).map((run) => values(run));
    const layers = Math.max(0, ...mine.map((row) => row.length));
    if (layers === 0) return [];
    return [[
      key,
      ...Array.from({ length: layers }, (_, i) => {
        const all = mine.map((row) => row[i]).filter((v) => v !== undefined);
        return formatValue(mean(all)!, 3);
      }),
    ]];
  });
}

/** The whole page. */
export function pageOf(study: Study, runs: readonly RunData[]): string {
  const { sizes, machine, seeds } = study;
  const { layers, width, heads, context, batch, steps, lr } = sizes;
  const nf = ["fairseq-pre-ln", "normformer"];
  const simple = ["pre-ln", "op", "op-no-qk-norm", "skipless"];
  const seen = findings(runs, steps);
  const count = (test: (verdict: string) => boolean) =>
    seen.filter(({ verdict }) => test(verdict)).length;
  const yes = count((v) => v === "seen");
  const opposite = count((v) => v === "the opposite");
  const layerHeads = (from: number, n: number) =>
    Array.from({ length: n }, (_, i) => `layer ${from + i}`);
  return `# Does it say what the papers say?

Made by \`scripts/reproduce.ts\` from its runs; do not edit it. All numbers are
from the runs' \`metrics.jsonl\` (\`docs/metrics.md\` defines them).

- Machine: ${machine.adapter}, driver ${machine.driver}, ${machine.cpu}, ${machine.cores} cores; load ${
    machine.load.toFixed(1)
  } before the first run
- Date: ${machine.date}; runs of commit ${machine.commit}; ${
    formatTime(study.seconds)
  } for all runs
- Command: \`${study.command}\`
- Text: ${study.text}
- Models: ${layers} layers of width ${width}, ${heads} heads, ${context} tokens a sequence; ${steps} steps of ${batch} sequences (${
    formatCount(steps * batch * context)
  } tokens); highest learning rate ${lr} after a warm-up of ${
    Math.ceil(steps / 20)
  }; no dropout; ${seeds === 1 ? "one seed" : `${seeds} seeds`}${
    study.note ? `\n- Note: ${study.note}` : ""
  }

The variants of family \`gpt2\` train as "Simplifying Transformer Blocks" does
(\`train=train\`: AdamW, weight decay 0.1, clipping at 1), with learned positions
and ReLU. Published branch gains, for 18 layers, are brought to this depth by
1/√depth. Those of family \`fairseq\`, where NormFormer and its ablations are,
train as NormFormer does (\`train=fairseq\`: decay 0.01 on everything, no
clipping), with sinusoidal positions and gelu. Compare within a family.

## Loss after equal steps

${
    tableOf([
      "run",
      "family",
      "validation loss",
      "of each seed",
      "tokens/s",
      "parameters",
    ], lossRows(runs, steps))
  }

Loss is in nats a token, mean over seeds. Tokens/s is each run's median, then mean
(and range) over seeds, with gradient norms and outlier reports switched on.

## Gradient norm by layer

L2 norm of the gradient of all parameters of a layer, mean over the reports of
the last third of a run and over seeds.

${tableOf(["run", ...layerHeads(0, layers)], layerRows(runs, nf, gradients))}

The same of the MLP's second matrix (\`fc2\`) alone:

${
    tableOf(
      ["run", ...layerHeads(0, layers)],
      layerRows(runs, nf, (run) => gradients(run, "fc2")),
    )
  }

## Kurtosis by layer

Of the hidden states after each block but the last, in the repository's
convention ("kurtosis minus 1": 0 where all features are of one size), mean over
the reports of the last third of a run and over seeds.

${
    tableOf(
      ["run", ...layerHeads(0, layers - 1)],
      layerRows(runs, simple, (run) => kurtosis(run)),
    )
  }

True kurtosis (3 for normal numbers):

${
    tableOf(
      ["run", ...layerHeads(0, layers - 1)],
      layerRows(runs, simple, (run) => kurtosis(run, "kurtosis_true")),
    )
  }

## The papers' claims

"Seen" means that every seed of one side is below every seed of the other; for
"keep the loss", that the mean is within 1 % of Pre-LN's, or lower. "Undecided"
means that the seeds overlap, "unsteady" that the speed of one block differs by
more than a tenth between seeds. ${yes} of the ${seen.length}
are seen; the opposite is seen of ${opposite}.

${
    tableOf(
      ["claim", "here", "verdict"],
      seen.map(({ claim, here, verdict }) => [claim, here, verdict]),
    )
  }

## How far this reaches

These are models ${
    formatCount(steps * batch * context)
  } tokens into their training; the papers train models of at least 125 million
parameters on hundreds of millions of tokens, or many times that. ${
    seeds < 3
      ? "Few seeds make the range of a loss a weak measure of chance. "
      : ""
  }One learning rate serves all variants: the papers choose one for each size, and
NormFormer's gain is in part that it bears a higher one. Speed is that of
small products on this machine and its driver, and other programs that run
beside count in it. ${fewOutliers(runs)}A claim that is not seen here is
not refuted, and one that is seen holds for this size.
`;
}

/** Said where Pre-LN has no outlier features yet, which OP is about. */
function fewOutliers(runs: readonly RunData[]): string {
  const most = Math.max(
    ...runsOf(runs, "pre-ln").flatMap((run) => kurtosis(run)),
  );
  return most > 0 && most < 1
    ? `Pre-LN's kurtosis is ${
      formatValue(most, 3)
    } at most: it has no outlier features yet that OP could be without. `
    : "";
}

/** A table of Markdown. */
function tableOf(heads: readonly string[], rows: Rows): string {
  if (rows.length === 0) return "No runs.";
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(heads),
    line(heads.map(() => "---")),
    ...rows.map(line),
  ].join("\n");
}
