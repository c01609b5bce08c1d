/**
 * Works until a signal ends it; with `--deaf`, never looks up from its work, as
 * while it reads a hostile file.
 */
import { exitOnSignal } from "../../../src/train/signals.ts";

using _ = exitOnSignal(() => console.error("tidied"));
// The listener starts beside the work.
await new Promise((done) => setTimeout(done, 1000));
console.error("ready");
while (Deno.args.includes("--deaf"));
await new Promise((done) => setTimeout(done, 60_000));
