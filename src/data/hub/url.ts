/**
 * Names of what is on the hub, as the user writes them.
 * @module
 */
import { UserError } from "../../errors.ts";

/** Models, or sets of data. */
export type HubKind = "model" | "dataset";

/** A repository at a revision, and maybe a place in it. */
export interface HubUrl {
  /** `owner/name`; old sets have no owner. */
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
  /** File, folder, configuration or glob. */
  path?: string;
}

const SCHEME = "hf://datasets/";
const RULE = "hf://datasets/<owner>/<name>[@<revision>][/<path or glob>]";
const MAIN = "main";

/**
 * Takes apart `hf://datasets/<owner>/<name>[@revision][/path or glob]`; slashes
 * in the revision are written `%2F`.
 *
 * @throws {UserError} on any other text
 */
export function parseHubUrl(text: string): HubUrl {
  const refuse = (reason: string): never => {
    throw new UserError(
      `Cannot read ${JSON.stringify(text)} as ${reason}: write ${RULE}`,
    );
  };
  if (!text.startsWith(SCHEME)) refuse("it must name a set of the hub");
  const match = /^([^/@]+)(?:\/([^/@]+))?(?:@([^/]*))?(?:\/(.*))?$/s.exec(
    text.slice(SCHEME.length),
  );
  if (!match) return refuse("it must name an owner and a set");
  const [, first, second, written, rest = ""] = match;
  const repo = second === undefined ? first : `${first}/${second}`;
  if (!isRepo(repo)) refuse(`${JSON.stringify(repo)} is no name of a set`);

  let revision = MAIN, path = rest;
  if (written !== undefined) {
    try {
      revision = decodeURIComponent(written);
    } catch {
      refuse(`its revision ${JSON.stringify(written)} must be percent-encoded`);
    }
    // These two kinds of branch are common enough to be known unencoded too.
    const special = /^(refs\/(?:convert\/[^/]+|pr\/\d+))(?:\/(.*))?$/s.exec(
      `${revision}/${rest}`,
    );
    if (written === "refs" && special) {
      [, revision, path = ""] = special;
    }
    if (!isRevision(revision)) {
      refuse(`${JSON.stringify(revision)} is no branch, tag or commit`);
    }
  }
  path = path.replace(/\/+$/, "");
  if (path === "") return { repo, revision };
  if (!isPath(path)) {
    refuse(`${JSON.stringify(path)} is no place inside of a set`);
  }
  return { repo, revision, path };
}

/**
 * Takes apart `<owner>/<name>[@revision]`, or `<name>[@revision]` for the few
 * that have no owner; null for what cannot be a name on the hub.
 */
export function parseHubName(
  text: string,
): { repo: string; revision: string } | null {
  const at = text.indexOf("@");
  const repo = at < 0 ? text : text.slice(0, at);
  let revision = MAIN;
  try {
    if (at >= 0) revision = decodeURIComponent(text.slice(at + 1));
  } catch {
    return null;
  }
  return isRepo(repo) && isRevision(revision) ? { repo, revision } : null;
}

/** Whether the hub allows a repository to be called so. */
function isRepo(repo: string): boolean {
  const parts = repo.split("/");
  return parts.length <= 2 &&
    parts.every((part) =>
      /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/.test(part) &&
      !part.includes("--") && !part.includes("..")
    );
}

/** Whether git allows a branch, tag or commit to be called so. */
function isRevision(revision: string): boolean {
  return /^[^\p{Cc}\s~^:?*[\\]{1,200}$/u.test(revision) &&
    revision.isWellFormed() &&
    revision.split("/").every((part) =>
      part !== "" && !part.startsWith(".") && !part.includes("..")
    );
}

/** Whether a path stays inside of its repository, on any system. */
export function isPath(path: string): boolean {
  return path.length <= 4096 && path.isWellFormed() &&
    !/[\p{Cc}\p{Zl}\p{Zp}\\]|^[A-Za-z]:/u.test(path) &&
    path.split("/").every((part) =>
      part !== "" && part !== "." && part !== ".."
    );
}

/** Whether it is a commit's full name, which never moves. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** A repository, or a file in it, as messages and fingerprints name it. */
export function hubName(
  { kind, repo, revision, path }: {
    kind: HubKind;
    repo: string;
    revision?: string;
    path?: string | undefined;
  },
): string {
  return (kind === "dataset" ? SCHEME : "hf://") + repo +
    (revision === undefined || revision === MAIN
      ? ""
      : "@" + encodeURIComponent(revision)) +
    (path === undefined ? "" : "/" + path);
}
