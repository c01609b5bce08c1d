/**
 * Defaults lists: which files make up a config, and in which order?
 * @module
 */
import { UserError } from "../../errors.ts";
import { quoted } from "../../terminal/quote.ts";
import { textAt } from "../../yaml/parse_yaml.ts";
import {
  COMMAND_LINE,
  type FlatConfig,
  flatten,
  formatValue,
  isMapping,
} from "../values/flat_config.ts";
import { nearest } from "../values/nearest.ts";
import type { YamlFile } from "../values/yaml_file.ts";
import { EXPERIMENT, GROUPS, type Library } from "./library.ts";

/** One line of a defaults list. */
type Entry =
  /** The file's own keys; last if the list does not name `_self_`. */
  | { kind: "self" }
  /** In `config.yaml`, `group: choice`; in a group's file, `choice`. */
  | { kind: "file"; group: string; choice: string | null }
  /** In an experiment, `override /group: choice`. */
  | { kind: "override"; group: string; choice: string | null };

/**
 * Merges `config.yaml` and all files that the defaults lists name; later files
 * override earlier ones. A group's choice comes from the command line, else
 * from the experiment's `override`, else from `config.yaml`.
 *
 * @param choices the command line's choices, by group
 * @throws {UserError} on unknown groups and choices, cycles and malformed files
 */
export function mergeFiles(
  library: Library,
  choices: ReadonlyMap<string, string | null>,
): FlatConfig {
  const root = library.root();
  const entries = entriesOf(root, undefined);
  const chosen = choose(library, entries, root.origin("defaults"), choices);
  for (const group of chosen.keys()) {
    if (entries.some((e) => e.kind === "file" && e.group === group)) continue;
    // Chosen but not listed: it overrides the listed files, and the experiment
    // overrides it.
    const last = entries.findIndex((e) =>
      e.kind === "file" && e.group === EXPERIMENT
    );
    const at = last < 0 ? entries.length : last;
    entries.splice(at, 0, { kind: "file", group, choice: null });
  }

  const flat: FlatConfig = new Map();
  for (const entry of entries) {
    if (entry.kind === "self") addFile(flat, root, "");
    if (entry.kind !== "file") continue;
    const { choice, origin } = chosen.get(entry.group)!;
    if (choice === null) continue;
    const file = library.file(entry.group, choice, origin);
    const prefix = entry.group === EXPERIMENT ? "" : entry.group;
    walk(library, file, entry.group, [], (part, self) => {
      if (part.kind === "self") addFile(flat, self, prefix);
    });
  }
  return flat;
}

/** Group to its choice, and the origin of the choice. */
type Chosen = Map<string, { choice: string | null; origin: string }>;

/**
 * The choice of every group: as listed, overridden by the experiment,
 * overridden by the command line.
 */
function choose(
  library: Library,
  listed: readonly Entry[],
  listOrigin: string,
  choices: ReadonlyMap<string, string | null>,
): Chosen {
  const chosen: Chosen = new Map();
  for (const entry of listed) {
    if (entry.kind !== "file") continue;
    chosen.set(entry.group, { choice: entry.choice, origin: listOrigin });
  }
  const commanded = choices.get(EXPERIMENT);
  const experiment = commanded === undefined
    ? chosen.get(EXPERIMENT)
    : { choice: commanded, origin: COMMAND_LINE };
  if (experiment && experiment.choice !== null) {
    const { choice, origin } = experiment;
    const file = library.file(EXPERIMENT, choice!, origin);
    walk(library, file, EXPERIMENT, [], (entry, self) => {
      if (entry.kind !== "override") return;
      const origin = self.origin("defaults");
      chosen.set(entry.group, { choice: entry.choice, origin });
    });
  }
  for (const [group, choice] of choices) {
    chosen.set(group, { choice, origin: COMMAND_LINE });
  }
  return chosen;
}

/**
 * Calls `visit` for each entry of a group's file and of the files it inherits,
 * in order.
 */
function walk(
  library: Library,
  file: YamlFile,
  group: string,
  chain: readonly string[],
  visit: (entry: Entry, file: YamlFile) => void,
): void {
  const path = [...chain, file.path];
  if (chain.includes(file.path)) {
    throw new UserError(
      `Cannot compose ${file.path} as a file must not inherit from itself: ${
        path.join(" -> ")
      }`,
    );
  }
  const origin = file.origin("defaults");
  for (const entry of entriesOf(file, group)) {
    visit(entry, file);
    if (entry.kind === "file" && entry.choice !== null) {
      const inherited = library.file(group, entry.choice, origin);
      walk(library, inherited, group, path, visit);
    }
  }
}

function addFile(flat: FlatConfig, file: YamlFile, prefix: string): void {
  const { defaults: _, ...own } = file.tree;
  // The file's own keys do not have the group's name as a prefix.
  flatten(
    flat,
    own,
    prefix,
    {
      ...file,
      origin: (key) => file.origin(prefix ? key.slice(prefix.length + 1) : key),
    },
  );
}

/**
 * Parses the defaults list of a file; `group` is undefined for `config.yaml`.
 */
function entriesOf(file: YamlFile, group: string | undefined): Entry[] {
  const list = file.tree.defaults ?? [];
  const origin = file.origin("defaults");
  if (!Array.isArray(list)) {
    throw new UserError(
      `Cannot read 'defaults' as it must be a list: got ${
        formatValue(list)
      } (${origin})`,
    );
  }
  const texts = textAt(file.texts, "defaults");
  const entries = list.map((item, i) =>
    entryOf(item, textAt(texts, `${i}`), group, origin)
  );
  if (!entries.some((entry) => entry.kind === "self")) {
    entries.push({ kind: "self" });
  }
  return entries;
}

/** @param text the entry with its text: a choice may look like a number */
function entryOf(
  item: unknown,
  text: unknown,
  group: string | undefined,
  origin: string,
): Entry {
  if (item === "_self_") return { kind: "self" };
  if (group !== undefined && item !== null && typeof text === "string") {
    return { kind: "file", group, choice: text };
  }
  if (isMapping(item) && Object.keys(item).length === 1) {
    const [[name, value]] = Object.entries(item);
    const choice = value === null ? null : String(textAt(text, name) ?? value);
    const override = /^override \/?(\w+)$/.exec(name);
    if (group === undefined && !override) {
      return { kind: "file", group: knownGroup(name, origin), choice };
    }
    if (group === EXPERIMENT && override) {
      const other = knownGroup(override[1], origin);
      if (other !== EXPERIMENT) {
        return { kind: "override", group: other, choice };
      }
    }
  }
  const allowed = group === undefined
    ? "'group: choice' or '_self_'"
    : group === EXPERIMENT
    ? "the name of another experiment, 'override /group: choice' or '_self_'"
    : `the name of another file of ${group}/ or '_self_'`;
  throw new UserError(
    `Cannot read 'defaults' as each of its lines must be ${allowed}: got ${
      formatValue(item)
    } (${origin})`,
  );
}

function knownGroup(name: string, origin: string): string {
  if (GROUPS.includes(name)) return name;
  throw new UserError(
    `Cannot read 'defaults' as ${quoted(name)} must be one of the groups ${
      GROUPS.join(", ")
    }: the nearest is '${nearest(name, GROUPS)}' (${origin})`,
  );
}
