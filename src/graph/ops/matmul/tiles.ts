/**
 * Which tiles of the GPU kernel, and how many parts of K, suit a product? An
 * estimate orders them; the tuner times the first few.
 * @module
 */
import type { AdapterLimits } from "../../dispatch.ts";

/** C per workgroup, slab of K, C per invocation, slabs in workgroup memory. */
export interface Tile {
  BM: number;
  BN: number;
  BK: number;
  TM: number;
  TN: number;
  STAGES: number;
}

/** A way to cut a product. */
export interface Tiling {
  tile: Tile;
  /** Parts of K, each at most `kPart` long; 1 is the whole K. */
  parts: number;
  kPart: number;
}

/** What is known of a tile: as timed on an H200, in Vulkan through Deno. */
interface TileFacts extends Tile {
  /** Workgroups that one compute unit holds at a time, by their registers. */
  resident: number;
  /** Speed of a full compute unit, the best tile's is 1. */
  rate: number;
}

/**
 * Workgroup memory stays below 16 KiB and invocations within 256, the limits
 * that every adapter grants.
 */
export const TILES: readonly TileFacts[] = [
  { BM: 128, BN: 128, BK: 8, TM: 8, TN: 8, STAGES: 1, resident: 2, rate: 1 },
  // Widths of 768, 1,536, … in whole tiles, and 256 of them for 4,096 x 768.
  { BM: 128, BN: 96, BK: 8, TM: 8, TN: 8, STAGES: 1, resident: 2, rate: 0.97 },
  { BM: 128, BN: 64, BK: 8, TM: 8, TN: 8, STAGES: 1, resident: 4, rate: 0.92 },
  { BM: 64, BN: 64, BK: 16, TM: 8, TN: 4, STAGES: 1, resident: 5, rate: 0.85 },
  { BM: 32, BN: 32, BK: 16, TM: 4, TN: 4, STAGES: 1, resident: 12, rate: 0.6 },
];

/** Where the number of compute units is not known: a mid-range GPU. */
const COMPUTE_UNITS = 48;

/** Shortest part of K: below this, filling the first slab weighs too much. */
const SHORTEST_PART = 256;

/** Most parts of K, and most bytes of scratch for them. */
const MOST_PARTS = 16, MOST_BYTES = 2 ** 26;

/** What another part must gain to be worth its pass over C. */
const GAIN = 0.97;

/**
 * FLOPs that a GPU could do for each byte that crosses its memory bus, and per
 * compute unit while a dispatch starts and drains.
 */
const FLOPS_PER_BYTE = 20, FLOPS_PER_DISPATCH = 1e6;

/** Whether there is room for two slabs of a tile. */
export const fitsTwice = ({ BM, BN, BK }: Tile): boolean =>
  32 * BK * (BM / 4 + BN / 4 + 2) <= 16_384;

/** The parts that `parts` equal cuts of K in whole slabs come to. */
function cutK(K: number, parts: number, BK: number) {
  const kPart = parts === 1 ? K : Math.ceil(K / parts / BK) * BK;
  return { kPart, parts: Math.ceil(K / kPart) };
}

/**
 * Time of a product in FLOPs of one fully busy compute unit. Workgroups fill
 * the units in rounds; a unit that holds fewer than it could is slower than
 * full, but faster than their share.
 */
function estimate(
  { M, N }: { M: number; N: number },
  { BM, BN, BK, resident, rate }: TileFacts,
  { parts, kPart }: { parts: number; kPart: number },
  units: number,
): number {
  const workgroups = Math.ceil(M / BM) * Math.ceil(N / BN) * parts;
  const work = 2 * BM * BN * Math.ceil(kPart / BK) * BK / rate;
  const rounds = Math.floor(workgroups / (units * resident));
  const left = Math.ceil((workgroups - rounds * units * resident) / units);
  const time = work * (rounds * resident + Math.sqrt(left * resident));
  if (parts === 1) return time;
  const moved = 8 * parts * M * N / units;
  return time + FLOPS_PER_BYTE * moved + FLOPS_PER_DISPATCH;
}

/** A tile with the number of parts that suits it best, among `allowed`. */
function bestParts(
  size: { M: number; N: number; K: number },
  tile: TileFacts,
  allowed: number,
  units: number,
) {
  let best = { tile, ...cutK(size.K, 1, tile.BK), time: Infinity };
  for (let n = 1; n <= Math.max(1, allowed); n++) {
    const cut = cutK(size.K, n, tile.BK);
    const time = estimate(size, tile, cut, units);
    if (time < GAIN * best.time) best = { tile, ...cut, time };
  }
  return best;
}

/**
 * Four ways to cut a product, the likely fastest first: the two best tiles,
 * each with the number of parts that suits it; the best with two stages; and
 * the best without parts, or the third best.
 */
export function tilings(
  size: { M: number; N: number; K: number },
  { computeUnits, maxBindingBytes }: AdapterLimits,
): Tiling[] {
  const { M, N, K } = size, units = computeUnits || COMPUTE_UNITS;
  const bytesOfPart = 16 * M * Math.ceil(N / 4);
  const room = Math.min(MOST_BYTES, maxBindingBytes) / bytesOfPart;
  const most = Math.floor(Math.min(MOST_PARTS, K / SHORTEST_PART, room));
  const ranked = (allowed: number): Tiling[] =>
    TILES.map((tile) => bestParts(size, tile, allowed, units))
      .sort((a, b) => a.time - b.time)
      .map(({ tile: { BM, BN, BK, TM, TN, STAGES }, parts, kPart }) => ({
        tile: { BM, BN, BK, TM, TN, STAGES },
        parts,
        kPart,
      }));
  const [first, second, third, ...others] = ranked(most);
  const roomy = [first, second, third, ...others]
    .find(({ tile }) => fitsTwice(tile))!;
  const staged = { ...roomy, tile: { ...roomy.tile, STAGES: 2 } };
  const split = first.parts > 1 && second.parts > 1;
  return [first, second, staged, split ? ranked(1)[0] : third];
}
