/**
 * Takes and releases a lock many times, and checks each time that nobody else
 * is inside. Prints how often it was let in; fails at the first intruder.
 */
import { UserError } from "../../../src/errors.ts";
import { RunLock } from "../../../src/run_folder/run_lock.ts";

const [folder, seconds] = Deno.args;
const inside = `${folder}/inside`;
const end = performance.now() + Number(seconds) * 1000;
let turns = 0;
while (performance.now() < end) {
  let lock: RunLock;
  try {
    lock = await RunLock.take(`${folder}/lock`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    continue;
  }
  Deno.openSync(inside, { write: true, createNew: true }).close();
  turns++;
  Deno.removeSync(inside);
  lock.release();
}
console.log(turns);
