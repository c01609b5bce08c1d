/** `blocksmith report`. @module */
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { expandHome } from "../fs/user_path.ts";
import { formatRunTable, readRuns, renderReportPage } from "../report/mod.ts";
import { print, say } from "../terminal/output.ts";
import type { Command } from "./command.ts";

/** Compares runs in a table and in charts. */
export const reportCommand: Command = {
  name: "report",
  summary: "compare runs: a table, and a page of charts",
  help: `<run> [<run> ...] [--out report.html]

Prints a table of each run's cost and loss, and writes one HTML page with charts of
all runs: loss by step, time and compute, learning rate, gradient norms, and the
per-layer statistics that 'report_gains', 'report_attn_entropy', 'report_outliers'
and 'report_grad_norms' have logged. The page needs no network. Paths that hold no
run are passed over, so that 'runs/*' may be given.

  --out <file>          path of the page (default report.html)

Example:
  blocksmith report runs/pre-ln runs/skipless --out skipless.html`,
  flags: ["out"],
  async run({ positionals, flags }) {
    const runs = readRuns(
      positionals.map(expandHome),
      (line) => say(`blocksmith: ${line}`),
    );
    const out = expandHome(flags.out ?? "report.html");
    writeFileAtomic(out, await renderReportPage(runs));
    for (const line of formatRunTable(runs)) print(line);
    print(`\ncharts in ${out}`);
    return 0;
  },
};
