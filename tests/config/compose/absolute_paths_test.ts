import { assertEquals, assertThrows } from "@std/assert";
import { homedir } from "node:os";
import { resolve } from "node:path";
import {
  absoluteSource,
  compose,
  fromYaml,
  printConfig,
} from "../../../src/config/mod.ts";
import { TOKENIZER_NAMES } from "../../../src/data/mod.ts";
import { UserError } from "../../../src/errors.ts";
import { configOf, withFolder } from "../../helpers/config.ts";

const home = homedir();

Deno.test("compose() makes every path of the command line absolute", () => {
  const { data, run } = configOf(
    "data.files=[a,./b/,~/c,/d/../e,-]",
    "data.valid_files=[v/*.md]",
    "data.tokenizer=t.json",
    "data.cache=~/k",
    "run=runs/../x",
  );
  assertEquals(data.files, [
    resolve("a"),
    resolve("b"),
    `${home}/c`,
    "/e",
    "-",
  ]);
  assertEquals(data.valid_files, [resolve("v/*.md")]);
  assertEquals(data.tokenizer, resolve("t.json"));
  assertEquals([data.cache, run], [`${home}/k`, resolve("x")]);
  const fairseq = configOf("data.path=a:~/b::/c", "data.bpe=./p").data;
  assertEquals(fairseq.path, `${resolve("a")}:${home}/b:/c`);
  assertEquals(fairseq.bpe, resolve("p"));
  const { cache, bpe } = configOf("data.files=[x]").data;
  assertEquals([cache, bpe], [null, null]);
});

Deno.test("compose() leaves names alone that are no paths", () => {
  const tokenizers = [...TOKENIZER_NAMES, "owner/name", "owner/name@main"];
  for (const name of tokenizers) {
    assertEquals(configOf(`data.tokenizer=${name}`).data.tokenizer, name);
    assertEquals(configOf(`data.path=/x`, `data.bpe=${name}`).data.bpe, name);
  }
  const urls = ["hf://datasets/a/b/*.txt", "https://huggingface.co/a"];
  assertEquals(configOf(`data.files=[${urls}]`).data.files, urls);
  assertEquals(configOf("data=codeparrot").data.files, [
    "hf://datasets/huggingface-course/codeparrot-ds-train",
  ]);
});

Deno.test("compose() takes a tokenizer for a path where there is such a file", () => {
  withFolder({ "owner/name": "", "byte": "", "a:b/x": "" }, (folder) => {
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      const here = Deno.cwd();
      const of = (name: string) =>
        configOf(`data.tokenizer=${name}`).data.tokenizer;
      assertEquals(of("owner/name"), `${here}/owner/name`);
      assertEquals(of("owner/other"), "owner/other");
      assertEquals(of("byte"), "byte");
      // So is a folder with the separator of folders in its name.
      assertEquals(configOf("data.path=a:b").data.path, `${here}/a:b`);
    } finally {
      Deno.chdir(before);
    }
  });
});

Deno.test("compose() starts a file's paths at the file, and references see them", () => {
  withFolder({
    "experiment/mine.yaml": `
run: runs/\${seed}
data:
  name: files
  files: [../texts, "~/more/*.txt", "\${data.cache}/x"]
  cache: \${run}/cache
  tokenizer: ../t.json
`,
  }, (folder) => {
    const of = (...overrides: string[]) =>
      compose({
        overrides: ["experiment=mine", ...overrides],
        configDir: folder,
      }).config;
    const { run, data } = of("seed=7");
    assertEquals(run, `${folder}/experiment/runs/7`);
    assertEquals(data.cache, `${run}/cache`);
    assertEquals(data.files, [
      `${folder}/texts`,
      `${home}/more/*.txt`,
      `${run}/cache/x`,
    ]);
    assertEquals(data.tokenizer, `${folder}/t.json`);
    assertEquals(of("run=r").data.cache, `${resolve("r")}/cache`);
  });
});

Deno.test("fromYaml() reads relative entries from the working folder, and absolute ones unchanged", () => {
  const { yaml, config } = compose({ overrides: ["data.files=[a/*.txt]"] });
  assertEquals(printConfig(fromYaml(yaml, "config.yaml")), yaml);
  const old = yaml.replace(resolve("a/*.txt"), "a/*.txt");
  assertEquals(fromYaml(old, "config.yaml"), config);
});

Deno.test("compose() names what says a path that cannot be", () => {
  assertThrows(
    () => configOf("data.cache=~nobody-here/x"),
    UserError,
    "there is no user 'nobody-here' on this machine: write the folder out, or './~nobody-here/x' for a file of that name (on the command line)",
  );
});

Deno.test("absoluteSource() keeps a glob's patterns as they are", () => {
  const of = (text: string) => absoluteSource(text, "/a[1]");
  assertEquals(of("b/../c/*.txt"), "/a[1]/c/*.txt");
  assertEquals(of("*/../c"), "/a[1]/*/../c");
  assertEquals(of("**"), "/a[1]/**");
  assertEquals(of("/*.txt"), "/*.txt");
  assertEquals(of("../{b,c}/d/"), "/{b,c}/d/");
  assertEquals(of("/x/[b]/y"), "/x/[b]/y");
  assertEquals(of("b c"), "/a[1]/b c");
});
