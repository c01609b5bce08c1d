/** What a measurement was made on. @module */
import { cpus } from "node:os";
import type { Gpu } from "../gpu/device.ts";
import { VERSION } from "../version.ts";
import { vulkanDriver } from "./vulkan_driver.ts";

/** Facts that a result means nothing without. */
export interface Machine {
  /** `none` where no GPU was asked for. */
  adapter: string;
  driver: string;
  /** Facts of the adapter as `blocksmith devices` shows them. */
  info: Record<string, string | number | boolean>;
  cpu: string;
  cores: number;
  /** Processes that wanted a core, on the average of the last minute: above 0, others were at work. */
  load: number;
  deno: string;
  /** In UTC, to the second. */
  date: string;
  version: string;
  /** Of the checkout; `+` where files differ from it. */
  commit: string;
}

/** Asks for all of them. */
export function describeMachine(gpu: Gpu | null): Machine {
  const processors = cpus();
  return {
    adapter: gpu?.name ?? "none",
    driver: gpu ? vulkanDriver(gpu.name) ?? "unknown" : "none",
    info: gpu?.info ?? {},
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    load: Deno.loadavg()[0],
    deno: Deno.version.deno,
    date: new Date().toISOString().replace(/\.\d+/, ""),
    version: VERSION,
    commit: commit() ?? "unknown",
  };
}

/** The commit of the checkout that this module lies in, if it lies in one. */
function commit(): string | undefined {
  const here = import.meta.dirname;
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
