/** Writes `docs/reproduction.md` from runs. @module */
import type { LoggedRun } from "../src/run_folder/read_run.ts";
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

/** Facts of the page besides the runs' numbers; kept as `study.json`. */
export interface Study {
  sizes: Sizes;
  seeds: number;
  /** The command line of the reproduction. */
  command: string;
  /** Description of the training text. */
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
  /** A remark on these runs. */
  note?: string | undefined;
}

type Rows = readonly (readonly string[])[];

/** Validation loss, speed and size of every variant that has runs. */
export function lossRows(
  runs: readonly LoggedRun[],
  steps: number,
): string[][] {
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

/** One row per variant, one column per layer: means over seeds. */
export function layerRows(
  runs: readonly LoggedRun[],
  keys: readonly string[],
  values: (run: LoggedRun) => number[],
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
export function renderPage(study: Study, runs: readonly LoggedRun[]): string {
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
  return `# Do small runs show what the papers claim?

\`scripts/reproduce.ts\` writes this page from its runs; do not edit it. All
numbers are from the runs' \`metrics.jsonl\` (\`docs/metrics.md\` defines them).

- Machine: ${machine.adapter}, driver ${machine.driver}, ${machine.cpu}, ${machine.cores} cores; load ${
    machine.load.toFixed(1)
  } before the first run
- Date: ${machine.date}; runs of commit ${machine.commit}; ${
    formatTime(study.seconds)
  } for all runs
- Command: \`${study.command}\`
- Text: ${study.text}
- Models: ${layers} layers of width ${width}, ${heads} heads, ${context} tokens per sequence; ${steps} steps of ${batch} sequences (${
    formatCount(steps * batch * context)
  } tokens); highest learning rate ${lr} after a warm-up of ${
    Math.ceil(steps / 20)
  }; no dropout; ${seeds === 1 ? "one seed" : `${seeds} seeds`}${
    study.note ? `\n- Note: ${study.note}` : ""
  }

Variants of the family \`gpt2\` are trained as in "Simplifying Transformer Blocks"
(\`train=train\`: AdamW, weight decay 0.1, clipping at 1), with learned positions
and ReLU. Branch gains, published for 18 layers, are scaled to this depth by
1/√depth. Variants of the family \`fairseq\`, which are NormFormer and its
ablations, are trained as in NormFormer (\`train=fairseq\`: decay 0.01 on all
parameters, no clipping), with sinusoidal positions and GELU. Compare within a
family.

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

Loss is in nats per token, the mean over seeds. Tokens/s is the median of each
run, then the mean (and range) over seeds, with reports of gradient norms and
outliers switched on.

## Gradient norm by layer

L2 norm of the gradient of all parameters of a layer, the mean over the reports
of the last third of a run and over seeds.

${tableOf(["run", ...layerHeads(0, layers)], layerRows(runs, nf, gradients))}

The same for the MLP's second matrix (\`fc2\`) only:

${
    tableOf(
      ["run", ...layerHeads(0, layers)],
      layerRows(runs, nf, (run) => gradients(run, "fc2")),
    )
  }

## Kurtosis by layer

Kurtosis of the hidden states after each block except the last, in the
convention of the authors' repository ("kurtosis minus 1": 0 if all features have
the same size), the mean over the reports of the last third of a run and over
seeds.

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
claims are seen; for ${opposite} the opposite is seen.

${
    tableOf(
      ["claim", "here", "verdict"],
      seen.map(({ claim, here, verdict }) => [claim, here, verdict]),
    )
  }

## Limits of these runs

These models are trained on ${
    formatCount(steps * batch * context)
  } tokens; the papers train models of at least 125 million
parameters on hundreds of millions of tokens, or many times that. ${
    seeds < 3
      ? "With few seeds, the range of a loss is a weak measure of chance. "
      : ""
  }All variants have the same learning rate: the papers choose one per size, and
part of NormFormer's gain is that it tolerates a higher one. Speed is that of
small products on this machine and its driver, and other programs that run at the
same time affect it. ${fewOutliers(runs)}A claim that is not seen here is
not refuted, and one that is seen holds for this size.
`;
}

/**
 * A remark for runs in which Pre-LN has no outlier features yet, OP's subject.
 */
function fewOutliers(runs: readonly LoggedRun[]): string {
  const most = Math.max(
    ...runsOf(runs, "pre-ln").flatMap((run) => kurtosis(run)),
  );
  return most > 0 && most < 1
    ? `Pre-LN's kurtosis is ${
      formatValue(most, 3)
    } at most: it has no outlier features yet that OP could remove. `
    : "";
}

/** Formats a Markdown table. */
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
