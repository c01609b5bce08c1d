/**
 * Saves checkpoints for ever, to be killed at any moment. Every second save
 * replaces the step that is there.
 */
import {
  clearLeftovers,
  latestCheckpoint,
  saveCheckpoint,
} from "../../../src/checkpoint/checkpoint_folder.ts";
import { checkpointOf } from "../files.ts";

const [run, keep] = Deno.args;
clearLeftovers(run);
const first = (latestCheckpoint(run)?.step ?? 0) + 1;
for (let i = 0;; i++) {
  const step = first + Math.floor(i / 2);
  await saveCheckpoint(run, step, checkpointOf(step, 20_000), Number(keep));
  if (i === 0) console.log("saved");
}
