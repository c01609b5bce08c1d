/** Scripts of `scripts/`, run as processes: what only a killed one can show. */
import { script } from "./files.ts";

/** Starts a script of `scripts/`; standard output is piped. */
export function start(name: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script(name), ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Waits until a child has written its first bytes, and returns them. */
export async function firstWord(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return new TextDecoder().decode(value).trim();
}

/**
 * Words before a command that may not do what permissions forbid, as root may.
 */
export const PLAIN: readonly string[] = Deno.uid() === 0
  ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
  : [];

/** Whether they work here: root needs setpriv to give its powers up. */
export const canBePlain: boolean = PLAIN.length === 0 ||
  await new Deno.Command(PLAIN[0], {
    args: [...PLAIN.slice(1), "true"],
    stderr: "null",
  }).output().then(({ success }) => success, () => false);

/**
 * Runs a script of `sh`, to its first failure, in a namespace where it may
 * mount and whose mounts end with it.
 */
export function inNamespace(
  script: string,
  env: Record<string, string> = {},
): Promise<Deno.CommandOutput> {
  return new Deno.Command("unshare", {
    args: ["--map-root-user", "--mount", "sh", "-ec", script],
    env: { NO_COLOR: "1", ...env },
  }).output();
}

/** Whether {@linkcode inNamespace} works here: some containers forbid it. */
export const canMount: boolean = await inNamespace(
  "mount -t tmpfs none /mnt",
).then(({ success }) => success, () => false);
