/**
 * Loaded before each file of the unit tier: refuses devices and processes, so
 * that a test that needs one cannot be in that tier unnoticed.
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
