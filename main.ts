/** blocksmith: reads the command line and hands over to one command. @module */
import { main } from "./src/cli/mod.ts";
import { inWorker, serve } from "./src/workers/start.ts";

// In the one-file executable a worker runs this very file.
if (inWorker()) await serve();
else if (import.meta.main) Deno.exit(await main(Deno.args));
