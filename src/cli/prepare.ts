/** `blocksmith prepare`. @module */
import { delimiter } from "node:path";
import { sourceTexts } from "../assets/source_text.ts";
import { sequenceLength } from "../config/mod.ts";
import { FairseqSink } from "../data/fairseq/mod.ts";
import { type Prepared, preparedLines } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { expandHome, shortPath, splitPaths } from "../fs/user_path.ts";
import { print, say } from "../terminal/output.ts";
import { noteTokenMult } from "../train/data/document_limit.ts";
import { sourcesOf } from "../train/data/sources_of.ts";
import { openData, prepareWith, tokenizerOf } from "../train/open_data.ts";
import { pinData } from "../train/pin_data.ts";
import { exitOnSignal } from "../train/signals.ts";
import type { Command } from "./command.ts";
import { CONFIG_HELP, configFromArgs } from "./inputs/config_args.ts";

/** Tokenizes text into a token store, before any training. */
export const prepareCommand: Command = {
  name: "prepare",
  summary: "tokenize text into a token store on disk",
  help: `[options] [key=value ...]

Tokenizes the config's data as 'train' does, once: training with the same text,
tokenizer and sequence length finds the store. Needs no GPU. If it is killed, the
next start resumes where it stopped.

${CONFIG_HELP}
  --fairseq <folder>    writes fairseq's binarized format into that folder in place of
                        a store: dict.txt, and train and valid as .bin and .idx
  --json                prints the contents of store.json, for each store

Data keys that matter here (configs/data/source.yaml lists all of them):
  data.files=[...]      paths, folders, globs, - for standard input, hf://datasets/...
  data.text_field=...   field of JSON Lines or Parquet that holds the text (default text)
  data.tokenizer=...    byte, gpt2, a tokenizer.json, or a name on the hub
  --skip-bad            skips and counts what cannot be read, in place of stopping
  --dedup               drops documents with the same text as an earlier one
  --workers <n>         threads that tokenize (default one per core, at most six)

Examples:
  blocksmith prepare
  blocksmith prepare 'data.files=[/usr/lib/python3/dist-packages/**/*.py]' data.tokenizer=gpt2
  zcat dump.jsonl.gz | blocksmith prepare data.files=[-] data.text_field=content
  blocksmith prepare data.files=[hf://datasets/Salesforce/wikitext/wikitext-2-raw-v1/*]
  blocksmith prepare 'data.files=[texts/]' data.tokenizer=gpt2 --fairseq data-bin`,
  flags: ["config-dir", "fairseq"],
  switches: ["json"],
  configFlags: true,
  async run(args) {
    using _signals = exitOnSignal();
    const asked = configFromArgs(args);
    if (asked.leavesDemo) say(`model: ${asked.model}`);
    const config = await pinData(asked.config, say);
    if (args.flags.fairseq !== undefined) {
      if (config.data.name === "fairseq" || config.data.weights.length > 0) {
        throw new UserError(
          "Cannot write fairseq's format as '--fairseq' needs 'data.files' and no 'data.weights': name files of text",
        );
      }
      const dir = expandHome(args.flags.fairseq);
      noteTokenMult(config, say);
      const source = config.data.name === "source";
      const { files, unopened } = await sourcesOf(config, "files", { say });
      const valid = await sourcesOf(config, "valid_files", { say });
      const made = await prepareWith(config, {
        documents: source ? { texts: sourceTexts() } : { files },
        validDocuments: valid.files,
        unopened: [...valid.unopened, ...unopened],
        tokenizer: await tokenizerOf(config),
        sequenceLength: sequenceLength(config.model),
        out: {
          dir,
          format: "fairseq mmap 1",
          sink: (dir, tokenizer) => new FairseqSink(dir, { tokenizer }),
        },
        say,
      });
      printStore(made, args.switches.has("json"), "sentence");
      return 0;
    }
    const { stores, train, valid, tokenizer } = await openData(config, { say });
    for (const store of stores) printStore(store, args.switches.has("json"));
    if (stores.length === 0) {
      const total = (parts: { sequences: number }[]) =>
        parts.reduce((sum, part) => sum + part.sequences, 0);
      print(
        `${
          splitPaths(config.data.path!).map(shortPath).join(delimiter)
        } is prepared: ${total(train)} blocks to train on, ${
          total(valid)
        } to validate on, ${tokenizer.vocabSize} symbols`,
      );
    }
    return 0;
  },
};

/** Prints what became of the documents. */
function printStore(
  prepared: Prepared,
  json: boolean,
  unit = "sequence",
): void {
  const { dir, reused, summary } = prepared;
  print(`${reused ? "found" : "made"} ${dir}`);
  if (json) {
    print(JSON.stringify(summary, null, 2));
    for (const line of preparedLines(prepared, { splits: {} })) {
      say(line);
    }
    return;
  }
  for (const line of preparedLines(prepared, { unit })) print(line);
}
