/**
 * Parses and formats the names of Hub repositories and files.
 * @module
 */
import { UserError } from "../../errors.ts";

/** Kind of a repository. */
export type HubKind = "model" | "dataset";

/** A repository at a revision, with an optional path. */
export interface HubUrl {
  /** `owner/name`; old datasets have no owner. */
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Path of a file or folder, name of a configuration, or glob. */
  path?: string;
}

const SCHEME = "hf://datasets/";
const SYNTAX = "hf://datasets/<owner>/<name>[@<revision>][/<path or glob>]";
const MAIN = "main";

/**
 * Parses `hf://datasets/<owner>/<name>[@revision][/path or glob]`; slashes in
 * the revision are written `%2F`.
 *
 * @throws {UserError} on any other text
 */
export function parseHubUrl(text: string): HubUrl {
  const refuse = (reason: string): never => {
    throw new UserError(
      `Cannot read ${JSON.stringify(text)} as ${reason}: write ${SYNTAX}`,
    );
  };
  if (!text.startsWith(SCHEME)) refuse("it must name a Hub dataset");
  const match = /^([^/@]+)(?:\/([^/@]+))?(?:@([^/]*))?(?:\/(.*))?$/s.exec(
    text.slice(SCHEME.length),
  );
  if (!match) return refuse("it must name an owner and a dataset");
  const [, first, second, written, rest = ""] = match;
  const repo = second === undefined ? first : `${first}/${second}`;
  if (!isRepoName(repo)) {
    refuse(`${JSON.stringify(repo)} is not the name of a dataset`);
  }

  let revision = MAIN, path = rest;
  if (written !== undefined) {
    try {
      revision = decodeURIComponent(written);
    } catch {
      refuse(`its revision ${JSON.stringify(written)} must be percent-encoded`);
    }
    // These two kinds of branch are common, so they are accepted unencoded.
    const special = /^(refs\/(?:convert\/[^/]+|pr\/\d+))(?:\/(.*))?$/s.exec(
      `${revision}/${rest}`,
    );
    if (written === "refs" && special) {
      [, revision, path = ""] = special;
    }
    if (!isRevisionName(revision)) {
      refuse(`${JSON.stringify(revision)} is not a branch, tag or commit`);
    }
  }
  path = path.replace(/\/+$/, "");
  if (path === "") return { repo, revision };
  if (!isSafePath(path)) {
    refuse(`${JSON.stringify(path)} is not a path inside a dataset`);
  }
  return { repo, revision, path };
}

/**
 * Parses `<owner>/<name>[@revision]`, or `<name>[@revision]` for the few
 * repositories without an owner; null if it cannot name a repository.
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
  return isRepoName(repo) && isRevisionName(revision)
    ? { repo, revision }
    : null;
}

/** Whether the Hub allows this repository name. */
function isRepoName(repo: string): boolean {
  const parts = repo.split("/");
  return parts.length <= 2 &&
    parts.every((part) =>
      /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/.test(part) &&
      !part.includes("--") && !part.includes("..")
    );
}

/** Whether git allows this name of a branch, tag or commit. */
function isRevisionName(revision: string): boolean {
  return /^[^\p{Cc}\s~^:?*[\\]{1,200}$/u.test(revision) &&
    revision.isWellFormed() &&
    revision.split("/").every((part) =>
      part !== "" && !part.startsWith(".") && !part.includes("..")
    );
}

/** Whether a path stays inside its repository on every operating system. */
export function isSafePath(path: string): boolean {
  return path.length <= 4096 && path.isWellFormed() &&
    !/[\p{Cc}\p{Zl}\p{Zp}\\]|^[A-Za-z]:/u.test(path) &&
    path.split("/").every((part) =>
      part !== "" && part !== "." && part !== ".."
    );
}

/** Whether a revision is a full commit hash, which never changes. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** Formats the name of a repository or file for messages and fingerprints. */
export function formatHubName(
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
