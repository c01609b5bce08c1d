import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fails, isThere, succeeds, workshop } from "../helpers/cli.ts";

const LAST = "checkpoints/step-000010";

/** A matrix that is saved beside the weights, in a file of its own. */
const FIXED = ["model=skipless", "model.val_init_type=orth"];

Deno.test("eval and generate take weights alone, wherever they are; train says that it cannot resume from them", async (t) => {
  using work = workshop();
  const run = work.at("run"), config = join(run, "config.yaml");
  await succeeds([
    "train",
    ...work.tiny("run", ...FIXED, "train.max_steps=10"),
  ]);
  const result = async (...words: string[]) =>
    (await succeeds(["eval", ...words])).out;
  const whole = await result(run);
  const [, figures] = /^step 10 {2}(.*)$/m.exec(whole)!;
  const text = async (...words: string[]) =>
    (await succeeds(["generate", ...words, "--tokens=5"])).out;
  const words = await text(run);
  /** Copies files of the last checkpoint. */
  const copy = (to: string, ...names: string[]) => {
    Deno.mkdirSync(work.at(to), { recursive: true });
    for (const name of names) {
      Deno.copyFileSync(join(run, LAST, name), work.at(to, name));
    }
    return work.at(to);
  };

  await t.step(
    "outside a run, with the config given or beside them",
    async () => {
      const loose = copy("a/loose", "model.safetensors", "fixed.safetensors");
      const file = join(loose, "model.safetensors");
      const missing =
        /'.*model.safetensors' as there is no 'config.yaml' beside/;
      await fails(["eval", loose], missing);
      await fails(["generate", file], missing);
      assertEquals(await result(loose, "--config", config), `${figures}\n`);
      Deno.renameSync(file, join(loose, "best.safetensors"));
      await fails(["eval", loose], /Cannot find a checkpoint in '.*loose'/);
      assertEquals(
        await text(join(loose, "best.safetensors"), `--config=${config}`),
        words,
      );
      // Beside the folder, and in it.
      Deno.copyFileSync(config, work.at("a/config.yaml"));
      assertEquals(await text(join(loose, "best.safetensors")), words);
      Deno.renameSync(join(loose, "best.safetensors"), file);
      Deno.renameSync(work.at("a/config.yaml"), join(loose, "config.yaml"));
      assertEquals(await result(loose), `${figures}\n`);
      await fails(
        ["train", "--resume", loose],
        /Cannot resume from '.*loose' as it holds weights alone, without an optimizer's state to continue from: give a run's folder, or start a new run/,
      );
      assertEquals(isThere(join(loose, "lock")), false);
      Deno.removeSync(join(loose, "fixed.safetensors"));
      await fails(["eval", loose], /as 'fixed.safetensors' must be beside it/);
    },
  );

  await t.step(
    "of a whole checkpoint that was copied out and renamed",
    async () => {
      const best = copy(
        "best",
        ...Array.from(Deno.readDirSync(join(run, LAST)), ({ name }) => name),
      );
      assertEquals(await result(best, "--config", config), whole);
      await fails(
        ["train", "--resume", best],
        /Cannot resume from '.*best' as a checkpoint must be in its run's folder, under its name 'checkpoints\/step-000010': put it there/,
      );
      Deno.removeSync(join(best, "state.json"));
      assertEquals(await result(best, "--config", config), `${figures}\n`);
      Deno.symlinkSync(join(run, LAST), work.at("link"));
      assertEquals(await result(work.at("link")), whole);
    },
  );

  await t.step("in a run whose optimizer's files are gone", async () => {
    for (const name of ["optimizer.safetensors", "state.json"]) {
      Deno.removeSync(join(run, LAST, name));
    }
    assertEquals(await result(run), whole);
    assertEquals(await text(join(run, "checkpoints")), words);
    const refusal =
      /Cannot resume from '.*step-000010' as it holds weights alone, without an optimizer's state .*: take the one before it, '.*step-000005'/;
    const line = await fails(["train", "--resume", run], refusal);
    const [, before] = /before it, '([^']+)'/.exec(line)!;
    await succeeds(["train", "--resume", before]);
    assert(isThere(join(run, LAST, "optimizer.safetensors")));
  });
});
