import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderSvg } from "../../src/report/chart.ts";
import { renderReportPage } from "../../src/report/page.ts";
import { buildCharts } from "../../src/report/series.ts";
import { readRuns } from "../../src/run_folder/read_run.ts";
import { lines, place, records, write } from "../helpers/report_runs.ts";

const read = (...dirs: string[]) => readRuns(dirs, () => {});

Deno.test("buildCharts() draws each existing series", () => {
  using folder = place();
  const charts = buildCharts(read(write(folder.at("a"))));
  assertEquals(charts.map((c) => c.title), [
    "Loss by step",
    "Loss by time",
    "Loss by compute",
    "Learning rate",
    "Gradient norm",
    "Speed",
    "Gradient norm by layer",
    "Gradient norm of mlp.c_fc by layer",
    "Attention entropy by step",
    "Attention entropy by layer",
    "Kurtosis of feature sizes (minus 1) by step",
    "Kurtosis of feature sizes (minus 1) by layer",
    "Kurtosis of features by layer",
    "mlp_block_resid_gain by layer",
    "attn_mat_resid_gain by layer",
    "Scale of ln_1 by layer",
  ]);
  const points = (title: string) =>
    charts.find((c) => c.title === title)!.points
      .map(({ line, x, y }) => [line, x, y]);
  assertEquals(points("Gradient norm by layer"), [
    ["first report", 0, 0.3],
    ["first report", 1, 0.2],
    ["last report", 0, 0.3],
    ["last report", 1, 0.2],
  ]);
  // An evaluation has the time of the record before it.
  assertEquals(
    points("Loss by time").filter(([line]) => line === "validation"),
    [["validation", 10 / 60, 3.05], ["validation", 20 / 60, 3.025]],
  );
  assertEquals(points("Attention entropy by step"), [
    ["", 0, 2.5],
    ["", 40, 2.1],
  ]);
});

Deno.test("buildCharts() omits what no run has logged", () => {
  using folder = place();
  const metrics = lines([{ step: 1, loss: 3 }, { step: 2, loss: null }]);
  const bare = write(folder.at("a"), { metrics, info: null });
  assertEquals(buildCharts(read(bare)).map((c) => c.title), ["Loss by step"]);
});

Deno.test("buildCharts() averages neighbouring points of long series", () => {
  using folder = place();
  const list = Array.from({ length: 5000 }, (_, i) => ({
    step: i + 1,
    lr: i % 2,
  }));
  const dir = write(folder.at("a"), { metrics: lines(list) });
  const [{ points }] = buildCharts(read(dir)).filter((c) =>
    c.title === "Learning rate"
  );
  assertEquals(points.length, 500);
  assert(points.every((p) => p.y === 0.5));
});

Deno.test("renderSvg() draws a line and a legend entry for each run", async () => {
  using folder = place();
  const runs = read(
    write(folder.at("one")),
    write(folder.at("two"), { metrics: lines(records(4)) }),
  );
  const labels = runs.map((run) => run.label);
  const chart = buildCharts(runs).find((c) => c.title === "Gradient norm")!;
  const svg = await renderSvg(chart, labels);
  for (const label of labels) assertStringIncludes(svg, `>${label}</text>`);
  const strokes = [...svg.matchAll(/d="M[^"]+" stroke="(#\w+)"/g)]
    .map((m) => m[1]);
  assertEquals(new Set(strokes).size, 2, svg);
});

Deno.test("renderReportPage() draws whatever numbers a file holds", async () => {
  using folder = place();
  const odd = [NaN, 1e308, -1e308, 3e38, -3e38, 1e-45, 5e-324, 0, "2", [], {}];
  const metrics =
    odd.map((value, i) =>
      `{"step":${i * 1e12},"loss":${JSON.stringify(value)},"grad_norm":${
        JSON.stringify(value)
      },"elapsed":${JSON.stringify(value)},"attn.${i}.entropy":3e38}\n`
    ).join("") + `{"step":3,"loss":1e999,"grad_norm":1e-45}\n`;
  const runs = read(write(folder.at("a"), { metrics }));
  const page = await renderReportPage(runs);
  assertStringIncludes(page, "<figcaption>Gradient norm</figcaption>");
  assert(!/NaN|Infinity|undefined/.test(page));
});

Deno.test("renderReportPage() is self-contained and escapes names", async () => {
  using folder = place();
  const page = await renderReportPage(read(write(folder.at("<b>&'\"x"))));
  assert(!page.includes("<b>"));
  assertStringIncludes(page, "&#60;b&#62;");
  assert(!/<script|<link|<img|<iframe|@import|url\(/.test(page));
  const addresses = [...page.matchAll(/https?:[^"' >]+/g)].map((m) => m[0]);
  // XML namespaces, which no browser requests.
  assert(addresses.every((a) => a.startsWith("http://www.w3.org/")));
  assertStringIncludes(page, "prefers-color-scheme: dark");
});
