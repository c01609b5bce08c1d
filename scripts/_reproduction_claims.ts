/** Do the runs show what the papers claim? @module */
import type { LoggedRun } from "../src/run_folder/read_run.ts";
import { formatValue } from "../src/terminal/format_numbers.ts";
import {
  gradients,
  kurtosis,
  lossOf,
  mean,
  runsOf,
} from "./_reproduction_runs.ts";

/** One claim, and the verdict of the runs. */
export interface Finding {
  claim: string;
  /** The measured numbers. */
  here: string;
  verdict: string;
}

/** Losses within this fraction of the baseline's count as close. */
const CLOSE = 0.01;

/**
 * Whether values `a`, one per seed, are below values `b`: `seen` if every value
 * of `a` is below every value of `b`, `the opposite` if all are above,
 * `undecided` if they overlap. A single seed decides nothing.
 */
export function below(a: readonly number[], b: readonly number[]): string {
  if (a.length === 0 || b.length === 0) return "not measured";
  if (a.length < 2 || b.length < 2) return "undecided (one seed)";
  if (Math.max(...a) < Math.min(...b)) return "seen";
  return Math.min(...a) > Math.max(...b) ? "the opposite" : "undecided";
}

/**
 * If speeds of one block differ by more than this fraction, they decide
 * nothing.
 */
const STEADY = 0.1;

/** As {@linkcode below}, if the machine was steady enough to compare speeds. */
export function slower(a: readonly number[], b: readonly number[]): string {
  const noisy = [a, b].some((values) =>
    values.length > 1 &&
    Math.max(...values) > Math.min(...values) * (1 + STEADY)
  );
  return noisy ? "undecided (unsteady)" : below(a, b);
}

/** As {@linkcode below}, for a bound: values above it contradict no claim. */
const within = (a: readonly number[], b: readonly number[]) =>
  below(a, b).replace("the opposite", "not seen");

/** Whether the mean of `a` is within 1 % of that of `b`, or lower. */
export function close(a: readonly number[], b: readonly number[]): string {
  const [x, y] = [mean(a), mean(b)];
  if (x === null || y === null) return "not measured";
  if (x <= y) return "seen";
  return x <= y * (1 + CLOSE) ? "seen" : "not seen";
}

/** Mean and range of a number over seeds. */
export function spread(
  values: readonly number[],
  show: (value: number) => string = (value) => formatValue(value, 3),
): string {
  const middle = mean(values);
  if (middle === null) return "–";
  if (values.length === 1) return show(middle);
  return `${show(middle)} (${show(Math.min(...values))} to ${
    show(Math.max(...values))
  })`;
}

/** All claims of the papers that these runs can test. */
export function findings(
  runs: readonly LoggedRun[],
  steps: number,
): Finding[] {
  const of = (key: string, value: (run: LoggedRun) => number | null) =>
    runsOf(runs, key).map(value).filter((v) => v !== null);
  const loss = (key: string) => of(key, (run) => lossOf(run, steps));
  const speed = (key: string) => of(key, (run) => run.tokensPerSecond);
  const pair = (
    claim: string,
    a: [string, number[]],
    b: [string, number[]],
    judge = below,
  ): Finding => ({
    claim,
    here: `${a[0]} ${spread(a[1])}, ${b[0]} ${spread(b[1])}`,
    verdict: judge(a[1], b[1]),
  });
  const closeTo = (key: string, claim: string) =>
    pair(claim, [key, loss(key)], ["pre-ln", loss("pre-ln")], close);
  const ablation = (site: string, cost: string) =>
    pair(
      `NormFormer without ${site} is worse (perplexity ${cost} in the paper)`,
      ["all four", loss("normformer")],
      ["without", loss(`normformer-no-${site}`)],
    );
  const early = of("fairseq-pre-ln", (run) => firstToLast(gradients(run)));
  const uneven = (key: string, kind?: string) =>
    of(key, (run) => {
      const ratio = firstToLast(gradients(run, kind));
      return ratio === null ? null : Math.max(ratio, 1 / ratio);
    });
  const peaks = (key: string) => of(key, (run) => mean(kurtosis(run)));
  return [
    pair(
      "NormFormer reaches a lower loss than Pre-LN after equal steps",
      ["normformer", loss("normformer")],
      ["fairseq-pre-ln", loss("fairseq-pre-ln")],
    ),
    ablation("heads", "+0.34"),
    ablation("resids", "+0.32"),
    ablation("fc", "+0.26"),
    ablation("attn", "+0.04"),
    {
      claim: "In Pre-LN the first layer's gradient is larger than the last's",
      here: `first to last ${spread(early)}`,
      verdict: below(early.map(() => 1), early),
    },
    pair(
      "NormFormer's first and last layer differ less in gradient norm than Pre-LN's",
      ["larger to smaller: normformer", uneven("normformer")],
      ["fairseq-pre-ln", uneven("fairseq-pre-ln")],
    ),
    pair(
      "The same for the MLP's second matrix (fc2) only",
      ["larger to smaller: normformer", uneven("normformer", "fc2")],
      ["fairseq-pre-ln", uneven("fairseq-pre-ln", "fc2")],
    ),
    closeTo("parallel", "Parallel attention and MLP keep Pre-LN's loss"),
    closeTo("skipless", "Skipless blocks (SAS) keep Pre-LN's loss per step"),
    closeTo(
      "skipless-parallel",
      "Skipless parallel blocks (SAS-P) keep Pre-LN's loss per step",
    ),
    fewer(runs),
    pair(
      "SAS is faster than Pre-LN (1.09 × in the paper)",
      ["tokens/s: pre-ln", speed("pre-ln")],
      ["skipless", speed("skipless")],
      slower,
    ),
    pair(
      "SAS-P is faster than Pre-LN (1.16 × in the paper)",
      ["tokens/s: pre-ln", speed("pre-ln")],
      ["skipless-parallel", speed("skipless-parallel")],
      slower,
    ),
    pair(
      "OP's kurtosis is below Pre-LN's",
      ["op", peaks("op")],
      ["pre-ln", peaks("pre-ln")],
    ),
    pair(
      "… by an order of magnitude or more",
      ["ten times op's", peaks("op").map((x) => 10 * x)],
      ["pre-ln", peaks("pre-ln")],
      within,
    ),
    closeTo("op", "OP keeps Pre-LN's loss"),
    withoutQkNorm(runs, steps),
  ];
}

/** The first number divided by the last; null if there are fewer than two. */
function firstToLast(values: readonly number[]): number | null {
  return values.length < 2 ? null : values[0] / values[values.length - 1];
}

function fewer(runs: readonly LoggedRun[]): Finding {
  const [a, b] = ["skipless", "pre-ln"].map((key) =>
    runsOf(runs, key)[0]?.parameters ?? null
  );
  const claim = "SAS has fewer parameters (13 to 16 % at the papers' sizes)";
  if (a === null || b === null) {
    return { claim, here: "–", verdict: "not measured" };
  }
  const share = 100 * (1 - a / b);
  return {
    claim,
    here: `${share.toFixed(1)} % fewer`,
    verdict: share > 0 ? "seen" : "the opposite",
  };
}

/** Whether OP fails without QK-norm: its loss is not finite, or higher. */
function withoutQkNorm(runs: readonly LoggedRun[], steps: number): Finding {
  const claim = "OP fails to train without QK-norm";
  const bare = runsOf(runs, "op-no-qk-norm").map((run) => lossOf(run, steps));
  const kept = runsOf(runs, "op").map((run) => lossOf(run, steps))
    .filter((v) => v !== null);
  const failed = bare.filter((v) => v === null).length;
  const trained = bare.filter((v) => v !== null);
  const worse = below(kept, trained);
  return {
    claim,
    here: failed > 0
      ? `${failed} of ${bare.length} runs stopped on a loss that is not finite`
      : `without ${spread(trained)}, with ${spread(kept)}`,
    verdict: bare.length === 0
      ? "not measured"
      : failed === bare.length
      ? "seen"
      : failed > 0
      ? "seen in part"
      : worse === "seen"
      ? "not seen: it trains, to a higher loss"
      : `not seen: it trains${
        worse === "the opposite" ? ", to a lower loss" : ""
      }`,
  };
}
