import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { loadTokenizer } from "../../../../src/data/tokenizers/load_tokenizer.ts";
import { UserError } from "../../../../src/errors.ts";
import {
  composeTokenizerJson,
  readFixtures,
} from "../../../helpers/data/tokenizer_fixtures.ts";

const fixtures = readFixtures();

/** Runs `test` with a folder that has these files. */
async function withFolder(
  files: Record<string, unknown>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    for (const [name, content] of Object.entries(files)) {
      Deno.writeTextFileSync(
        join(folder, name),
        typeof content === "string" ? content : JSON.stringify(content),
      );
    }
    await test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The error of a tokenizer.json after a change. */
async function refusal(
  kind: string,
  // deno-lint-ignore no-explicit-any
  change: (json: any) => void,
): Promise<string> {
  const json = composeTokenizerJson(fixtures, kind);
  change(json);
  let message = "";
  await withFolder({ "t.json": json }, async (folder) => {
    const path = join(folder, "t.json");
    const error = await assertRejects(() => loadTokenizer(path), UserError);
    message = error.message.replace(path, "t.json");
  });
  assert(!message.includes("\n"), message);
  return message.replace("Cannot use the tokenizer 't.json' as its ", "");
}

Deno.test("loadTokenizer() accepts a tokenizer.json, its folder, and its source", async () => {
  const json = composeTokenizerJson(fixtures, "gpt2");
  await withFolder({ "tokenizer.json": json }, async (folder) => {
    const path = join(folder, "tokenizer.json");
    const byFolder = await loadTokenizer(folder);
    const byFile = await loadTokenizer(path);
    assertEquals([byFolder.name, byFile.name], [folder, path]);
    for (const tokenizer of [byFolder, byFile]) {
      const again = await loadTokenizer(tokenizer.source!);
      for (const one of [tokenizer, again]) {
        assertEquals(one.decode(one.encode("to and fro")), "to and fro");
        assertEquals(one.digest, byFolder.digest);
        assertEquals(one.files!.map(({ name }) => name), ["tokenizer.json"]);
      }
    }
    const bytes = Deno.readFileSync(path);
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    assertEquals(byFile.digest, new Uint8Array(hash).toHex());
    assertEquals(byFile.files![0].bytes, bytes);
  });
});

Deno.test("the end-of-text token is tokenizer_config.json's eos_token, else a usual name", async () => {
  const json = composeTokenizerJson(fixtures, "llama2");
  const id = (token: string) =>
    (json.model as { vocab: Record<string, number> }).vocab[token];
  for (
    const [config, expected] of [
      [undefined, id("</s>")],
      [{}, id("</s>")],
      [{ eos_token: null }, id("</s>")],
      [{ eos_token: "<s>" }, id("<s>")],
      [{ eos_token: { content: "<unk>" } }, id("<unk>")],
      [{ eos_token: "<nothing>" }, null],
    ] as const
  ) {
    const files = { "tokenizer.json": json };
    await withFolder(
      config ? { ...files, "tokenizer_config.json": config } : files,
      async (folder) => {
        const tokenizer = await loadTokenizer(folder);
        assertEquals(tokenizer.eosId, expected);
        assertEquals(tokenizer.files!.length, config ? 2 : 1);
      },
    );
  }
});

Deno.test("loadTokenizer() notices a changed file", async () => {
  await withFolder(
    { "t.json": composeTokenizerJson(fixtures, "gpt2") },
    async (folder) => {
      const path = join(folder, "t.json");
      const before = await loadTokenizer(path);
      const other = JSON.stringify(composeTokenizerJson(fixtures, "llama3"));
      Deno.writeTextFileSync(path, other);
      const after = await loadTokenizer(path);
      assert(before.digest !== after.digest);
      assert(before.vocabSize !== after.vocabSize);
    },
  );
});

Deno.test("loadTokenizer() rejects invalid tokenizer files in one line", async () => {
  await withFolder(
    { "cut.json": '{"model":\n{"ty', "list.json": "[]", "text.json": "x" },
    async (folder) => {
      for (
        const [name, rule] of [
          ["cut.json", "is not JSON"],
          ["text.json", "is not JSON"],
          ["list.json", "content must be an object: got []"],
          ["", "the folder has no tokenizer.json"],
        ]
      ) {
        const error = await assertRejects(
          () => loadTokenizer(join(folder, name)),
          UserError,
          rule,
        );
        assert(!error.message.includes("\n"), error.message);
      }
      await assertRejects(
        () => loadTokenizer(join(folder, "absent.json")),
        UserError,
        "Cannot load the tokenizer of 'data.tokenizer' as there is no file",
      );
    },
  );
});

Deno.test("loadTokenizer() reads no file without an end, and no gigantic one", async () => {
  await assertRejects(
    () => loadTokenizer("/dev/zero"),
    UserError,
    "Cannot read '/dev/zero' as it is not a file",
  );
  await withFolder({ "t.json": "{}" }, async (folder) => {
    const path = join(folder, "t.json");
    // With a hole that takes no space.
    Deno.truncateSync(path, 1e12);
    await assertRejects(
      () => loadTokenizer(path),
      UserError,
      `Cannot read '${path}' as it must have at most 100.0 MB: got 1.0 TB`,
    );
  });
});

Deno.test("loadTokenizer() reads a tokenizer_config.json that Python has written", async () => {
  await withFolder({
    "tokenizer.json": composeTokenizerJson(fixtures, "bert"),
    "tokenizer_config.json":
      '{"model_max_length": Infinity, "x": NaN, "eos_token": "[PAD]"}',
  }, async (folder) => {
    const { eosId } = await loadTokenizer(folder);
    assert(eosId !== null);
  });
});

Deno.test("loadTokenizer() names the config key of its caller", async () => {
  await assertRejects(
    () => loadTokenizer("gpt-2", { key: "data.bpe" }),
    UserError,
    "'data.bpe' must be one of byte, gpt2",
  );
  await assertRejects(
    () => loadTokenizer("owner/name"),
    UserError,
    "no folder for downloads",
  );
});

Deno.test("unsupported parts are rejected by name", async () => {
  const kinds: [string, string, string][] = [
    ["normalizer", "normalizer", "Sequence, NFC"],
    ["pre_tokenizer", "pre_tokenizer", "Sequence, ByteLevel"],
    ["decoder", "decoder", "Sequence, ByteLevel"],
    ["model", "model", "BPE, WordPiece, WordLevel, Unigram"],
  ];
  for (const [field, place, choices] of kinds) {
    const message = await refusal("gpt2", (json) => {
      json[field] = { type: "Foo" };
    });
    assert(
      message.startsWith(
        `${place} has the type "Foo", which is not supported: the supported types are ${choices}`,
      ),
      message,
    );
  }
  assertEquals(
    await refusal("qwen", (json) => {
      json.pre_tokenizer.pretokenizers[0].pattern.Regex = "\\X+";
    }),
    "pre_tokenizer.pretokenizers[0].pattern.Regex uses \\X, which is not supported",
  );
});

Deno.test("an invalid vocabulary or merge is named", async () => {
  const faults: [string, (json: Record<string, never>) => void, string][] = [
    [
      "gpt2",
      (json) => delete (json.model as { vocab?: unknown }).vocab,
      "model.vocab must be an object: got nothing",
    ],
    [
      "gpt2",
      (json) => Object.assign(json.model["vocab"], { zz: 5 }),
      'model.vocab gives the id 5 to two tokens, the second is "zz"',
    ],
    [
      "gpt2",
      (json) => Object.assign(json.model["vocab"], { zz: 1.5 }),
      'model.vocab gives the token "zz" the id 1.5',
    ],
    [
      "gpt2",
      (json) => Object.assign(json.model["vocab"], { zz: 2 ** 31 }),
      'model.vocab gives the token "zz" the id 2147483648',
    ],
    [
      "gpt2",
      (json) => (json.model["merges"] as string[]).push("zq qz"),
      'names the token "zq", which the vocabulary does not have',
    ],
    [
      "gpt2",
      (json) => (json.model["merges"] as string[]).push("zq"),
      'must be two tokens: got "zq"',
    ],
    [
      "gpt2",
      (json) => Object.assign(json.model, { dropout: 0.1 }),
      "model.dropout must be null or 0",
    ],
    [
      "gpt2",
      (json) => Object.assign(json.added_tokens[0], { id: 9999 }),
      'added_tokens[0] gives "<|endoftext|>" the id 9999, but the vocabulary',
    ],
    [
      "bert",
      (json) => Object.assign(json.model, { unk_token: "?!" }),
      'model.unk_token must be a token of the vocabulary: got "?!"',
    ],
    [
      "t5",
      (json) => Object.assign(json.model, { unk_id: null }),
      "model.unk_id must be an id in the vocabulary",
    ],
    [
      "t5",
      (json) => (json.model["vocab"] as unknown[]).push(["a", "b"]),
      'must be a token and its score: got ["a","b"]',
    ],
    [
      "t5",
      (json) =>
        Object.assign(json.normalizer["normalizers"][0], {
          precompiled_charsmap: "AAAA",
        }),
      "precompiled_charsmap is truncated",
    ],
    [
      "t5",
      (json) =>
        Object.assign(json.normalizer["normalizers"][0], {
          precompiled_charsmap: "?",
        }),
      "precompiled_charsmap must be base64",
    ],
  ];
  for (const [kind, change, rule] of faults) {
    const message = await refusal(kind, change);
    assert(message.includes(rule), message);
  }
});
