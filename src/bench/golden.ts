/** Checks parity with every golden fixture in a folder. @module */
import { join } from "node:path";
import { UserError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import { parity } from "../parity/parity.ts";
import type { ParityRow } from "../parity/parity_row.ts";

/** The result of one fixture. */
export interface GoldenRow {
  /** Name of the fixture's folder. */
  fixture: string;
  verdict: "holds" | "differs" | "fails";
  /** The quantity with the largest difference relative to its tolerance. */
  worst?: ParityRow;
  /** Why the fixture could not run. */
  reason?: string;
}

/**
 * Runs every fixture in `folder`, in order of name.
 *
 * @param onRow called after each fixture
 * @throws {UserError} if the folder cannot be read or holds no fixture
 */
export async function checkGolden(
  gpu: Gpu,
  folder: string,
  onRow?: (row: GoldenRow) => void,
): Promise<GoldenRow[]> {
  const rows: GoldenRow[] = [];
  for (const fixture of fixturesOf(folder)) {
    const row = await check(gpu, folder, fixture);
    onRow?.(row);
    rows.push(row);
  }
  return rows;
}

function fixturesOf(folder: string): string[] {
  let entries: Deno.DirEntry[] = [];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch {
    // Reported below as a folder without fixtures.
  }
  const found = entries.filter((e) => !e.isFile).map((e) => e.name).sort();
  if (found.length === 0) {
    throw new UserError(
      `Cannot check parity as '${folder}' must be a folder of fixtures: it holds none`,
    );
  }
  return found;
}

async function check(
  gpu: Gpu,
  folder: string,
  fixture: string,
): Promise<GoldenRow> {
  const path = join(folder, fixture);
  try {
    const rows = await parity(gpu, path);
    return {
      fixture,
      verdict: rows.every((r) => r.holds) ? "holds" : "differs",
      worst: rows.reduce((a, b) => closeness(b) > closeness(a) ? b : a),
    };
  } catch (error) {
    return { fixture, verdict: "fails", reason: (error as Error).message };
  }
}

/**
 * The difference as a fraction of the tolerance; above 1 if it does not hold.
 */
const closeness = ({ holds, difference, tolerance }: ParityRow): number =>
  tolerance === 0 ? (holds ? 0 : Infinity) : difference / tolerance;
