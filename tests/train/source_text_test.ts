import { assertEquals } from "@std/assert";
import { sourcePaths } from "../../scripts/list_sources.ts";
import { sourceTexts } from "../../src/train/source_text.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("sourceTexts holds every kernel, config and module as it is: else run scripts/list_sources.ts", async () => {
  const texts = await sourceTexts();
  assertEquals(texts.map(({ name }) => name), sourcePaths());
  for (const { name, text } of texts) {
    assertEquals(text, Deno.readTextFileSync(new URL(name, ROOT)), name);
  }
});
