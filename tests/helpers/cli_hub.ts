/** The papers' set of code and its tokenizer on a hub of this machine's own. */
import { gzip, jsonLines } from "./cli_data.ts";
import { FakeHub } from "./data/hub_server.ts";
import {
  composeTokenizerJson,
  readFixtures,
} from "./data/tokenizer_fixtures.ts";

/** What of the course's is on the hub. */
export interface CourseHub extends AsyncDisposable {
  hub: FakeHub;
  /** Documents in their order. */
  train: string[];
  valid: string[];
  /** The tokenizer.json. */
  tokenizer: string;
  commits: { train: string; valid: string; tokenizer: string };
  /** What sends the program there, with nothing of the user's own. */
  env: Record<string, string>;
}

const OWNER = "huggingface-course";

/**
 * A function of Python, so long that it makes three sequences of 16 tokens or
 * more.
 */
const pythonOf = (name: string, i: number) =>
  `def ${name}_${i}(x, y=${i * 7919}):\n    """Add ${i}."""\n` +
  `    return [x + y * k for k in range(${i}, ${i + 10})]\n`;

/**
 * Starts a hub with 300 documents to train on, in two files, 50 to validate on,
 * and a small tokenizer.
 */
export function courseHub(): CourseHub {
  const hub = new FakeHub();
  const documents = (name: string, count: number) =>
    Array.from({ length: count }, (_, i) => pythonOf(name, i));
  const train = documents("train", 300), valid = documents("valid", 50);
  const tokenizer = JSON.stringify(
    composeTokenizerJson(readFixtures(), "gpt2"),
  );
  const packed = (texts: string[]) => gzip(jsonLines(texts, "content"));
  return {
    hub,
    train,
    valid,
    tokenizer,
    commits: {
      train: hub.push(`datasets/${OWNER}/codeparrot-ds-train`, {
        "README.md": "# Code\n",
        "train-0.json.gz": packed(train.slice(0, 200)),
        "train-1.json.gz": packed(train.slice(200)),
      }),
      valid: hub.push(`datasets/${OWNER}/codeparrot-ds-valid`, {
        "README.md": "# More code\n",
        "valid-0.json.gz": packed(valid),
      }),
      tokenizer: hub.push(`models/${OWNER}/code-search-net-tokenizer`, {
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": JSON.stringify({
          tokenizer_class: "GPT2Tokenizer",
          eos_token: "<|endoftext|>",
        }),
      }),
    },
    env: { HF_ENDPOINT: hub.endpoint, HF_HOME: "/nowhere", HF_TOKEN: "" },
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}
