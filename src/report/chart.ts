/** Draws charts as SVG with Vega-Lite, without a browser. @module */
import type { Chart } from "./series.ts";

/** Distinguishable on white and on black, and for most colour-blind readers. */
const COLOURS = [
  "#3b82d6",
  "#e07b16",
  "#23a06b",
  "#c95bb0",
  "#8a76e0",
  "#a88a10",
  "#dc5151",
  "#1aa3b5",
];

/**
 * Text and rules have the page's colour, so one drawing serves light and dark
 * pages.
 */
const INK = "currentColor";

const FAINT = { gridColor: INK, gridOpacity: 0.12 };

/**
 * The Vega-Lite specification of a chart.
 *
 * @param labels labels of all runs, which decide the colours
 */
function vegaLiteSpec(chart: Chart, labels: readonly string[]) {
  const several = chart.lines.length > 1;
  const shown = labels.filter((label) =>
    chart.points.some((p) => p.run === label)
  );
  const x = {
    field: "x",
    type: "quantitative",
    title: chart.x,
    scale: { zero: false, nice: false },
    axis: {
      tickCount: 6,
      format: chart.layers ? "d" : formatOf(chart.points.map((p) => p.x)),
      tickMinStep: chart.layers ? 1 : undefined,
      grid: false,
    },
  };
  const y = {
    field: "y",
    type: "quantitative",
    title: chart.y || null,
    scale: chart.log
      ? { type: "log", nice: false }
      : { type: "linear", zero: false },
    axis: { tickCount: 5, format: formatOf(chart.points.map((p) => p.y)) },
  };
  const kinds = {
    field: "line",
    type: "ordinal",
    sort: chart.lines,
    title: null,
    scale: {
      domain: chart.lines,
      range: chart.layers ? [[1, 0], [4, 3]] : [2.2, 0.8],
    },
    legend: {
      orient: "bottom",
      symbolType: "stroke",
      symbolStrokeColor: INK,
      symbolFillColor: "transparent",
    },
  };
  const encoding = {
    x,
    y,
    color: {
      field: "run",
      type: "nominal",
      title: null,
      scale: { domain: shown, range: shown.map(colourOf(labels)) },
      legend: {
        orient: "bottom",
        columns: 3,
        labelLimit: 180,
        symbolType: "stroke",
      },
    },
    ...several ? { [chart.layers ? "strokeDash" : "strokeWidth"]: kinds } : {},
  };
  return {
    width: 350,
    height: 210,
    background: "transparent",
    data: { values: chart.points },
    mark: {
      type: "line",
      strokeWidth: 1.6,
      point: chart.layers || hasLonePoint(chart)
        ? { size: 18, filled: true }
        : false,
    },
    encoding,
    config: {
      font: "system-ui, sans-serif",
      view: { stroke: null },
      axis: {
        labelColor: INK,
        titleColor: INK,
        titleFontWeight: "normal",
        domainColor: INK,
        domainOpacity: 0.4,
        tickColor: INK,
        tickOpacity: 0.4,
        ...FAINT,
      },
      legend: {
        labelColor: INK,
        titleColor: INK,
        symbolBaseStrokeColor: INK,
      },
    },
  };
}

/** Axis format: large numbers as `35G`, others unchanged. */
const formatOf = (values: number[]) =>
  values.some((value) => Math.abs(value) >= 1e4) ? "~s" : undefined;

const colourOf = (labels: readonly string[]) => (label: string) =>
  COLOURS[labels.indexOf(label) % COLOURS.length];

/** Whether some line is a single point, which is only visible as a dot. */
function hasLonePoint({ points }: Chart): boolean {
  const lines = new Map<string, number>();
  for (const { run, line } of points) {
    const key = `${run}\n${line}`;
    lines.set(key, (lines.get(key) ?? 0) + 1);
  }
  return [...lines.values()].includes(1);
}

/**
 * Draws a chart.
 *
 * @param labels labels of all runs, which decide the colours
 * @returns the text of an `<svg>` element
 */
export async function renderSvg(
  chart: Chart,
  labels: readonly string[],
): Promise<string> {
  // Loaded only for reports: it is larger than the rest of the program.
  const [{ parse, View }, { compile }] = await Promise.all([
    import("vega"),
    import("vega-lite"),
  ]);
  const { spec } = compile(
    vegaLiteSpec(chart, labels) as Parameters<typeof compile>[0],
  );
  const view = new View(parse(spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
