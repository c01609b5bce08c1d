import { assert } from "@std/assert";
import { fails, isThere, workshop } from "../helpers/cli.ts";

/** Arguments that are added to a valid command line, and their errors. */
const WRONG: [words: string, message: RegExp][] = [
  [
    "model.n_heads=4",
    /Cannot set 'model\.n_heads' as it must be a known key: the nearest is 'model\.n_head' \(on the command line\)$/,
  ],
  ["modle.n_head=4", /Cannot set 'modle\.n_head' as .* 'model\.n_head'/],
  [
    "model.n_head=two",
    /Cannot set 'model\.n_head' as it must be an integer of 1 or more: got "two" \(on the command line\)$/,
  ],
  ["model.n_layer=1.5", /'model\.n_layer' as it must be an integer of 1/],
  ["train.learning_rate=-1", /'train\.learning_rate' as it must be/],
  ["train.max_steps=0", /'train\.max_steps' as it must be an integer of 1/],
  [
    "model.n_embd=770 model.n_head=12",
    /Cannot split heads as 'model\.n_embd' must be a multiple of 'model\.n_head': got 770 and 12$/,
  ],
  [
    "model.context_length=64",
    /Cannot place tokens as 'model\.context_length' must be at most 'model\.n_positions': got 64 and 16$/,
  ],
  [
    "model=defualt",
    /Cannot choose 'model=defualt' as 'model' must be one of .*: the nearest is 'default'/,
  ],
  ["experiment=dmeo", /Cannot choose 'experiment=dmeo' .* 'demo'/],
  [
    "model.norm_type=batchnorm",
    /Cannot set 'model\.norm_type' as it must be one of rmsnorm, ln, none: got "batchnorm"/,
  ],
  ["train.optim=adam", /'train\.optim' as it must be one of adamw_hf, adamw_/],
  [
    "model.resid_pdrop=1",
    /Cannot set 'model\.resid_pdrop' as it must be a number from 0 to below 1: got 1/,
  ],
  [
    "report_every=0",
    /Cannot set 'report_every' as it must be an integer of 1 or more: got 0/,
  ],
  ["gpu=1", /Cannot use GPU 1 as 'gpu' must be 0/],
  [
    "model.vocab_size=10",
    /Cannot build the model as 'model\.vocab_size' must be at least the tokenizer's 256: got 10$/,
  ],
  ["data.files=[nowhere/*.txt]", /'data\.files' finds no file: got 'nowhere/],
  [
    "data.tokenizer=nowhere/tokenizer.json",
    /Cannot load the tokenizer of 'data\.tokenizer' as there is no file "nowhere\/tokenizer\.json": check the path$/,
  ],
  ["data.files=[]", /'data\.files' must name at least one path or glob/],
  ["data.files=[{empty}]", /'data\.files' finds no file: got '.*empty'/],
  [
    "data.files=[{binary}]",
    /Cannot read any text from 'data\.files' as it must name UTF-8 text files: got 1 binary file, the first as .*: binary$/,
  ],
  [
    "data.files=[{short}]",
    /a document must have at least 16 tokens \('model\.context_length'\): 2 of 2 are shorter, the longest has 5/,
  ],
  ["data.files=[{lone}]", /Cannot hold out documents as there is only one/],
  [
    "--config-dir {nowhere}",
    /'--config-dir' must be a readable folder: it does not exist/,
  ],
  ["--config-dir {own} model=none", /Cannot choose 'model=none' /],
  [
    "--config-dir {own} model=torn",
    /Cannot read .*own\/model\/torn\.yaml as line \d+ must be valid YAML: /,
  ],
  [
    "--config-dir {own} model=mine",
    /Cannot set 'model\.n_haed' as it must be a known key: the nearest is 'model\.n_head' \(.*own\/model\/mine\.yaml.*\)/,
  ],
];

Deno.test("train refuses a faulty config with one line, before it writes anything", async (t) => {
  using work = workshop();
  for (const folder of ["empty", "binary", "short", "lone", "own/model"]) {
    Deno.mkdirSync(work.at(folder), { recursive: true });
  }
  Deno.writeFileSync(work.at("binary/0"), new Uint8Array(100));
  for (const i of [1, 2]) {
    Deno.writeTextFileSync(work.at(`short/${i}`), "short");
  }
  Deno.writeTextFileSync(
    work.at("lone/0"),
    "a document of its own, long enough",
  );
  Deno.writeTextFileSync(work.at("own/model/torn.yaml"), "n_head: [2");
  Deno.writeTextFileSync(
    work.at("own/model/mine.yaml"),
    "defaults: [default]\nn_haed: 2\n",
  );
  for (const [words, message] of WRONG) {
    await t.step(words, async () => {
      const more = words.replaceAll(/\{(\w+)\}/g, (_, name) => work.at(name))
        .split(" ");
      await fails(["train", ...work.tiny("run"), ...more], message);
      assert(!isThere(work.at("run")));
    });
  }
});
