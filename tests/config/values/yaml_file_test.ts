import { assertEquals } from "@std/assert";
import { parseYamlFile } from "../../../src/config/values/yaml_file.ts";
import { assertRefuses } from "../../helpers/config.ts";

Deno.test("parseYamlFile() knows the line of each key", () => {
  const file = parseYamlFile(
    "# a comment\ndefaults:\n  - model: x\n\nmodel:\n  n_layer: 2 # blocks\n  'n_head': 4\ntrain: { keep: 3 }\nseed: 1\n",
    "f.yaml",
  );
  assertEquals(file.origin("defaults"), "f.yaml:2");
  assertEquals(file.origin("model.n_layer"), "f.yaml:6");
  assertEquals(file.origin("model.n_head"), "f.yaml:7");
  assertEquals(file.origin("train.keep"), "f.yaml:8");
  assertEquals(file.origin("seed"), "f.yaml:9");
  assertEquals(file.origin("absent"), "f.yaml");
});

Deno.test("parseYamlFile() reads every way to write a number", () => {
  const { tree } = parseYamlFile(
    "a: 1e-3\nb: 3e-4\nc: 1.0e-3\nd: 1.e-8\ne: .5\nf: -2E+3\ng: 12",
    "f.yaml",
  );
  assertEquals(Object.values(tree), [1e-3, 3e-4, 1e-3, 1e-8, 0.5, -2000, 12]);
});

Deno.test("parseYamlFile() reads an empty file as no keys", () => {
  assertEquals(parseYamlFile("# nothing yet\n", "f.yaml").tree, {});
});

Deno.test("parseYamlFile() names the line of malformed YAML", () => {
  assertRefuses(
    () => parseYamlFile("a: 1\nb: 2\n c: 3\n", "f.yaml"),
    "Cannot read f.yaml as line 3 must be valid YAML: ",
    { continues: true },
  );
  assertRefuses(
    () => parseYamlFile("a: 1\na: 2\n", "f.yaml"),
    "Cannot read f.yaml as line 2 must be valid YAML: ",
    { continues: true },
  );
});

Deno.test("parseYamlFile() refuses a document that is not a mapping", () => {
  assertRefuses(
    () => parseYamlFile("only text", "f.yaml"),
    "Cannot read f.yaml as it must hold 'key: value' lines: got \"only text\"",
  );
});
