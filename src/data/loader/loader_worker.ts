/**
 * The loader thread: reads training batches ahead into a ring until the ring is
 * closed.
 *
 * A thread rather than asynchronous reads: WebGPU blocks JavaScript while it
 * waits for the device, so promises would make no progress just when there is
 * time to read.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { WorkerPort } from "../../workers/start.ts";
import { BatchSource, type BatchSpec } from "./batch_source.ts";
import { type MixtureOptions, stateOf, statesOf } from "./mixture.ts";
import {
  allocateRing,
  type RingMemory,
  RingProducer,
  type RingShape,
  slotBytes,
} from "./shared_ring.ts";

/** The only message to the thread. */
export interface LoaderRequest {
  spec: BatchSpec;
  /** Steps to read ahead, at least 1. */
  readAhead: number;
}

/** The only message from it: the opened data, or an error. */
export type LoaderReply =
  | { ring: RingMemory; mixture: MixtureOptions }
  | { fault: string; isUserError: boolean };

/** Most memory for steps that are read ahead. */
const MAX_RING_BYTES = 64 * 2 ** 20;

/**
 * Opens the data, replies, and fills the ring; the thread receives no further
 * messages.
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
      const isUserError = error instanceof UserError;
      const reply: LoaderReply = {
        fault: isUserError ? message : stack!,
        isUserError,
      };
      return port.postMessage(reply);
    }
    try {
      const ring = allocateRing(shapeOf(source, data));
      const producer = new RingProducer(ring);
      const reply: LoaderReply = { ring, mixture: source.mixtureOptions };
      port.postMessage(reply);
      producer.run({
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
  const room = Math.floor(MAX_RING_BYTES / slotBytes(shape));
  return { ...shape, slots: Math.max(2, Math.min(1 + readAhead, room)) };
}
