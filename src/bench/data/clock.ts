/** Rates of work on data, by the clock and by the processor. @module */
import { cpuUsage } from "node:process";
import { median } from "../timing.ts";

/** What some work took. */
export interface Spent {
  /** Milliseconds by the clock. */
  ms: number;
  /** Milliseconds of this process's CPU time, over all its threads. */
  cpuMs: number;
}

/** Megabytes (1e6 bytes) of text a second. */
export interface Rate {
  /** By the clock. */
  mb: number;
  /** In a second of CPU time: where other programs run, look at this. */
  cpu: number;
}

/** Two ways of doing the same work. */
export interface Comparison {
  ours: Rate;
  /** Null without a peer. */
  peer: Rate | null;
  /** Ours by the peer's, by CPU time: the median over rounds; null without a peer. */
  ratio: number | null;
}

/** Does some work once. */
export async function timed(work: () => unknown): Promise<Spent> {
  const before = cpuUsage(), from = performance.now();
  await work();
  const ms = performance.now() - from;
  const { user, system } = cpuUsage(before);
  // The CPU clock may stand still for a moment.
  return {
    ms: Math.max(ms, 1e-3),
    cpuMs: Math.max((user + system) / 1e3, 0.1),
  };
}

/** `bytes` of text by what they took. */
export const rateOf = (bytes: number, { ms, cpuMs }: Spent): Rate => ({
  mb: bytes / 1e3 / ms,
  cpu: bytes / 1e3 / cpuMs,
});

/** Some work of a known size, in bytes of text. */
export interface Round {
  bytes: number;
  ours: () => unknown;
  peer?: () => unknown;
}

/** Runs ours and the peer's in turn; every second round starts with the peer. */
export async function compareWithPeer(
  rounds: readonly Round[],
): Promise<Comparison> {
  const ours: Rate[] = [], peer: Rate[] = [];
  for (const [i, round] of rounds.entries()) {
    const run = async (rates: Rate[], work?: () => unknown) => {
      if (work) rates.push(rateOf(round.bytes, await timed(work)));
    };
    if (i % 2) await run(peer, round.peer);
    await run(ours, round.ours);
    if (i % 2 === 0) await run(peer, round.peer);
  }
  const middle = (rates: Rate[]): Rate => ({
    mb: median(rates.map(({ mb }) => mb)),
    cpu: median(rates.map(({ cpu }) => cpu)),
  });
  return {
    ours: middle(ours),
    peer: peer.length ? middle(peer) : null,
    ratio: peer.length
      ? median(ours.map(({ cpu }, i) => cpu / peer[i].cpu))
      : null,
  };
}
