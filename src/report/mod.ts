/** Tables and charts of runs. @module */
export { renderReportPage as pageOf } from "./page.ts";
export { readRuns, type RunData } from "../run_folder/read_run.ts";
export { formatRunTable as textTable } from "./table.ts";
