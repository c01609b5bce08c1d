/** blocksmith: reads the command line and hands over to one command. @module */
import { messageOf, missingPermission } from "./src/errors.ts";
import { say } from "./src/terminal/output.ts";
import { inWorker, serve } from "./src/workers/start.ts";

/**
 * Runs the program, in a worker too: a bundle has no other file to start there.
 * Each side loads only what it needs.
 */
export async function start(): Promise<void> {
  if (inWorker()) {
    return await serve({
      tokenize: () => import("./src/data/pool/tokenize_worker.ts"),
      loader: () => import("./src/data/loader/loader_worker.ts"),
    });
  }
  const { main } = await import("./src/cli/mod.ts").catch((error) => {
    // Its modules read files while they load.
    if (missingPermission(error) === null) throw error;
    say(`blocksmith: ${messageOf(error)}`);
    Deno.exit(1);
  });
  Deno.exit(await main(Deno.args));
}

if (import.meta.main) await start();
