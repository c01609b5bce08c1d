import { assert, assertEquals } from "@std/assert";
import { hashes, isThere, succeeds, workshop } from "../helpers/cli.ts";

const LAST = "step-000020";

Deno.test("openDevice() resumes with the recorded kernels, and tells of another driver", async () => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("run")]);
  const run = work.at("run"), straight = hashes(run, LAST);
  const file = work.at("run", "run.json"), cache = work.at("cache", "tuning");
  const facts = JSON.parse(Deno.readTextFileSync(file));
  const { driver, ...nameless } = facts.adapter;
  // On a GPU the first run has timed kernels.
  if (isThere(cache)) Deno.removeSync(cache, { recursive: true });

  /** Resumes at step 10 with other facts; returns what was said. */
  const resumed = async (change: Record<string, unknown>) => {
    Deno.writeTextFileSync(file, JSON.stringify({ ...facts, ...change }));
    const from = `${run}/checkpoints/step-000010`;
    const { err } = await succeeds(["train", "--resume", from]);
    assert(!err.includes("timing"), err);
    assertEquals(hashes(run, LAST), straight);
    // Nothing was timed, so there is nothing to remember.
    assert(!isThere(cache));
    return err.match(/^this run was started with .*$/m)?.[0];
  };
  const other = "Mesa 1.2.3 (sha256 00000000)";
  assertEquals(
    await resumed({
      adapter: { ...facts.adapter, driver: other },
      // As of a run whose kernels could not be timed.
      kernels: {},
      kernels_untimed: facts.kernels,
    }),
    driver === "unknown"
      ? undefined
      : `this run was started with the driver ${other}: with ${driver} results may differ in the last bits`,
  );
  // Runs of earlier versions do not name the driver.
  assertEquals(await resumed({ adapter: nameless }), undefined);
});
