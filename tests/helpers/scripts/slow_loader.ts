/**
 * The thread of a batch loader that reads from a slow disk: each step takes as
 * many milliseconds longer as the thread's name says.
 */
import type { Batch } from "../../../src/data/loader/batch.ts";
import { BatchSource } from "../../../src/data/loader/batch_source.ts";
import { serve } from "../../../src/data/loader/loader_worker.ts";
import type { WorkerPort } from "../../../src/workers/start.ts";

const scope = globalThis as unknown as WorkerPort & { name: string };

class SlowSource extends BatchSource {
  override fill(batches: readonly Batch[]): number {
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(sleeper, 0, 0, Number(scope.name));
    return super.fill(batches);
  }
}

serve(scope, (spec) => new SlowSource(spec));
