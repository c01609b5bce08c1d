/** Tables and charts of runs. @module */
export { pageOf } from "./page.ts";
export { readRuns, type RunData } from "../run_folder/read_run.ts";
export { textTable } from "./table.ts";
