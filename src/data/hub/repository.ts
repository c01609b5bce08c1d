/**
 * A repository of the hub at one commit.
 * @module
 */
import { UserError } from "../../errors.ts";
import { HubCache } from "./cache.ts";
import { HubError, persistently, request } from "./request.ts";
import { type HubSettings, hubSettings } from "./settings.ts";
import { parseTree, type TreeEntry, type TreeFile, treeJson } from "./tree.ts";
import { type HubKind, hubName, isCommit } from "./url.ts";
import { shown } from "./words.ts";

/** Which repository, and where it is kept. */
export interface RepositoryOptions {
  kind: HubKind;
  /** `owner/name`. */
  repo: string;
  /** @default "main" */
  revision?: string;
  cacheDir: string;
  /** Takes notes for the user, one line each. */
  say?: ((line: string) => void) | undefined;
  /** @default those of the environment */
  settings?: Partial<HubSettings>;
}

/** The largest answer taken, in bytes: lists of a million files are below. */
const MAX_ANSWER = 256 * 2 ** 20;
const MAX_PAGES = 10_000;

/** A repository at one commit, whose lists of files are kept. */
export class Repository {
  readonly kind: HubKind;
  readonly repo: string;
  /** As the user named it; for messages. */
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
   * Finds the commit that a revision is at: asks the hub, or, where that cannot
   * be reached, takes the one it was at last.
   *
   * @throws {UserError} if there is none
   */
  static async open(options: RepositoryOptions): Promise<Repository> {
    const { kind, repo, revision = "main", cacheDir, say = () => {} } = options;
    const settings = { ...hubSettings(), ...options.settings };
    const cache = new HubCache(cacheDir);
    const opened = (commit: string) =>
      new Repository({
        kind,
        repo,
        revision,
        commit,
        cache,
        settings,
        say,
      });
    if (isCommit(revision)) return opened(revision);
    const kept = cache.commitOf(kind, repo, revision);
    const url = `${settings.endpoint}/api/${kind}s/${repo}/revision/${
      encodeURIComponent(revision)
    }`;
    try {
      // With a commit at hand there is less to be patient for.
      const tries = kept === null
        ? settings.tries
        : Math.min(2, settings.tries);
      const { value } = await askJson(url, settings, { tries, say });
      const commit = (value as { sha?: unknown } | null)?.sha;
      if (typeof commit !== "string" || !isCommit(commit)) {
        throw new HubError("the hub's answer holds no commit");
      }
      if (commit !== kept) cache.keepCommit(kind, repo, revision, commit);
      return opened(commit);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const lasting = error.status !== undefined && !error.passing;
      if (kept === null || lasting) {
        throw explained(error, { kind, repo, revision }, settings);
      }
      if (!settings.offline) {
        say(
          `note: the hub cannot be reached: using ${
            kept.slice(0, 12)
          } from the cache (${error.message})`,
        );
      }
      return opened(kept);
    }
  }

  /** A file's or the repository's name for messages, as the user gave it. */
  name(path?: string): string {
    const { kind, repo, revision } = this;
    return hubName({ kind, repo, revision, path });
  }
  /** The same at its commit: it names the same bytes for ever. */
  pinned(path?: string): string {
    const { kind, repo, commit } = this;
    return hubName({ kind, repo, revision: commit, path });
  }
  /** Address for people. */
  get page(): string {
    return pageOf(this, this.settings);
  }
  /** Address of a file's bytes. */
  address(path: string): string {
    return `${this.page}/resolve/${this.commit}/${encoded(path)}`;
  }

  /**
   * Lists a folder, sorted by path; [] where there is no such folder.
   *
   * @param folder "" for the root
   * @param deep its folders' files too
   * @throws {UserError} if neither hub nor cache has the list
   */
  async list(folder: string, deep: boolean): Promise<TreeEntry[]> {
    const { kind, repo, commit, cache, settings, say } = this;
    const question = `${deep ? "deep" : "flat"} ${folder}`;
    const kept = cache.tree(kind, repo, commit, question);
    if (kept !== null) {
      try {
        return parseTree(JSON.parse(kept));
      } catch {
        // A damaged list is asked for again.
      }
    }
    const entries: TreeEntry[] = [];
    let next: string | null =
      `${settings.endpoint}/api/${kind}s/${repo}/tree/${commit}` +
      (folder && `/${encoded(folder)}`) + (deep ? "?recursive=true" : "");
    try {
      for (let pages = 0; next !== null; pages++) {
        if (pages >= MAX_PAGES) throw new HubError("its list never ends");
        const answer = await askJson(next, settings, { say });
        entries.push(...parseTree(answer.value));
        next = answer.next;
      }
    } catch (error) {
      if (error instanceof HubError && error.code === "EntryNotFound") {
        return [];
      }
      if (error instanceof TypeError) {
        throw new UserError(`Cannot use ${this.name()} as ${error.message}`);
      }
      throw explained(error, this, settings);
    }
    entries.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
    cache.keepTree(kind, repo, commit, question, treeJson(entries));
    return entries;
  }

  /** Finds one file; null where there is none of that path. */
  async find(path: string): Promise<TreeFile | null> {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    const entries = await this.list(folder, false);
    const found = entries.find((entry) => entry.path === path);
    return found?.type === "file" ? found : null;
  }
}

function pageOf(
  { kind, repo }: { kind: HubKind; repo: string },
  { endpoint }: HubSettings,
): string {
  return `${endpoint}/${kind === "dataset" ? "datasets/" : ""}${repo}`;
}

/** `path` in a URL: all but its slashes encoded. */
function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** Asks for JSON, and for the address of the next page if there is one. */
function askJson(
  url: string,
  settings: HubSettings,
  patience: { tries?: number; say: (line: string) => void },
): Promise<{ value: unknown; next: string | null }> {
  return persistently(settings, async () => {
    const answer = await request(url, settings);
    if (answer.status !== 200) {
      await answer.cancel();
      throw new HubError(`${answer.host} answers ${answer.status}`);
    }
    const decoder = new TextDecoder();
    let text = "", size = 0;
    for await (const bytes of answer.body()) {
      size += bytes.length;
      if (size > MAX_ANSWER) {
        throw new HubError(`${answer.host} answers without an end`);
      }
      text += decoder.decode(bytes, { stream: true });
    }
    text += decoder.decode();
    const link = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(
      answer.headers.get("link") ?? "",
    );
    const next = link && URL.parse(link[1], url);
    try {
      return { value: JSON.parse(text), next: next ? next.href : null };
    } catch {
      // Proxies and log-in pages of networks answer so; cut answers look so.
      throw new HubError(
        `${answer.host} answers with no JSON: got ${
          shown(text.trim().slice(0, 40))
        }`,
        { passing: true },
      );
    }
  }, patience);
}

/** A fault as a line for the user, with what may help; any other error as it is. */
export function explained(
  error: unknown,
  what: { kind: HubKind; repo: string; revision: string; path?: string },
  settings: HubSettings,
): unknown {
  if (!(error instanceof HubError)) return error;
  const { kind, revision } = what;
  const page = pageOf(what, settings);
  const thing = kind === "dataset" ? "set" : "model";
  const access = settings.token === null
    ? "set HF_TOKEN to a token that may read it"
    : "check what the token in HF_TOKEN may read";
  const { status, code, message } = error;
  const hint = settings.offline
    ? ", and the cache does not have it: unset HF_HUB_OFFLINE once to fetch it"
    : code === "GatedRepo" || status === 403
    ? `: its owner lets in those who ask: accept the terms at ${page}, and ${access}`
    : code === "RevisionNotFound"
    ? `: the ${thing} has no revision '${revision}'`
    : code === "EntryNotFound"
    ? ": there is no such file"
    : status === 401 || status === 404
    ? `: there is no such ${thing}, or it is private: ${access}`
    : error.passing
    ? ", and the cache does not have it: try again later"
    : "";
  return new UserError(`Cannot read ${hubName(what)} as ${message}${hint}`, {
    cause: error,
  });
}
