import { assert, assertEquals, assertMatch } from "@std/assert";
import { fails, metrics, succeeds, workshop } from "../helpers/cli.ts";

/** Parses the numbers of the line that eval prints. */
function read(out: string) {
  const [, step, what, loss, perplexity, tokens] = out.match(
    /^step (\d+) {2}(\w+) {2}loss (\d\.\d{4}) nats per token {2}perplexity ([\d.]+) {2}(\d+) tokens\n$/,
  )!;
  return {
    what,
    loss,
    step: Number(step),
    perplexity: Number(perplexity),
    tokens: Number(tokens),
  };
}

Deno.test("eval gives the loss of a checkpoint", async (t) => {
  using work = workshop();
  const run = work.at("run");
  const { err } = await succeeds(["train", ...work.tiny("run")]);

  await t.step("that training printed and logged", async () => {
    const got = read((await succeeds(["eval", run])).out);
    const [, printed] = err.match(/^done: .* validation loss (\d\.\d{4}) /m)!;
    assertEquals(got.loss, printed);
    assertEquals(got.what, "valid");
    assertEquals(got.step, 20);
    // One document of 12 sequences is held out; the first token of a sequence
    // has no loss.
    assertEquals(got.tokens, 12 * 15);
    assert(Math.abs(got.perplexity - Math.exp(Number(got.loss))) < 0.02);
    const evaluations = metrics(run).filter((r) => r.eval_loss !== undefined);
    assertEquals(evaluations.at(-1)!.eval_loss.toFixed(4), got.loss);

    const path = `${run}/checkpoints/step-000010`;
    const early = read((await succeeds(["eval", path])).out);
    assertEquals(early.loss, evaluations[0].eval_loss.toFixed(4));
    assertEquals(early.step, 10);
  });

  await t.step("on the training split, or a part of it", async () => {
    const [all, part] = await Promise.all([
      succeeds(["eval", run, "--split", "train"]),
      succeeds(["eval", run, "--split=train", "--batches=2"]),
    ]);
    assertEquals(read(all.out).what, "train");
    assertEquals(read(all.out).tokens, 108 * 15);
    assertEquals(read(part.out).tokens, 2 * 8 * 15);
  });

  await t.step("on files, which need be no part of the run", async () => {
    // The same nine documents in other files: the same sequences in another
    // order.
    Deno.mkdirSync(work.at("else"));
    for (let i = 0; i < 10; i++) {
      Deno.copyFileSync(work.at("text", `${i}.txt`), work.at("else", `${i}`));
    }
    const files = read((await succeeds(["eval", run, work.at("else")])).out);
    const glob = read((await succeeds(["eval", run, work.at("else/*")])).out);
    assertEquals(files, glob);
    assertEquals(files.what, "files");
    assertEquals(files.tokens, 120 * 15);
    const [valid, train] = await Promise.all([
      succeeds(["eval", run]),
      succeeds(["eval", run, "--split=train"]),
    ]);
    const [v, t] = [read(valid.out), read(train.out)];
    const both = (Number(v.loss) * v.tokens + Number(t.loss) * t.tokens) /
      (v.tokens + t.tokens);
    assert(Math.abs(Number(files.loss) - both) < 2e-4, `${files.loss} ${both}`);
  });

  await t.step(
    "and tells where the run's data is no longer what it was",
    async () => {
      Deno.writeTextFileSync(work.at("text", "new.txt"), "more ".repeat(30));
      const { err } = await succeeds(["eval", run]);
      assertMatch(err, /^note: the run's data has changed since training: /m);
    },
  );

  await t.step("or says what is wrong with the words", async () => {
    await fails(
      ["eval", run, "--split=test"],
      /'--split' must be valid or train/,
    );
    await fails(
      ["eval", run, "--batches=x"],
      /'--batches' as it must be a whole/,
    );
    await fails(
      ["eval", run, "--split=train", work.at("else")],
      /'--split' and files exclude each other/,
    );
    await fails(["eval", run, work.at("none")], /finds no file: got '.*none'/);
  });
});

Deno.test("eval reads as much of the validation split as training does", async () => {
  using work = workshop();
  const words = work.tiny("run", "train.max_eval_batches=1");
  await succeeds(["train", ...words]);
  const usual = read((await succeeds(["eval", work.at("run")])).out);
  assertEquals(usual.tokens, 8 * 15);
  assertEquals(
    usual.loss,
    metrics(work.at("run")).at(-1)!.eval_loss.toFixed(4),
  );
  const all = await succeeds(["eval", work.at("run"), "--batches=0"]);
  assertEquals(read(all.out).tokens, 12 * 15);
});

Deno.test("eval asks for files if nothing was held out", async () => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("run", "data.valid_fraction=0")]);
  await fails(
    ["eval", work.at("run")],
    /Cannot evaluate as the valid split is empty: give files/,
  );
  await succeeds(["eval", work.at("run"), work.at("text/0.txt")]);
});
