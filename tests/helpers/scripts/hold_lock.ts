/** Opens a run and holds it until killed or until standard input ends. */
import { UserError } from "../../../src/errors.ts";
import { openRunFolder } from "../../../src/run_folder/run_folder.ts";

const [dir, resume] = Deno.args;
try {
  using run = await openRunFolder(dir, { resume: resume === "resume" });
  if (resume !== "resume") run.writeConfig("seed: 0\n");
  console.log("held");
  await new Promise((done) => setTimeout(done, 60_000));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.log(error.message);
}
