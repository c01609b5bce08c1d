/**
 * Saves one small checkpoint, then tries one too large, in a run folder where
 * space is short. Prints what was thrown and what remains, as JSON.
 */
import {
  listCheckpoints,
  readState,
  saveCheckpoint,
} from "../../../src/checkpoint/checkpoint_folder.ts";
import { UserError } from "../../../src/errors.ts";
import { checkpointOf, thrown } from "../files.ts";

const [run, floats] = Deno.args;
await saveCheckpoint(run, 1, checkpointOf(1), 3);
const error = await thrown(() =>
  saveCheckpoint(run, 2, checkpointOf(2, Number(floats)), 3)
);
console.log(JSON.stringify({
  isUserError: error instanceof UserError,
  message: error instanceof Error ? error.message : null,
  checkpoints: listCheckpoints(run).map(({ path }) => readState(path)),
  entries: [...Deno.readDirSync(`${run}/checkpoints`)].map(({ name }) => name),
}));
// With free space again, the run continues.
await saveCheckpoint(run, 3, checkpointOf(3), 3);
