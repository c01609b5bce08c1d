import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { holds } from "../../scripts/gpu_check.ts";
import { checkGolden } from "../../src/bench/golden.ts";
import { UserError } from "../../src/errors.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

const FIXTURE = fileURLToPath(
  new URL("../golden/st_default_nonorm", import.meta.url),
);

/** A copy of a fixture with a changed config. */
async function copy(to: string, change: (yaml: string) => string) {
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(FIXTURE)) {
    await Deno.copyFile(`${FIXTURE}/${name}`, `${to}/${name}`);
  }
  const file = `${to}/config.yaml`;
  await Deno.writeTextFile(file, change(await Deno.readTextFile(file)));
}

deviceTest(
  "checkGolden() tells what holds, differs and fails",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      await copy(`${folder}/a_same`, (yaml) => yaml);
      await copy(
        `${folder}/b_other`,
        (yaml) => yaml.replace(/learning_rate: .*/, "learning_rate: 0.5"),
      );
      await copy(`${folder}/c_torn`, (yaml) => yaml.slice(0, 100));
      await copy(
        `${folder}/d_chance`,
        (yaml) => yaml.replace(/resid_pdrop: .*/, "resid_pdrop: 0.5"),
      );
      const seen: string[] = [];
      const rows = await checkGolden(
        await gpu(),
        folder,
        (row) => seen.push(row.fixture),
      );
      assertEquals(rows.map((row) => row.fixture), seen);
      const [same, other, torn, chance] = rows;
      assertEquals([same.verdict, other.verdict], ["holds", "differs"]);
      assertEquals([same.worst!.holds, other.worst!.holds], [true, false]);
      assertEquals([torn.verdict, chance.verdict], ["fails", "fails"]);
      assertStringIncludes(chance.reason!, "'model.resid_pdrop' must be 0");
      const result = { steps: [], torch: [], choices: [], failures: [] };
      assertEquals(holds({ ...result, golden: [same] }), true);
      assertEquals(holds({ ...result, golden: [] }), false);
      assertEquals(holds({ ...result, golden: [same, other] }), false);
      assertEquals(holds({ ...result, golden: [same, torn] }), false);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

deviceTest("checkGolden() refuses a folder without fixtures", async () => {
  const device = await gpu();
  await assertRejects(
    () => checkGolden(device, "/no/such/folder"),
    UserError,
    "must be a folder of fixtures",
  );
});
