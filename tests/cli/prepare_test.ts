import { assert, assertEquals, assertMatch } from "@std/assert";
import { isThere, succeeds, workshop } from "../helpers/cli.ts";

Deno.test("prepare makes a store once, and train finds it", async () => {
  using work = workshop();
  const words = work.tiny("run", "train.max_steps=1");
  const first = await succeeds(["prepare", "--json", ...words]);
  const [, made] = first.out.match(/^made (.*)$/m)!;
  assert(made.startsWith(work.at("cache/stores/")), made);
  const summary = JSON.parse(first.out.slice(first.out.indexOf("\n") + 1));
  assertEquals(summary.tokenizer, "byte");
  assertEquals(summary.splits.train.chunks, 108);
  assertEquals(summary.splits.valid.chunks, 12);
  assertMatch(first.err, /^reading 1\.9 kB\/1\.9 kB/m);
  assertMatch(first.err, /^tokenizing 1\.9 kB\/1\.9 kB/m);
  assert(!isThere(work.at("run")));

  const again = await succeeds(["prepare", "--json", ...words]);
  assertEquals(again.out, first.out.replace("made ", "found "));
  const told = await succeeds(["prepare", ...words]);
  assertEquals(told.out.split("\n").slice(1), [
    "text    10 documents in 10 files",
    "train   9 documents  1.7 kB  1.7k tokens (1.00 bytes each)  108 sequences",
    "valid   1 document  192 B  192 tokens (1.00 bytes each)  12 sequences",
    "",
  ]);
  const { err } = await succeeds(["train", ...words]);
  assert(!err.includes("tokenizing"), err);
  const info = JSON.parse(Deno.readTextFileSync(work.at("run", "run.json")));
  assertEquals(info.data.fingerprint, summary.fingerprint);

  // Another text gives another store.
  Deno.writeTextFileSync(work.at("text", "3.txt"), "other ".repeat(30));
  const changed = await succeeds(["prepare", ...words]);
  assertMatch(changed.out, /^made /);
  assert(!changed.out.includes(made));
});

Deno.test("prepare needs no device, and counts what it skips", async () => {
  using work = workshop();
  Deno.writeFileSync(work.at("text", "binary"), new Uint8Array(50));
  Deno.writeFileSync(work.at("text", "latin"), new Uint8Array(50).fill(0xe9));
  const { out } = await succeeds(
    ["prepare", "--json", ...work.tiny("run"), "data.tokenizer=gpt2"],
    { env: { VK_DRIVER_FILES: "/dev/null", DENO_WEBGPU_BACKEND: "vulkan" } },
  );
  const summary = JSON.parse(out.slice(out.indexOf("\n") + 1));
  assertEquals(summary.skipped, {
    binary: 1,
    undecodable: 1,
    empty: 0,
    unreadable: 0,
    duplicate: 0,
    files: 0,
  });
  assertEquals(summary.tokenizer, "gpt2");
  assertEquals(summary.splits.train.documents, 9);
});
