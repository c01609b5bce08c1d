/**
 * Which charts do the metrics of runs give, and which points do they show?
 * @module
 */
import type { MetricRecord } from "../run_folder/metrics_log.ts";
import { isNumber, type LoggedRun } from "../run_folder/read_run.ts";

/** One point of a line. */
export interface Point {
  run: string;
  /** Which of the run's lines the point is on; see {@linkcode Chart.lines}. */
  line: string;
  x: number;
  y: number;
}

/** A chart, as data. */
export interface Chart {
  /** Heading of the chart's section on the page. */
  section: string;
  title: string;
  x: string;
  y: string;
  /** Whether y is logarithmic. */
  log?: boolean | undefined;
  /** Whether x is a layer index, an integer. */
  layers?: boolean;
  /**
   * Names of a run's lines, in the order of their line styles; one line has no
   * name.
   */
  lines: readonly string[];
  points: Point[];
}

/** Maximum number of points per line; more cannot be distinguished. */
const MAX_POINTS = 500;

/** Metrics that exist once per layer, `…I…`, and the charts they belong to. */
const BY_LAYER: {
  section: string;
  pattern: RegExp;
  title(name: string): string;
  y: string;
  log?: boolean;
}[] = [
  {
    section: "Gradients",
    pattern: /^grad_norm\.(\d+)$/,
    title: () => "Gradient norm by layer",
    y: "L2 norm",
    log: true,
  },
  {
    section: "Gradients",
    // A gain is a single number: its gradient norm is only in the log.
    pattern: /^grad_norm\.(\d+)\.((?!.*_gain$).+)$/,
    title: (kind) => `Gradient norm of ${kind} by layer`,
    y: "L2 norm",
    log: true,
  },
  {
    section: "Attention",
    pattern: /^attn\.(\d+)\.entropy$/,
    title: () => "Attention entropy by layer",
    y: "nats",
  },
  {
    section: "Hidden states",
    pattern: /^hidden_states\.(\d+)\.(.+)$/,
    title: (name) => `${HIDDEN[name] ?? name} by layer`,
    y: "",
  },
  {
    section: "Gains",
    pattern: /^(\d+)\.(.+)$/,
    title: (gain) => `${gain} by layer`,
    y: "gain",
  },
  {
    section: "Gains",
    pattern: /^attn\.(\d+)\.((?!entropy$).+?)(?:_mean)?$/,
    title: (gain) => `${gain} by layer`,
    y: "gain, mean over heads",
  },
  {
    section: "Scales",
    pattern: /^scale\.(\d+)\.(.+)_mean$/,
    title: (name) => `Scale of ${name} by layer`,
    y: "mean",
  },
];

const HIDDEN: Record<string, string> = {
  x_rms: "RMS of hidden states",
  kurtosis: "Kurtosis of feature sizes (minus 1)",
  kurtosis_true: "Kurtosis of features",
  feat_corr_rms: "Correlation of features (RMS)",
  batch_corr_mean: "Correlation of tokens (mean)",
  batch_corr_rms: "Correlation of tokens (RMS)",
  max_median_ratio: "Largest to median feature",
};

/**
 * All charts for which the runs have logged numbers, in the order of the page.
 */
export function buildCharts(runs: readonly LoggedRun[]): Chart[] {
  const steps = (r: MetricRecord) => r.step;
  const overSteps = (
    section: string,
    title: string,
    y: string,
    key: string,
    log = false,
  ): Chart => ({
    section,
    title,
    x: "step",
    y,
    log,
    lines: [""],
    points: runs.flatMap((run) =>
      pointsOfLine(run, "", run.records, steps, key)
    ),
  });
  const losses = (title: string, x: string, at: Abscissa): Chart => ({
    section: "Loss",
    title,
    x,
    y: "nats per token",
    lines: ["validation", "training"],
    points: runs.flatMap((run) => [
      ...pointsOfLine(run, "training", run.records, (r) => at(run, r), "loss"),
      ...pointsOfLine(
        run,
        "validation",
        run.records,
        (r) => at(run, r),
        "eval_loss",
      ),
    ]),
  });
  const charts = [
    losses("Loss by step", "step", (_, r) => r.step),
    losses("Loss by time", "minutes of training", minutesOf(runs)),
    losses(
      "Loss by compute",
      "FLOPs",
      (run, r) => run.flopsPerStep === null ? null : run.flopsPerStep * r.step,
    ),
    overSteps("Training", "Learning rate", "", "lr"),
    overSteps("Training", "Gradient norm", "L2 norm", "grad_norm", true),
    overSteps("Training", "Speed", "tokens per second", "tokens_per_second"),
    overSteps("Training", "Loss scale", "factor", "loss_scale", true),
    overSteps("Training", "Skipped steps", "steps", "skipped_steps"),
    ...averages(runs),
    ...byLayer(runs),
  ].filter((chart) => chart.points.length > 0);
  const order = [...new Set(["Loss", "Training", ...SECTIONS])];
  return charts.toSorted((a, b) =>
    order.indexOf(a.section) - order.indexOf(b.section)
  ).map((chart) => ({
    ...chart,
    log: chart.log && chart.points.every((p) => p.y > 0),
  }));
}

const SECTIONS = BY_LAYER.map((kind) => kind.section);

type Abscissa = (run: LoggedRun, record: MetricRecord) => number | null;

/**
 * Training time of a record, in minutes; an evaluation has that of the record
 * before it.
 */
function minutesOf(runs: readonly LoggedRun[]): Abscissa {
  const times = new Map<MetricRecord, number | null>();
  for (const { records } of runs) {
    let minutes: number | null = null;
    for (const record of records) {
      if (isNumber(record.elapsed)) minutes = record.elapsed / 60;
      times.set(record, minutes);
    }
  }
  return (_, record) => times.get(record)!;
}

function pointsOfLine(
  run: LoggedRun,
  kind: string,
  records: readonly MetricRecord[],
  at: (record: MetricRecord) => number | null,
  key: string,
): Point[] {
  const points = records.flatMap((record) => {
    const y = record[key];
    if (!isNumber(y)) return [];
    const x = at(record);
    return x === null ? [] : [{ run: run.label, line: kind, x, y }];
  });
  return downsample(points);
}

/**
 * Averages neighbouring points if there are more than {@linkcode MAX_POINTS}.
 */
function downsample(points: Point[]): Point[] {
  const size = Math.ceil(points.length / MAX_POINTS);
  if (size <= 1) return points;
  const out: Point[] = [];
  for (let i = 0; i < points.length; i += size) {
    const part = points.slice(i, i + size);
    const mean = (key: "x" | "y") =>
      part.reduce((sum, p) => sum + p[key], 0) / part.length;
    out.push({ ...part[0], x: mean("x"), y: mean("y") });
  }
  return out;
}

/**
 * Charts over steps of means over layers; the charts by layer show two steps
 * only.
 */
function averages(runs: readonly LoggedRun[]): Chart[] {
  const over = (section: string, title: string, y: string, pattern: RegExp) => {
    const points = runs.flatMap((run) =>
      downsample(run.records.flatMap((record) => {
        const values = Object.entries(record)
          .filter(([key, value]) => pattern.test(key) && isNumber(value))
          .map(([, value]) => value as number);
        if (values.length === 0) return [];
        const mean = values.reduce((a, b) => a + b) / values.length;
        return [{ run: run.label, line: "", x: record.step, y: mean }];
      }))
    );
    return { section, title, x: "step", y, lines: [""], points };
  };
  return [
    over(
      "Attention",
      "Attention entropy by step",
      "nats, mean over layers",
      /^attn\.\d+\.entropy$/,
    ),
    over(
      "Hidden states",
      "Kurtosis of feature sizes (minus 1) by step",
      "mean over layers",
      /^hidden_states\.\d+\.kurtosis$/,
    ),
  ];
}

/** Charts by layer, of the first report and of the last. */
function byLayer(runs: readonly LoggedRun[]): Chart[] {
  const charts = new Map<string, Chart>();
  for (const run of runs) {
    for (const kind of BY_LAYER) {
      const reports = run.records.filter((record) =>
        Object.keys(record).some((key) => kind.pattern.test(key))
      );
      const ends = new Map([
        [reports[0], FIRST],
        [reports[reports.length - 1], LAST],
      ]);
      for (const [record, line] of ends) {
        for (const [key, value] of Object.entries(record ?? {})) {
          const match = kind.pattern.exec(key);
          if (!match || !isNumber(value)) continue;
          // The standard deviation is in the log; the chart shows the mean
          // only.
          if (kind.section === "Gains" && key.endsWith("_std")) continue;
          const title = kind.title(match[2]);
          const chart = charts.get(title) ?? {
            section: kind.section,
            title,
            x: "layer",
            y: kind.y,
            log: kind.log,
            layers: true,
            lines: [LAST, FIRST],
            points: [],
          };
          charts.set(title, chart);
          chart.points.push({
            run: run.label,
            line,
            x: Number(match[1]),
            y: value,
          });
        }
      }
    }
  }
  return [...charts.values()];
}

const FIRST = "first report", LAST = "last report";
