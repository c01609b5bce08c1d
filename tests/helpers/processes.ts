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
