import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadTokenizer } from "../../../../src/data/tokenizers/load_tokenizer.ts";
import { UserError } from "../../../../src/errors.ts";
import { withHub } from "../../../helpers/data/hub_server.ts";
import {
  composeTokenizerJson,
  readFixtures,
} from "../../../helpers/data/tokenizer_fixtures.ts";

const VARIABLES = ["HF_ENDPOINT", "HF_HUB_OFFLINE"];

/**
 * Runs `work` with these environment variables and restores the previous
 * values.
 */
async function withEnv(
  values: string[],
  test: () => Promise<void>,
): Promise<void> {
  const before = VARIABLES.map((name) => Deno.env.get(name));
  const set = (all: (string | undefined)[]) =>
    VARIABLES.forEach((name, i) => {
      if (all[i]) Deno.env.set(name, all[i]);
      else Deno.env.delete(name);
    });
  set(values);
  try {
    await test();
  } finally {
    set(before);
  }
}

Deno.test("loadTokenizer() downloads a Hub tokenizer once and loads it offline and by its source", () =>
  withHub(async (hub, cacheDir) => {
    const json = JSON.stringify(composeTokenizerJson(readFixtures(), "llama2"));
    hub.push("models/owner/name", {
      "tokenizer.json": json,
      "tokenizer_config.json": '{"eos_token": "<s>"}',
    });
    hub.push("models/owner/name", { "tokenizer.json": json }, "plain");
    await withEnv([hub.endpoint, ""], async () => {
      const tokenizer = await loadTokenizer("owner/name", { cacheDir });
      assertEquals(tokenizer.name, "owner/name");
      assertEquals(tokenizer.decode([tokenizer.eosId!]), "<s>");
      assertEquals(tokenizer.files!.length, 2);
      const bySource = await loadTokenizer(tokenizer.source!);
      assertEquals(bySource.eosId, tokenizer.eosId);
      assertEquals(bySource.digest, tokenizer.digest);
      const plain = await loadTokenizer("owner/name@plain", { cacheDir });
      assertEquals(plain.decode([plain.eosId!]), "</s>");
      assertEquals(plain.digest, tokenizer.digest);
      await assertRejects(
        () => loadTokenizer("owner/other", { cacheDir }),
        UserError,
        "owner/other",
      );
    });
    const asked = hub.requests.length;
    await withEnv([hub.endpoint, "1"], async () => {
      const offline = await loadTokenizer("owner/name", { cacheDir });
      assert(offline.encode("a").length > 0);
    });
    assertEquals(hub.requests.length, asked);
  }));
