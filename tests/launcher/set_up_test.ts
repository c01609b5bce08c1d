/**
 * What the launcher fetches into `.deno/`, on stubbed machines: Deno and the
 * packages, once, whatever interrupts it, for every user of the checkout.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  addDriver,
  addRoot,
  DEBIAN_12,
  deno,
  type Machine,
  NPM,
  onMachine,
  PYTHON,
} from "./_machine.ts";

const ignore = Deno.build.os !== "linux";

const test = (name: string, body: (machine: Machine) => Promise<void>) =>
  Deno.test({ name: `blocksmith ${name}`, ignore, fn: () => onMachine(body) });

/** Takes away what the machine has, as in a new checkout. */
async function reset(machine: Machine, { deno = true } = {}) {
  await Deno.remove(`${machine.root}/.deno`, { recursive: true });
  if (!deno) await Deno.remove(`${machine.sys}/../bin/deno`);
}

/** Where the last started Deno looked for packages. */
const packages = async ({ sys }: Machine) =>
  (await Deno.readTextFile(`${sys}/../log.run`)).trim();

test("fetches the packages into .deno, once", async (machine) => {
  await reset(machine);
  const first = await machine.run(["plan"]);
  const cache = `${machine.root}/.deno/2.9.6/cache`;
  assertEquals(
    [first.code, first.err],
    [0, "blocksmith: fetching packages into .deno/\n"],
  );
  assertEquals(await machine.log(), `deno install in ${cache}\n`);
  assertEquals(machine.list(".deno/2.9.6"), ["cache", "ready"]);
  for (const args of [["plan"], ["check"], ["test"], ["--version"]]) {
    await addDriver(machine);
    // A user's own cache, if one is set, need not have them.
    const second = await machine.run(args, { env: { DENO_DIR: "/own" } });
    assertEquals([second.code, second.err], [0, ""]);
    assertEquals(
      await packages(machine),
      `packages ${cache} http://registry.test/`,
    );
  }
  assertEquals(await machine.log(), `deno install in ${cache}\n`);
});

test("fetches packages again when deno.lock or deno.json changes", async (machine) => {
  for (const file of ["deno.lock", "deno.json"]) {
    await Deno.writeTextFile(`${machine.root}/${file}`, "changed");
    for (
      const expected of ["blocksmith: fetching packages into .deno/\n", ""]
    ) {
      const { code, err } = await machine.run(["plan"]);
      assertEquals([code, err], [0, expected], file);
    }
  }
});

test("finishes a set-up that was killed, wherever", async (machine) => {
  // Kills the launcher and its subshell, the stub's parents.
  const kill = `[ -e "$LOG.killed" ] || {
  : >"$LOG.killed"
  for pid in $PPID $(awk '{print $4}' /proc/$PPID/stat); do
    if grep -q 'check out/blocksmith' /proc/$pid/cmdline; then kill -9 $pid; fi
  done
  exit 1
}`;
  const real = deno("2.9.6");
  const points: [string, () => Promise<void>][] = [
    ["while npm runs", () => machine.stub("npm", `${kill}\n${NPM}`)],
    ["when npm is done", () => machine.stub("npm", `${NPM}\n${kill}`)],
    ["while packages are fetched", async () => {
      await machine.stub("npm", "exit 1");
      await machine.stub(
        "deno",
        real.replace("install)", `install) ${kill};;\nskip)`),
      );
    }],
    ["before the mark", async () => {
      await machine.stub("deno", real);
      await machine.stub("mv", `${kill}\nexec /bin/mv "$@"`);
    }],
  ];
  for (const [when, prepare] of points) {
    const npm = when.includes("npm");
    await Deno.remove(`${machine.root}/.deno`, { recursive: true });
    await Deno.remove(`${machine.sys}/../bin/deno`).catch(() => {});
    await prepare();
    await Deno.remove(`${machine.sys}/../log.killed`).catch(() => {});
    assertEquals((await machine.run(["plan"])).code, 137, when);
    const second = await machine.run(["plan"]);
    assertEquals(second.code, 0, `${when}: ${second.err}`);
    assertEquals(
      machine.list(".deno/2.9.6"),
      npm ? ["cache", "deno", "ready"] : ["cache", "ready"],
      when,
    );
    assertEquals((await machine.run(["plan"])).err, "", when);
  }
});

test("installs Deno when the one on PATH is older, once", async (machine) => {
  await reset(machine);
  await machine.stub("deno", deno("2.9.5"));
  await machine.stub("npm", NPM);
  const first = await machine.run(["plan"]);
  assertEquals(first.code, 0);
  assertEquals(
    first.err,
    "blocksmith: installing Deno 2.9.6 with npm into .deno/ (the one on PATH is 2.9.5)\n" +
      "blocksmith: fetching packages into .deno/\n",
  );
  assertStringIncludes(first.out, "arg plan\n");
  assertStringIncludes(await machine.log(), "deno@2.9.6");
  assertEquals(machine.list(".deno/2.9.6"), ["cache", "deno", "ready"]);
  const second = await machine.run(["plan"]);
  assertEquals([second.code, second.err], [0, ""]);
  assertEquals((await machine.log()).trim().split("\n").length, 2);
});

test("mends with 'setup' what was damaged once it was finished", async (machine) => {
  await reset(machine, { deno: false });
  await machine.stub("npm", NPM);
  assertEquals((await machine.run(["plan"])).code, 0);
  const installed = `${machine.root}/.deno/2.9.6`;
  await Deno.writeTextFile(`${installed}/deno`, "#!/bin/sh\nexit 139\n");
  const { err } = await machine.run(["setup"]);
  assertStringIncludes(err, "installing Deno 2.9.6 with npm into .deno/\n");
  assertEquals((await machine.run(["plan"])).err, "");
  // What is missing altogether, every command fetches.
  await Deno.remove(`${installed}/cache`, { recursive: true });
  assertEquals(
    (await machine.run(["plan"])).err,
    "blocksmith: fetching packages into .deno/\n",
  );
  await Deno.truncate(`${installed}/deno`);
  assertEquals((await machine.run(["plan"])).code, 0);
});

test("takes a Deno that is newer in any part of its version", async (machine) => {
  for (const version of ["2.9.10", "2.10.0", "3.0.1"]) {
    await reset(machine);
    await machine.stub("deno", deno(version));
    assertEquals((await machine.run(["plan"])).code, 0);
    assertEquals(machine.list(".deno"), [version, "lock"]);
  }
});

test("launched twice at once sets up once", async (machine) => {
  await reset(machine, { deno: false });
  await machine.stub("npm", `${NPM}\n/bin/sleep 0.2`);
  const runs = await Promise.all([
    machine.run(["plan"]),
    machine.run(["plan"]),
  ]);
  assertEquals(runs.map((run) => run.code), [0, 0]);
  assertEquals((await machine.log()).trim().split("\n").length, 2);
});

test("serves a user without Deno what another user set up", async (machine) => {
  await reset(machine);
  const bin = `${machine.sys}/../bin`, home = `${machine.sys}/../home`;
  const env = { PATH: `${home}:${bin}` };
  await Deno.rename(`${bin}/deno`, `${home}/deno`);
  await Deno.symlink(`${home}/deno`, `${home}/link`);
  await Deno.chmod(`${home}/deno`, 0o700);
  const first = await new Deno.Command("sh", {
    args: ["-c", 'umask 077; "$0" plan', `${machine.root}/blocksmith`],
    clearEnv: true,
    env: {
      PATH: env.PATH,
      HOME: home,
      LOG: `${machine.sys}/../log`,
      BLOCKSMITH_SYSROOT: machine.sys,
    },
  }).output();
  assertEquals(first.code, 0, new TextDecoder().decode(first.stderr));
  for (const name of ["deno", "ready", "cache"]) {
    const { mode } = await Deno.stat(`${machine.root}/.deno/2.9.6/${name}`);
    assertEquals((mode ?? 0) & 0o044, 0o044, name);
  }
  // Without that Deno, and with a newer one whose packages are not there.
  const second = await machine.run(["plan"], { env: { HOME: "/nonexistent" } });
  assertEquals([second.code, second.err], [0, ""]);
  await machine.stub("deno", deno("2.10.0"));
  const third = await machine.run(["plan"]);
  assertEquals([third.code, third.err], [0, ""]);
});

test("without the right to write .deno uses this user's own packages", async (machine) => {
  await reset(machine);
  // A file in its place refuses root too.
  await Deno.writeTextFile(`${machine.root}/.deno`, "");
  const { code, err } = await machine.run(["plan"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(await machine.log(), "deno install in its own\n");
  assertEquals(await packages(machine), "packages of its own");
  await machine.stub(
    "deno",
    `${deno("2.9.6").replace("install)", "install) echo no net; exit 1;")}`,
  );
  const offline = await machine.run(["plan"]);
  assertEquals(offline.code, 1);
  assertEquals(
    offline.err,
    "blocksmith: fetching packages failed:\nno net\n" +
      `blocksmith: Cannot fetch the packages of '${machine.root}/deno.json': ` +
      `run '${machine.root}/blocksmith setup' as a user who may write '${machine.root}/.deno'\n`,
  );
});

test("without npm fetches Deno with pip", async (machine) => {
  await reset(machine, { deno: false });
  await machine.stub("python3", PYTHON);
  const { code, err } = await machine.run(["plan"]);
  assertEquals(
    [code, err],
    [
      0,
      "blocksmith: installing Deno 2.9.6 with pip into .deno/\n" +
      "blocksmith: fetching packages into .deno/\n",
    ],
  );
  assertStringIncludes(await machine.log(), "deno==2.9.6");
  assertEquals(machine.list(".deno/2.9.6"), ["cache", "deno", "ready"]);
});

test("as root without npm and pip takes pip from apt", async (machine) => {
  await reset(machine, { deno: false });
  await addRoot(machine);
  await machine.stub("later", PYTHON);
  await machine.stub(
    "apt-get",
    `echo "apt-get $*" >>"$LOG"
case $* in *install*) mv "$BLOCKSMITH_SYSROOT/../bin/later" "$BLOCKSMITH_SYSROOT/../bin/python3" ;; esac`,
  );
  const { code, err } = await machine.run(["plan"]);
  assertEquals(code, 0, err);
  assertEquals(
    err,
    "blocksmith: installing python3-pip from apt, to fetch Deno\n" +
      "blocksmith: installing Deno 2.9.6 with pip into .deno/\n" +
      "blocksmith: fetching packages into .deno/\n",
  );
  assertStringIncludes(
    await machine.log(),
    "install --no-install-recommends python3-pip ca-certificates\n",
  );
});

test("says in one line what is missing when Deno cannot come", async (machine) => {
  await reset(machine, { deno: false });
  const need =
    "blocksmith: Cannot install Deno 2.9.6 as neither npm nor pip is there to fetch it: ";
  const without = await machine.run(["train"]);
  assertEquals(
    [without.code, without.err],
    [
      1,
      `${need}install Node.js with npm, or Python 3 with pip, or Deno itself\n`,
    ],
  );
  await machine.file("etc/os-release", DEBIAN_12);
  const debian = await machine.run(["train"]);
  assertEquals(
    [debian.code, debian.err],
    [
      1,
      `${need}run '${machine.root}/blocksmith setup' as root, or 'apt-get install python3-pip ca-certificates'\n`,
    ],
  );
  await machine.stub("npm", "echo no such host; exit 7");
  const failing = await machine.run(["train"]);
  assertEquals(failing.code, 1);
  assert(failing.err.endsWith("npm failed:\nno such host\n"), failing.err);
  assertEquals(machine.list(".deno/2.9.6"), []);
});
