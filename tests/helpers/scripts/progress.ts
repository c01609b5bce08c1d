/** Reports 200 steps, then says on standard output that it got to the end. */
import { Progress } from "../../../src/terminal/progress_bar.ts";

await using progress = new Progress({ label: "step", total: 200 });
for (let step = 1; step <= 200; step++) {
  progress.at(step);
  progress.report({ loss: 1 / step });
  if (step % 50 === 0) await new Promise((done) => setTimeout(done, 5));
}
console.log("finished");
