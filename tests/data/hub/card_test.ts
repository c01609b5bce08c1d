import { assertEquals, assertThrows } from "@std/assert";
import { defaultConfig, parseCard } from "../../../src/data/hub/card.ts";

const card = (yaml: string) => parseCard(`---\n${yaml}\n---\n# A set\n`);

Deno.test("parseCard() reads every form of data_files", () => {
  const splits = (
    yaml: string,
  ) => [...card(`configs:\n- config_name: default\n  ${yaml}`)[0].splits!];
  assertEquals(splits("data_files: a/*.parquet"), [["train", ["a/*.parquet"]]]);
  assertEquals(splits("data_files: [a, b]"), [["train", ["a", "b"]]]);
  assertEquals(
    splits(
      "data_files: [{split: train, path: a}, {split: valid, path: [b, c]}]",
    ),
    [["train", ["a"]], ["valid", ["b", "c"]]],
  );
  assertEquals(splits("data_files: {train: a, test: [b]}"), [
    ["train", ["a"]],
    ["test", ["b"]],
  ]);
});

Deno.test("parseCard() reads names, default flags and folders, and finds the default", () => {
  const configs = card(
    "license: mit\nconfigs:\n- config_name: a\n  data_dir: ./x/\n" +
      "- config_name: b\n  default: true\n  data_files: y",
  );
  assertEquals(configs[0], {
    name: "a",
    isDefault: false,
    folder: "x",
    splits: null,
  });
  assertEquals(defaultConfig(configs)?.name, "b");
  assertEquals(defaultConfig(configs.slice(0, 1))?.name, "a");
  const two = card("configs: [{config_name: a}, {config_name: c}]");
  assertEquals(defaultConfig(two), undefined);
  assertEquals(
    defaultConfig([...two, { ...two[0], name: "default" }])?.name,
    "default",
  );
});

Deno.test("parseCard() takes names as they are written", () => {
  const configs = card("configs: [{config_name: 1.10}, {config_name: 010}]");
  assertEquals(configs.map(({ name }) => name), ["1.10", "010"]);
  const [dated] = card(
    "configs:\n- config_name: true\n  data_dir: 2024\n  data_files:\n" +
      "  - {split: 1e3, path: 2023-01-01}\n  - {split: 1.10, path: [1.0, 020]}",
  );
  assertEquals(dated, {
    name: "true",
    isDefault: false,
    folder: "2024",
    splits: new Map([["1e3", ["2023-01-01"]], ["1.10", ["1.0", "020"]]]),
  });
});

Deno.test("parseCard() returns [] without configs", () => {
  for (
    const text of [
      "",
      "# A set",
      "---\nlicense: mit\n---",
      "---\n---\n",
      "---\n- a\n---\n",
    ]
  ) {
    assertEquals(parseCard(text), [], text);
  }
});

Deno.test("parseCard() reports errors in a header", () => {
  const message = (yaml: string) =>
    assertThrows(() => card(yaml), TypeError).message;
  assertEquals(
    message("a: [1").startsWith("its header must be valid YAML: "),
    true,
  );
  const laughs = Array.from(
    { length: 40 },
    (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`,
  );
  assertEquals(
    message(`a0: &a0 [lol]\n${laughs.join("")}configs: *a40`),
    "its header must be valid YAML: it is too large once its aliases are written out",
  );
  assertEquals(
    message("configs: 3"),
    "'configs' in its header must be a list: got 3",
  );
  assertEquals(
    message("configs: [{data_files: [{split: a, path: null}]}]"),
    "'configs[0].data_files[0].path' in its header must be a path or a list of paths: got null",
  );
  assertEquals(
    message("configs: [{data_files: [a, {path: b}]}]"),
    `'configs[0].data_files[0]' in its header must be a split and its path: got "a"`,
  );
});
