/**
 * Loaded before each file of the unit tier: refuses devices, processes and
 * changes of the environment that tests running at the same time would see, so
 * that a test that needs them cannot be in that tier unnoticed.
 * @module
 */

const refuse = (what: string) => {
  throw new Error(
    `Cannot ${what} in a unit test: import tests/helpers/device.ts or ` +
      "tests/helpers/processes.ts, or list the file in scripts/test_tiers.ts",
  );
};

Object.defineProperty(Deno, "Command", {
  value: class {
    constructor(program: string | URL) {
      refuse(`start '${program}'`);
    }
  },
});

Object.defineProperty(navigator, "gpu", {
  value: { requestAdapter: () => refuse("ask for a GPU") },
});

for (const name of ["set", "delete"] as const) {
  Object.defineProperty(Deno.env, name, {
    value: () => refuse("change the environment"),
  });
}

Object.defineProperty(Deno, "chdir", {
  value: () => refuse("change the current folder"),
});
