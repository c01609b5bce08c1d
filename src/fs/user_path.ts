/**
 * Paths as people write them: `~` is the home folder, and a relative path
 * starts where it was said. A file that outlives the command holds absolute
 * paths only.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UserError } from "../errors.ts";

/**
 * The user's home folder: `HOME`, else what the system's list of users says;
 * null where neither says.
 */
export function homeFolder(): string | null {
  // Deno's types omit null, its answer for an unknown user.
  return (homedir() as string | null) || null;
}

/**
 * A path with `~`, `~/...` and `~name/...` replaced by that home folder, as a
 * shell does where it sees them. `./~name` is a file of that name.
 *
 * @throws {UserError} if there is no such user, or no home folder
 */
export function expandHome(path: string): string {
  const [, user, rest] = /^~([^/]*)(?:\/+(.*))?$/s.exec(path) ?? [];
  if (user === undefined) return path;
  const home = user === "" ? homeFolder() : homeOf(user);
  if (home) return join(home, rest ?? "");
  throw new UserError(
    user === ""
      ? "Cannot find the home folder as HOME is not set and the system does not know this user: set HOME to a folder that you may write to"
      : `Cannot use the path '${path}' as there is no user '${user}' on this machine: write the folder out, or './${path}' for a file of that name`,
  );
}

function homeOf(user: string): string | undefined {
  let users = "";
  try {
    users = readFileSync("/etc/passwd", "utf8");
  } catch {
    // A system without such a list.
  }
  const fields = users.split("\n").map((line) => line.split(":"));
  return fields.find(([name]) => name === user)?.[5];
}

/**
 * The path from the root of the file system.
 *
 * @param base where a relative path starts, by default the working folder
 * @throws {UserError} as {@linkcode expandHome}, and if the working folder is
 * gone
 */
export function absolutePath(path: string, base?: string): string {
  const expanded = expandHome(path);
  if (isAbsolute(expanded)) return resolve(expanded);
  return resolve(base ?? workingFolder(), expanded);
}

/**
 * The paths in a list such as `PATH`, without empty ones. A name that contains
 * the separator is one path where there is a file or folder of that name.
 *
 * @param isThere whether there is one
 */
export function splitPaths(
  list: string,
  isThere: (path: string) => boolean = existsSync,
): string[] {
  const paths: string[] = [];
  for (let parts = list.split(delimiter); parts.length > 0;) {
    const first = (count: number) => parts.slice(0, count).join(delimiter);
    let count = parts.length;
    while (count > 1 && !isThere(first(count))) count--;
    if (first(count) !== "") paths.push(first(count));
    parts = parts.slice(count);
  }
  return paths;
}

/**
 * The working folder.
 *
 * @throws {UserError} if it was removed, or its path is not UTF-8
 */
export function workingFolder(): string {
  try {
    return Deno.cwd();
  } catch (error) {
    throw new UserError(
      `Cannot work in the current folder as it must exist, with a path in UTF-8: ${
        (error as Error).message
      }; change to another folder`,
      { cause: error },
    );
  }
}

/**
 * A path as messages show it: from the working folder if it lies in there, else
 * unchanged.
 */
export function shortPath(path: string): string {
  if (!isAbsolute(path)) return path;
  try {
    const inside = relative(Deno.cwd(), path);
    const outside = inside === "" || inside === ".." || isAbsolute(inside) ||
      inside.startsWith(`..${sep}`);
    return outside ? path : inside;
  } catch {
    return path;
  }
}
