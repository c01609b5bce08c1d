/**
 * Works until asked to stop; with `--deaf`, never looks up from its work, as
 * while waiting for a device.
 */
import { StopRequest } from "../../../src/train/signals.ts";

{
  using stop = await StopRequest.listen((signal) => `asked by ${signal}\n`);
  console.error("ready");
  while (Deno.args.includes("--deaf"));
  while (!stop.requested) await new Promise((done) => setTimeout(done, 5));
  console.error(`saved after ${stop.requested}`);
}
if (Deno.args.includes("--linger")) {
  console.error("lingering");
  await new Promise((done) => setTimeout(done, 60_000));
}
