/**
 * The thread that reads training batches ahead: it fills a ring until it is closed.
 *
 * A thread, and not reads that are awaited: WebGPU blocks JavaScript while it waits for the device, so promises would
 * stand still just when there is time to read.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { WorkerPort } from "../../workers/start.ts";
import {
  allocateRing,
  RingFiller,
  type RingMemory,
  type RingShape,
  slotBytes,
} from "./shared_ring.ts";
import { BatchSource, type BatchSpec } from "./batch_source.ts";
import { type MixtureOptions, stateOf, statesOf } from "./mixture.ts";

/** The one message to the thread. */
export interface LoaderRequest {
  spec: BatchSpec;
  /** Steps to read ahead, at least 1. */
  readAhead: number;
}

/** The one message from it: what the data is, or what is wrong with it. */
export type LoaderReply =
  | { ring: RingMemory; mixture: MixtureOptions }
  | { fault: string; ofUser: boolean };

/** Steps of a large batch are not read ahead beyond this. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Opens the data, answers, and fills the ring; the thread hears no further message.
 *
 * @param open makes the batches of a request
 */
export function serve(
  port: WorkerPort,
  open: (spec: BatchSpec) => BatchSource = (spec) => new BatchSource(spec),
): void {
  port.onmessage = ({ data }: MessageEvent<LoaderRequest>) => {
    let source: BatchSource;
    try {
      source = open(data.spec);
    } catch (error) {
      const { message, stack } = error as Error;
      const ofUser = error instanceof UserError;
      const reply: LoaderReply = { fault: ofUser ? message : stack!, ofUser };
      return port.postMessage(reply);
    }
    try {
      const ring = allocateRing(shapeOf(source, data));
      const filler = new RingFiller(ring);
      const reply: LoaderReply = { ring, mixture: source.mixtureOptions };
      port.postMessage(reply);
      filler.run({
        fill: (batches) => source.fill(batches),
        states: () => statesOf(source.state),
        seek: (states) => source.restore(stateOf(states)),
      });
    } finally {
      source.close();
    }
  };
}

function shapeOf(
  { sequenceLength, mixtureOptions }: BatchSource,
  { spec, readAhead }: LoaderRequest,
): RingShape {
  const shape = {
    slots: 2,
    batches: spec.accumulation,
    size: spec.batchSize * sequenceLength,
    parts: mixtureOptions.parts.length,
  };
  const room = Math.floor(MOST_BYTES / slotBytes(shape));
  return { ...shape, slots: Math.max(2, Math.min(1 + readAhead, room)) };
}
