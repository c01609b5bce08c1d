/** Measures rates of work on data, by wall time and by CPU time. @module */
import { cpuUsage } from "node:process";
import { median } from "../timing.ts";

/** Time that some work took. */
export interface Spent {
  /** Milliseconds of wall time. */
  ms: number;
  /** Milliseconds of this process's CPU time, over all its threads. */
  cpuMs: number;
}

/** Megabytes (1e6 bytes) of text per second. */
export interface Rate {
  /** Per second of wall time. */
  mb: number;
  /** Per second of CPU time; compare this if other programs run. */
  cpu: number;
}

/** Our rate and a peer's on the same work. */
export interface Comparison {
  ours: Rate;
  /** Null without a peer. */
  peer: Rate | null;
  /**
   * Our rate divided by the peer's, by CPU time; median over rounds, null
   * without a peer.
   */
  ratio: number | null;
}

/** Runs some work once and measures its time. */
export async function timed(work: () => unknown): Promise<Spent> {
  const before = cpuUsage(), from = performance.now();
  await work();
  const ms = performance.now() - from;
  const { user, system } = cpuUsage(before);
  // The CPU clock may not advance over short work.
  return {
    ms: Math.max(ms, 1e-3),
    cpuMs: Math.max((user + system) / 1e3, 0.1),
  };
}

/** The rate of work on `bytes` of text. */
export const rateOf = (bytes: number, { ms, cpuMs }: Spent): Rate => ({
  mb: bytes / 1e3 / ms,
  cpu: bytes / 1e3 / cpuMs,
});

/** One round of work on a known number of bytes of text. */
export interface Round {
  bytes: number;
  ours: () => unknown;
  peer?: () => unknown;
}

/**
 * Runs our work and the peer's in alternation; every second round starts with
 * the peer.
 */
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
