/**
 * Logs until the disk refuses; prints what was thrown and how the file ends.
 */
import { UserError } from "../../../src/errors.ts";
import {
  MetricsLog,
  readMetrics,
} from "../../../src/run_folder/metrics_log.ts";
import { thrown } from "../files.ts";

const path = `${Deno.args[0]}/metrics.jsonl`;
using log = MetricsLog.open(path);
let step = 0;
const error = await thrown(() => {
  while (true) log.write({ step: ++step, pad: "x".repeat(5000) });
});
console.log(JSON.stringify({
  isUserError: error instanceof UserError,
  message: String(error),
  refused: step,
  kept: readMetrics(path).length,
  ends: Deno.readTextFileSync(path).slice(-3),
}));
