/**
 * Do overrides say what is trained, or only how? If none says what, the demo is
 * trained.
 * @module
 */
import { configSchemas } from "../schema/schema.ts";
import { isMapping } from "../values/flat_config.ts";
import { fieldOf, keysOf } from "./check.ts";
import { EXPERIMENT, GROUPS } from "./library.ts";
import type { Override } from "./override_grammar.ts";
import { PRECISION_KEYS } from "./settle.ts";

/** What overrides say about what is trained. */
export interface Subject {
  /** The last choice of a model or an experiment; undefined without one. */
  choice?: string | undefined;
  /** The override that decides; undefined if all say how. */
  decidedBy?: string | undefined;
  /**
   * Whether it is only single keys of the model or the data that decide: the
   * user may expect them to change the demo.
   */
  byKeysAlone: boolean;
}

/** Reads what the overrides of a command line say about what is trained. */
export function subjectOf(given: readonly Override[]): Subject {
  const isChoice = ({ key, value }: Override) =>
    GROUPS.includes(key) && !isMapping(value?.value);
  const choices = given.filter((o) =>
    isChoice(o) && (o.key === "model" || o.key === EXPERIMENT)
  );
  const what = given.filter((override) =>
    keysIn(override.key, override.value?.value).some((key) => !saysHow(key))
  );
  const decisive = choices.at(-1) ?? what[0];
  const named = choices.findLast((o) => o.value?.value !== null);
  return {
    choice: named && String(named.value?.text),
    decidedBy: decisive?.source,
    byKeysAlone: what.length > 0 &&
      !what.some(isChoice) &&
      !what.some(({ key }) => key === "data.files" || key === "data.path"),
  };
}

/** The keys that an override sets, those of a mapping by themselves. */
function keysIn(key: string, value: unknown): string[] {
  return isMapping(value)
    ? Object.entries(value).flatMap(([name, item]) =>
      keysIn(`${key}.${name}`, item)
    )
    : [key];
}

/** Whether a key, or each key of a section, says how a run is done. */
function saysHow(key: string): boolean {
  if (PRECISION_KEYS.includes(key)) return true;
  const schema = configSchemas.gpt2;
  const keys = keysOf(schema).filter((name) =>
    name === key || name.startsWith(`${key}.`)
  );
  return keys.length > 0 && keys.every((name) => fieldOf(schema, name)?.isHow);
}
