/** On which machine, and with which version, was a measurement made? @module */
import { cpus } from "node:os";
import type { Gpu } from "../gpu/device.ts";
import { VERSION } from "../version.ts";

/** The facts that a result needs to be comparable. */
export interface Machine {
  /** Name of the adapter; `none` if no GPU is open. */
  adapter: string;
  driver: string;
  /** Properties of the adapter as `blocksmith devices` prints them. */
  info: Record<string, string | number | boolean>;
  cpu: string;
  cores: number;
  /** Load average of the last minute; above 0, other programs were running. */
  load: number;
  deno: string;
  /** In UTC, to the second. */
  date: string;
  version: string;
  /** Commit of the checkout; with `+` if files differ from it. */
  commit: string;
}

/** Collects the facts; `gpu` is null if no section needs one. */
export function describeMachine(gpu: Gpu | null): Machine {
  const processors = cpus();
  return {
    adapter: gpu?.name ?? "none",
    driver: String(gpu?.info.driver ?? "none"),
    info: gpu?.info ?? {},
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    load: Deno.loadavg()[0],
    deno: Deno.version.deno,
    date: new Date().toISOString().replace(/\.\d+/, ""),
    version: VERSION,
    commit: commitOf(import.meta.dirname) ?? "unknown",
  };
}

/**
 * The commit of the checkout with a folder; undefined outside a checkout.
 */
export function commitOf(here: string | undefined): string | undefined {
  if (!here) return undefined;
  const git = (...args: string[]) => {
    const { success, stdout } = new Deno.Command("git", {
      args,
      cwd: here,
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  try {
    const hash = git("rev-parse", "--short=12", "HEAD");
    return hash && hash + (git("status", "--porcelain") ? "+" : "");
  } catch {
    return undefined;
  }
}
