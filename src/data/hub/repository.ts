/**
 * A repository of the Hub at one commit: its names, URLs and file lists.
 * @module
 */
import { UserError } from "../../errors.ts";
import { shown } from "../../terminal/quote.ts";
import { HubCache } from "./cache.ts";
import { HubError, requestHub, withRetries } from "./request.ts";
import { type HubSettings, hubSettings } from "./settings.ts";
import {
  parseTree,
  serializeTree,
  type TreeEntry,
  type TreeFile,
} from "./tree.ts";
import { formatHubName, type HubKind, isCommit } from "./url.ts";

/** Which repository, and the cache to use. */
export interface RepositoryOptions {
  kind: HubKind;
  /** `owner/name`. */
  repo: string;
  /** @default "main" */
  revision?: string;
  cacheDir: string;
  /** Receives notes for the user, one line each. */
  say?: ((line: string) => void) | undefined;
  /** @default settings from the environment */
  settings?: Partial<HubSettings>;
}

/**
 * Maximum size of a JSON response in bytes: a page of the Hub has a thousand
 * files in less than 1 MB, and 300,000 files in one page are smaller.
 */
const MAX_RESPONSE_BYTES = 128 * 2 ** 20;
/** Most files and folders in a list, at about 300 bytes of memory each. */
const MAX_ENTRIES = 1_000_000;
/** Pages of the Hub have a thousand entries. */
const MAX_PAGES = 2000;

/** A repository at one commit; its file lists are cached. */
export class Repository {
  readonly kind: HubKind;
  readonly repo: string;
  /** As given by the user, for messages. */
  readonly revision: string;
  readonly commit: string;
  readonly cache: HubCache;
  readonly settings: HubSettings;
  readonly say: (line: string) => void;

  private constructor(
    options:
      & Required<Omit<RepositoryOptions, "settings" | "cacheDir" | "say">>
      & {
        say: (line: string) => void;
        cache: HubCache;
        settings: HubSettings;
        commit: string;
      },
  ) {
    this.kind = options.kind;
    this.repo = options.repo;
    this.revision = options.revision;
    this.commit = options.commit;
    this.cache = options.cache;
    this.settings = options.settings;
    this.say = options.say;
  }

  /**
   * Resolves a revision to its commit: asks the Hub or, if it cannot be
   * reached, uses the last known commit.
   *
   * @throws {UserError} if the revision does not exist or is not known
   */
  static async open(options: RepositoryOptions): Promise<Repository> {
    const { kind, repo, revision = "main", cacheDir, say = () => {} } = options;
    const settings = { ...hubSettings(), ...options.settings };
    const cache = new HubCache(cacheDir);
    const atCommit = (commit: string) =>
      new Repository({
        kind,
        repo,
        revision,
        commit,
        cache,
        settings,
        say,
      });
    if (isCommit(revision)) return atCommit(revision);
    const cached = cache.readCommit(kind, repo, revision);
    const url = `${settings.endpoint}/api/${kind}s/${repo}/revision/${
      encodeURIComponent(revision)
    }`;
    try {
      // With a cached commit, fewer attempts are worth their time.
      const maxAttempts = cached === null
        ? settings.maxAttempts
        : Math.min(2, settings.maxAttempts);
      const { value } = await fetchJson(url, settings, {
        maxAttempts,
        say,
      });
      const commit = (value as { sha?: unknown } | null)?.sha;
      if (typeof commit !== "string" || !isCommit(commit)) {
        throw new HubError("the Hub's response has no commit");
      }
      if (commit !== cached) cache.saveCommit(kind, repo, revision, commit);
      return atCommit(commit);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const isPermanent = error.status !== undefined && !error.retryable;
      if (cached === null || isPermanent) {
        throw toUserError(error, { kind, repo, revision }, settings);
      }
      if (!settings.offline) {
        say(
          `note: the Hub cannot be reached: using ${
            cached.slice(0, 12)
          } from the cache (${error.message})`,
        );
      }
      return atCommit(cached);
    }
  }

  /**
   * Name of a file or of the repository for messages, with the revision as the
   * user gave it.
   */
  name(path?: string): string {
    const { kind, repo, revision } = this;
    return formatHubName({ kind, repo, revision, path });
  }
  /**
   * Name of a file or of the repository at its commit: it always refers to the
   * same bytes.
   */
  pinnedName(path?: string): string {
    const { kind, repo, commit } = this;
    return formatHubName({ kind, repo, revision: commit, path });
  }
  /** URL of the web page. */
  get pageUrl(): string {
    return repositoryPage(this, this.settings);
  }
  /** Download URL of a file. */
  fileUrl(path: string): string {
    return `${this.pageUrl}/resolve/${this.commit}/${encodePath(path)}`;
  }

  /**
   * Lists a folder, sorted by path; [] if the folder does not exist.
   *
   * @param folder "" for the root
   * @param recursive whether to include the content of subfolders
   * @throws {UserError} if neither the Hub nor the cache provides the list
   */
  async listFolder(folder: string, recursive: boolean): Promise<TreeEntry[]> {
    const { kind, repo, commit, cache, settings, say } = this;
    const listing = `${recursive ? "deep" : "flat"} ${folder}`;
    const cached = cache.readTree(kind, repo, commit, listing);
    if (cached !== null) {
      try {
        return parseTree(JSON.parse(cached));
      } catch {
        // A damaged list is requested again.
      }
    }
    const entries: TreeEntry[] = [];
    const seen = new Set<string>();
    let next: string | null =
      `${settings.endpoint}/api/${kind}s/${repo}/tree/${commit}` +
      (folder && `/${encodePath(folder)}`) +
      (recursive ? "?recursive=true" : "");
    try {
      while (next !== null) {
        if (seen.size >= MAX_PAGES || seen.has(next)) {
          throw new HubError("its file list does not end");
        }
        seen.add(next);
        const response = await fetchJson(next, settings, { say });
        for (const entry of parseTree(response.value)) entries.push(entry);
        if (entries.length > MAX_ENTRIES) {
          throw new HubError(
            `its file list has more than ${MAX_ENTRIES} entries`,
          );
        }
        next = response.next;
      }
    } catch (error) {
      if (error instanceof HubError && error.code === "EntryNotFound") {
        return [];
      }
      if (error instanceof TypeError) {
        throw new UserError(`Cannot use ${this.name()} as ${error.message}`);
      }
      throw toUserError(error, this, settings);
    }
    entries.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
    cache.saveTree(kind, repo, commit, listing, serializeTree(entries));
    return entries;
  }

  /** Finds one file; null if no file has that path. */
  async findFile(path: string): Promise<TreeFile | null> {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    const entries = await this.listFolder(folder, false);
    const found = entries.find((entry) => entry.path === path);
    return found?.type === "file" ? found : null;
  }
}

function repositoryPage(
  { kind, repo }: { kind: HubKind; repo: string },
  { endpoint }: HubSettings,
): string {
  return `${endpoint}/${kind === "dataset" ? "datasets/" : ""}${repo}`;
}

/** Percent-encodes a path for a URL, except its slashes. */
function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Fetches JSON, and the URL of the next page if there is one. */
function fetchJson(
  url: string,
  settings: HubSettings,
  patience: { maxAttempts?: number; say: (line: string) => void },
): Promise<{ value: unknown; next: string | null }> {
  return withRetries(settings, async () => {
    const response = await requestHub(url, settings);
    if (response.status !== 200) {
      await response.cancel();
      throw new HubError(
        `${response.host} responds with status ${response.status}`,
      );
    }
    const decoder = new TextDecoder();
    let text = "", size = 0;
    for await (const bytes of response.body()) {
      size += bytes.length;
      if (size > MAX_RESPONSE_BYTES) {
        throw new HubError(`${response.host} sends an endless response`);
      }
      text += decoder.decode(bytes, { stream: true });
    }
    text += decoder.decode();
    const link = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(
      response.headers.get("link") ?? "",
    );
    const next = link && URL.parse(link[1], url);
    try {
      return { value: JSON.parse(text), next: next ? next.href : null };
    } catch {
      // Proxies and network login pages respond with HTML; truncated responses
      // look the same.
      throw new HubError(
        `${response.host} must respond with JSON: got ${
          shown(text.trim().slice(0, 40))
        }`,
        { retryable: true },
      );
    }
  }, patience);
}

/**
 * Converts a {@linkcode HubError} to a `UserError` with a hint; returns any
 * other error unchanged.
 */
export function toUserError(
  error: unknown,
  what: { kind: HubKind; repo: string; revision: string; path?: string },
  settings: HubSettings,
): unknown {
  if (!(error instanceof HubError)) return error;
  const { kind, revision } = what;
  const page = repositoryPage(what, settings);
  const kindName = kind === "dataset" ? "dataset" : "model";
  const access = settings.token === null
    ? "set HF_TOKEN to a token with read access"
    : "check that the token in HF_TOKEN has read access";
  const { status, code, message } = error;
  const hint = settings.offline
    ? ", and the cache does not have it: unset HF_HUB_OFFLINE once to fetch it"
    : code === "GatedRepo" || status === 403
    ? `: its owner restricts access: accept the terms at ${page}, and ${access}`
    : code === "RevisionNotFound"
    ? `: the ${kindName} has no revision '${revision}'`
    : code === "EntryNotFound"
    ? ": there is no such file"
    : status === 401 || status === 404
    ? `: there is no such ${kindName}, or it is private: ${access}`
    : error.retryable
    ? ", and the cache does not have it: try again later"
    : "";
  return new UserError(
    `Cannot read ${formatHubName(what)} as ${message}${hint}`,
    { cause: error },
  );
}
