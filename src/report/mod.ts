/** Compares runs: a text table, and an HTML page with charts. @module */
export { renderReportPage } from "./page.ts";
export { type LoggedRun, readRuns } from "../run_folder/read_run.ts";
export { formatRunTable } from "./table.ts";
