/** Is each test file in one tier, and the one that it belongs to? */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  filesOf,
  SLOW,
  testFiles,
  tierOf,
  TIERS,
} from "../../scripts/test_tiers.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

Deno.test("the tiers together are all test files, each once", () => {
  assertEquals(TIERS.flatMap((tier) => filesOf(tier)).sort(), testFiles());
});

Deno.test("a file's tier follows from what it and its helpers use", () => {
  const expected = {
    "tests/optim/schedule_test.ts": "unit",
    "tests/gpu/wgsl_test.ts": "unit",
    "tests/fs/atomic_file_test.ts": "unit",
    // Through helpers/check_operation.ts and helpers/device.ts.
    "tests/graph/ops/norm/norm_test.ts": "device",
    "tests/engine/train_engine_test.ts": "device",
    // Through helpers/cli.ts, helpers/processes.ts, and by itself.
    "tests/cli/plan_test.ts": "slow",
    "tests/checkpoint/checkpoint_folder_kill_test.ts": "slow",
    "tests/scripts/bundle_test.ts": "slow",
    // By the list.
    "tests/data/prepare/prepare_test.ts": "slow",
    // It changes the environment.
    "tests/data/hub/settings_test.ts": "slow",
  };
  const found = Object.keys(expected).map((path) => [path, tierOf(path)]);
  assertEquals(Object.fromEntries(found), expected);
});

Deno.test("the list of slow files has no entry too many", () => {
  const files = testFiles();
  const unused = Object.keys(SLOW).filter((slow) =>
    !files.some((path) => path.startsWith(slow))
  );
  assertEquals(unused, []);
});

Deno.test("every file with tests is named so that `deno test` finds it", () => {
  const unnamed: string[] = [];
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(ROOT + folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) visit(path);
      else if (/\.ts$/.test(name) && !/_test\.ts$/.test(name)) {
        const text = Deno.readTextFileSync(ROOT + path);
        // A helper may offer a kind of test; a call at the top is a test.
        if (/^(Deno\.test|deviceTest)\(/m.test(text)) unnamed.push(path);
      }
    }
  };
  visit("tests");
  assertEquals(unnamed, []);
});
