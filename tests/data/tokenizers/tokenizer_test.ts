import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { loadTokenizer } from "../../../src/data/tokenizers/load_tokenizer.ts";
import { UserError } from "../../../src/errors.ts";

Deno.test("loadTokenizer() rejects an unknown name and lists the choices", async () => {
  for (const name of ["gpt-2", "toString", ""]) {
    await assertRejects(
      () => loadTokenizer(name),
      UserError,
      "must be one of byte, gpt2",
    );
  }
});

Deno.test("loadTokenizer() loads a tokenizer once", async () => {
  assertStrictEquals(await loadTokenizer("gpt2"), await loadTokenizer("gpt2"));
});

Deno.test("the byte tokenizer encodes each UTF-8 byte as one token", async () => {
  const byte = await loadTokenizer("byte");
  assertEquals([byte.name, byte.vocabSize, byte.eosId], ["byte", 256, null]);
  assertEquals([...byte.encode("aé😀\0")], [
    97,
    0xc3,
    0xa9,
    0xf0,
    0x9f,
    0x98,
    0x80,
    0,
  ]);
  assertEquals([...byte.encode("")], []);
});

for (const name of ["byte", "gpt2"]) {
  Deno.test(`${name}: decode() gives back every text, a leading U+FEFF too`, async () => {
    const tokenizer = await loadTokenizer(name);
    for (
      const text of [
        "",
        "\ufeffx",
        "a\r\n\tb",
        "naïve 東京 👩‍👩‍👧‍👦",
        "\0\u0085\u2028 ",
      ]
    ) {
      assertEquals(tokenizer.decode(tokenizer.encode(text)), text);
    }
  });

  Deno.test(`${name}: encode() turns lone surrogates into U+FFFD`, async () => {
    const tokenizer = await loadTokenizer(name);
    for (const text of ["\ud800", "a\udc00b", "x \ud83d y", "\udc00\ud800"]) {
      const repaired = text.replace(/[\ud800-\udfff]/g, "\ufffd");
      assertEquals(
        tokenizer.encode(text),
        tokenizer.encode(repaired),
        JSON.stringify(text),
      );
    }
  });

  Deno.test(`${name}: decode() refuses an id beyond the vocabulary`, async () => {
    const tokenizer = await loadTokenizer(name);
    assertThrows(
      () => tokenizer.decode([5, tokenizer.vocabSize]),
      UserError,
      `token ${tokenizer.vocabSize}`,
    );
    assertThrows(() => tokenizer.decode([-1]), UserError, "token -1");
  });

  Deno.test(`${name}: cut() finds a place that changes no token`, async () => {
    const tokenizer = await loadTokenizer(name);
    const whole = "It's  a   test,\n\n\tdon't 😀 cut 12 34\r\n  if x:\n\n";
    for (let length = 0; length <= whole.length; length++) {
      const at = tokenizer.lastSafeCut!(whole.slice(0, length));
      const parts = [whole.slice(0, at), whole.slice(at)].map((
        part,
      ) => [...tokenizer.encode(part)]);
      assertEquals(parts.flat(), [...tokenizer.encode(whole)], `cut at ${at}`);
    }
    assertEquals(tokenizer.lastSafeCut!(whole) > whole.length - 5, true);
  });
}
