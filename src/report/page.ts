/** Renders the report as one self-contained HTML page. @module */
import type { LoggedRun } from "../run_folder/read_run.ts";
import { renderSvg } from "./chart.ts";
import { buildCharts } from "./series.ts";
import { COLUMNS, tableCells, TEXT_COLUMNS } from "./table.ts";

const STYLE = `
:root { color-scheme: light dark; --page: #fff; --ink: #1d2129; --rule: #d5d9e0; --soft: #5d6675 }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171c; --ink: #e3e6eb; --rule: #363c47; --soft: #9aa4b2 }
}
body { background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif;
  margin: 0 auto; max-width: 1480px; padding: 24px }
h1 { font-size: 22px; margin: 0 0 16px }
h2 { border-top: 1px solid var(--rule); font-size: 18px; margin: 32px 0 12px; padding-top: 16px }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap }
th, td { border-bottom: 1px solid var(--rule); padding: 5px 14px 5px 0; text-align: right }
th { color: var(--soft); font-weight: 500 }
.word { text-align: left }
.charts { display: grid; gap: 24px; grid-template-columns: repeat(auto-fill, minmax(min(400px, 100%), 1fr)) }
figure { margin: 0 }
figcaption { font-weight: 600; margin-bottom: 6px }
svg { height: auto; max-width: 100% }
footer { color: var(--soft); font-size: 13px; margin-top: 32px }
`;

/** Escapes text for HTML. */
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** Renders the page that compares `runs`. */
export async function renderReportPage(
  runs: readonly LoggedRun[],
): Promise<string> {
  const labels = runs.map((run) => run.label);
  const charts = buildCharts(runs);
  const sections: string[] = [];
  for (const section of new Set(charts.map((chart) => chart.section))) {
    const figures: string[] = [];
    for (const chart of charts.filter((c) => c.section === section)) {
      const svg = await renderSvg(chart, labels);
      figures.push(
        `<figure><figcaption>${
          escapeHtml(chart.title)
        }</figcaption>\n${svg}</figure>`,
      );
    }
    sections.push(
      `<h2>${escapeHtml(section)}</h2>\n<div class="charts">\n${
        figures.join("\n")
      }\n</div>`,
    );
  }
  const cell = (tag: string) => (text: string, i: number) =>
    `<${tag}${i < TEXT_COLUMNS ? ' class="word"' : ""}>${
      escapeHtml(text)
    }</${tag}>`;
  const rows = runs.map((run) =>
    `<tr>${tableCells(run).map(cell("td")).join("")}</tr>`
  );
  const title = `blocksmith: ${labels.join(", ")}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${runs.length === 1 ? "One run" : `${runs.length} runs`} of blocksmith</h1>
<div class="wide"><table>
<thead><tr>${COLUMNS.map(cell("th")).join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table></div>
${sections.join("\n")}
<footer>Losses are the last ones logged, in nats per token; tokens/s is the median. Layers of hidden states: 0 is the embedding, the last one is the output of the final norm.</footer>
</body>
</html>
`;
}
