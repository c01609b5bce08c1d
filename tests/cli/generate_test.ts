import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { fails, succeeds, workshop } from "../helpers/cli.ts";

Deno.test("generate draws text from a checkpoint", async (t) => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("run")]);
  const run = work.at("run");
  /** The printed text; 24 tokens by default. */
  const drawn = async (...words: string[]) => {
    const { out, err } = await succeeds([
      "generate",
      run,
      "--tokens=24",
      ...words,
    ]);
    assertMatch(err, /^(timing kernels .*\n)*$/);
    return out;
  };

  await t.step(
    "the same text of equal seeds, another of another seed",
    async () => {
      const [a, b, c] = await Promise.all([
        drawn("--seed", "1"),
        drawn("--seed", "1"),
        drawn("--seed", "2"),
      ]);
      assertEquals(a, b);
      assertNotEquals(a, c);
      // The prompt's line break, 24 tokens of one byte, and a final line break.
      assertEquals(new TextEncoder().encode(a).length >= 1 + 24 + 1, true);
    },
  );

  await t.step(
    "the likeliest at temperature 0, whatever the seed",
    async () => {
      const [a, b, c] = await Promise.all([
        drawn("--temperature", "0", "--seed", "1"),
        drawn("--temperature=0", "--seed=2", "--top-k=0"),
        // With one candidate there is no choice.
        drawn("--temperature=5", "--seed=3", "--top-k=1"),
      ]);
      assertEquals(a, b);
      assertEquals(a, c);
    },
  );

  await t.step("from fewer tokens with --top-k", async () => {
    const kinds = (text: string) => new Set(text.slice(1, -1)).size;
    const [all, few] = await Promise.all([
      drawn("--temperature=9", "--top-k=0", "--tokens=40"),
      drawn("--temperature=9", "--top-k=2", "--tokens=40"),
    ]);
    assert(kinds(few) < kinds(all), `${few} / ${all}`);
  });

  await t.step("after prompts of any length and script", async () => {
    const long = "the loss of a step falls as long as rates stay low ";
    assert(long.length > 16);
    const whole = await drawn("--prompt", long, "--seed=4");
    assert(whole.startsWith(long), whole);
    // The model reads only the last 16 tokens.
    const tail = await drawn("--prompt", long.slice(-16), "--seed=4");
    assertEquals(whole.slice(long.length), tail.slice(16));

    for (const prompt of ["日本語 ü 🙂", "- a dash", "x".repeat(1000)]) {
      const text = await drawn(`--prompt=${prompt}`, "--tokens=2");
      assert(text.startsWith(prompt), text);
    }
    assertEquals(
      await drawn("--prompt", "", "--seed=5"),
      await drawn("--seed=5"),
    );
  });

  await t.step("of one checkpoint among several", async () => {
    const words = ["--tokens=60", "--temperature=1", "--top-k=0"];
    const texts = await Promise.all(
      [
        "",
        "/checkpoints",
        "/checkpoints/step-000020",
        "/checkpoints/step-000010",
      ]
        .map(async (path) =>
          (await succeeds(["generate", run + path, ...words])).out
        ),
    );
    assertEquals(texts[0], texts[1]);
    assertEquals(texts[0], texts[2]);
    assertNotEquals(texts[0], texts[3]);
  });

  await t.step("or says what is wrong with the words", async () => {
    await fails(
      ["generate", run, "--tokens", "0"],
      /Cannot read '--tokens' as it must be a whole number from 1 up: got '0'/,
    );
    await fails(
      ["generate", run, "--temperature=warm"],
      /'--temperature' as it must be a number from 0 up: got 'warm'/,
    );
    await fails(
      ["generate", run, "--seed=1.5"],
      /'--seed' as it must be a whole/,
    );
    await fails(
      ["generate", run, "--prompt"],
      /'--prompt' .* must have a value/,
    );
    await fails(["generate", run, "def"], /Cannot read 'def' as one run or/);
    await fails(
      ["generate", `${run}/checkpoints/step-000099`],
      /Cannot use checkpoint '.*step-000099' as it does not exist/,
    );
  });
});
