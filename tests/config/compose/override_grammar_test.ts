import { assert, assertEquals } from "@std/assert";
import {
  type Override,
  parseOverride,
} from "../../../src/config/compose/override_grammar.ts";
import {
  type FlatConfig,
  flatten,
  isMapping,
} from "../../../src/config/values/flat_config.ts";
import { interpolate } from "../../../src/config/values/interpolate.ts";
import { pythonText } from "../../../src/config/values/scalars.ts";
import { parseYamlFile } from "../../../src/config/values/yaml_file.ts";
import { UserError } from "../../../src/errors.ts";
import { assertRefuses } from "../../helpers/config.ts";

/** A line of what Hydra and OmegaConf read. */
interface Peer {
  override?: string;
  yaml?: string;
  of?: string;
  prefix?: string;
  key?: string;
  package?: string;
  value?: unknown;
  sweep?: boolean;
  refused?: boolean;
}

const PEERS: Peer[] = Deno.readTextFileSync(
  new URL("hydra_overrides.jsonl", import.meta.url),
).trimEnd().split("\n").map((line) => JSON.parse(line));

/** As scripts/peers/hydra_overrides.py writes values. */
function asJson(value: unknown, text: unknown): unknown {
  const inside = (name: string) =>
    typeof text === "object" && text !== null
      ? (text as Record<string, unknown>)[name]
      : undefined;
  if (Array.isArray(value)) {
    return value.map((item, i) => asJson(item, inside(`${i}`)));
  }
  if (isMapping(value)) {
    const entries = Object.entries(value).map(([name, item]) => [
      name,
      asJson(item, inside(name)),
    ]);
    return { mapping: Object.fromEntries(entries) };
  }
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  if (!Number.isFinite(value)) return { number: pythonText(value) };
  return Number.isInteger(value) && value > 2 ** 53 ? { number: text } : value;
}

const read = ({ prefix, key, package: target, value }: Override): unknown => ({
  prefix,
  key,
  ...target !== undefined && { package: target },
  ...value && { value: asJson(value.value, value.text) },
});

/** What Hydra refuses and has a value here, `k=…`: text, or as given. */
const ALSO_READ: [written: string, value?: unknown][] = [
  ["a'b"],
  ["a'"],
  ["it's"],
  [String.raw`a\'b`],
  ["a=b"],
  ["k=v=w"],
  ...["~", "~/data", "a~b", "#x", "a#b", "a;b", "a!b", "a&b", "a<b", "a>b"]
    .map((text): [string] => [text]),
  ["a^b"],
  ["a`b"],
  ["naïve"],
  ["日本"],
  ["https://example.org/a?b=c"],
  ["[ab]*.txt"],
  ["*.{md,txt}"],
  ["{a,b}/*.txt"],
  ["[a]b"],
  ["{a}"],
  ["{:1}"],
  ["int(3)x"],
  ["foo(1)"],
  ["report (1).txt"],
  ["a(b)"],
  ["(a)"],
  ["(0.9, 0.98)"],
  ["${a.${b}}"],
  ["${}"],
  [" 'a' ", "a"],
  ["'it''s'", "it's"],
  ["[/usr/[ab].py]", ["/usr/[ab].py"]],
  ["[*.{md,txt}]", ["*.{md,txt}"]],
  ["[it's.txt]", ["it's.txt"]],
  ["[~/a,b]", ["~/a", "b"]],
  ["[a] ", ["a"]],
  ["[a=b]", ["a=b"]],
  ["{'a':1}", { mapping: { a: 1 } }],
];

Deno.test("parseOverride() reads what Hydra reads, as Hydra does", () => {
  let accepted = 0, refused = 0;
  const also = new Map(ALSO_READ.map(([written, value = written]) => [
    `k=${written}`,
    value,
  ]));
  for (const { override: source, ...hydra } of PEERS) {
    if (source === undefined) continue;
    let here: unknown;
    try {
      here = read(parseOverride(source));
    } catch (error) {
      assert(error instanceof UserError, source);
      here = hydra.sweep && error.message.includes("it is a sweep")
        ? { sweep: true }
        : { refused: true };
    }
    const { sweep, ...rest } = hydra;
    const value = also.get(source);
    if (value !== undefined) {
      assert(hydra.refused, source);
      assertEquals(here, { prefix: "", key: "k", value }, source);
      also.delete(source);
    } else if (source === "=3") assertEquals(here, { refused: true });
    else assertEquals(here, sweep ? { sweep } : rest, source);
    if (hydra.refused) refused++;
    else accepted++;
  }
  assertEquals([...also.keys()], []);
  assert(accepted > 200 && refused > 50, `${accepted}, ${refused}`);
});

Deno.test("interpolate() resolves what OmegaConf resolves, as OmegaConf does", () => {
  const environment = (name: string) =>
    name === "PEER_TEXT" ? "some text" : undefined;
  for (const { yaml, of, value, refused } of PEERS) {
    if (yaml === undefined) continue;
    const file = parseYamlFile(yaml, "f.yaml");
    const flat: FlatConfig = new Map();
    flatten(flat, file.tree, "", file);
    let here: Partial<Peer>;
    try {
      const found = interpolate(flat, { environment }).get(of!)!;
      here = { value: asJson(found.value, found.text) };
    } catch (error) {
      assert(error instanceof UserError, yaml);
      here = { refused: true };
    }
    assertEquals(here, refused ? { refused } : { value }, yaml);
  }
});

Deno.test("parseOverride() keeps the text of every value", () => {
  const textOf = (written: string) => parseOverride(`k=${written}`).value?.text;
  for (
    const text of ["010", "1e-3", "1.10", "+5", ".5", "1_000", "True", "null"]
  ) {
    assertEquals(textOf(text), text);
    assertEquals(textOf(` ${text} `), text);
  }
  assertEquals(textOf("'a b'"), "a b");
  assertEquals(textOf("[010,'2',{a: 1e-3}]"), ["010", "2", { a: "1e-3" }]);
  assertEquals(textOf("str(1e-3)"), "0.001");
});

Deno.test("parseOverride() refuses with what to write", () => {
  const refuses = (source: string, why: string) =>
    assertRefuses(
      () => parseOverride(source),
      `Cannot read the override '${source}' as ${why}`,
    );
  const sweep =
    `it is a sweep, and each of its values must be one run here: a list is written 'key=[a,b]', text with commas "key='a,b'"`;
  refuses("data.files=[a,b],[c,d]", sweep);
  refuses("seed=1,2,3", sweep);
  refuses("seed=range(1,4)", sweep);
  const bracket =
    "brackets must come in pairs: put text with a single bracket in quotes";
  refuses("a=[{b]", bracket);
  refuses("a=b]", bracket);
  refuses("a=['b]", bracket);
  refuses("a='b", "every quote must be closed");
  refuses(
    "a='b'c",
    "text that begins with ' must end with it: inside, a quote is written \\'",
  );
  refuses("a=[b,,c]", "each of its values must be written: '' is empty text");
  refuses("a=int(x)", "int() must get a value that it can convert");
  refuses("a={b:1,c}", "a mapping must be like {key: value}");
  refuses(
    `a=${"[".repeat(52)}${"]".repeat(52)}`,
    "brackets must have at most 50 levels",
  );
});
