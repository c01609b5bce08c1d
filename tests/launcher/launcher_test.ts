/**
 * The launcher's decisions and messages, on stubbed machines: without network,
 * without root, and without installing anything. Linux only, as elsewhere the
 * launcher installs only Deno.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  addDriver,
  addRoot,
  APT,
  BOOKWORM,
  DEBIAN_12,
  deno,
  type Machine,
  onMachine,
} from "./_machine.ts";

const ignore = Deno.build.os !== "linux";

const test = (name: string, body: (machine: Machine) => Promise<void>) =>
  Deno.test({ name: `blocksmith ${name}`, ignore, fn: () => onMachine(body) });

test("is a sound POSIX shell script", async ({ root }) => {
  const { success } = await new Deno.Command("sh", {
    args: ["-n", `${root}/blocksmith`],
  }).output();
  assert(success);
});

test("installs nothing where all is set up", async (machine) => {
  await addDriver(machine);
  const { code, out, err } = await machine.run(["train", "a b", "x='$y'"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(
    out,
    `cwd ${machine.root}\narg run\narg -A\narg --config\narg ${machine.root}/deno.json\n` +
      `arg ${machine.root}/main.ts\narg train\narg a b\narg x='$y'\n`,
  );
  assertEquals(await machine.log(), "");
  assertEquals(machine.list("."), [
    ".deno",
    "blocksmith",
    "deno.lock",
    "tests",
  ]);
});

test("keeps the caller's folder, also through symbolic links", async (machine) => {
  await addDriver(machine);
  const away = `${machine.sys}/away`;
  await Deno.mkdir(away);
  await Deno.symlink("../../check out/blocksmith", `${away}/one`);
  await Deno.symlink("one", `${away}/two`);
  const { out } = await machine.run(["eval"], { cwd: away, path: "./two" });
  assertStringIncludes(out, `cwd ${away}\n`);
  assertStringIncludes(out, `arg ${machine.root}/main.ts\n`);
});

test("in a folder that was removed fails in one line", async (machine) => {
  await addDriver(machine);
  const path = `${machine.sys}/gone.sh`, gone = `${machine.sys}/gone`;
  await Deno.writeTextFile(
    path,
    `#!/bin/sh
mkdir '${gone}' && cd '${gone}' && /bin/rmdir '${gone}' || exit 3
exec '${machine.root}/blocksmith' "$@"\n`,
    { mode: 0o755 },
  );
  const { code, err } = await machine.run(["train"], { path });
  assertEquals(code, 1);
  assertStringIncludes(
    err,
    "blocksmith: Cannot work in the current folder as it does not exist any " +
      "more: change to another folder\n",
  );
});

test("without a driver and rights fails in one line, where one is needed", async (machine) => {
  await machine.file("etc/os-release", DEBIAN_12);
  const { code, out, err } = await machine.run(["train"]);
  assertEquals([code, out], [1, ""]);
  assertEquals(
    err,
    `blocksmith: Cannot find a Vulkan driver, which 'train' needs: run '${machine.root}/blocksmith setup' as root, ` +
      "or install mesa-vulkan-drivers and libvulkan1 from bookworm-backports\n",
  );
  for (
    const args of [[], ["plan"], ["prepare", "x"], ["--help"], ["--version"], [
      "train",
      "--help",
    ]]
  ) {
    const free = await machine.run(args);
    assertEquals([free.code, free.err], [0, ""], args.join(" "));
  }
});

test("trusts a driver chosen by VK_DRIVER_FILES, if it exists", async (machine) => {
  await machine.stub("ldconfig", "echo '\tlibvulkan.so.1 (libc6)'");
  await machine.file("my driver.json", "{}");
  const chosen = (VK_DRIVER_FILES: string) =>
    machine.run(["train"], { env: { VK_DRIVER_FILES } });
  assertEquals((await chosen(`/nope:${machine.sys}/my driver.json`)).code, 0);
  const { code, err } = await chosen("/nope.json");
  assertEquals(code, 1);
  assertStringIncludes(err, "got '/nope.json'; unset it");
});

test("as root on Debian 12 takes Mesa from backports, by the machine's mirror and key", async (machine) => {
  await addRoot(machine);
  await machine.file(
    "etc/apt/sources.list.d/debian.sources",
    "# a comment\nTypes: deb deb-src\nURIs: http://mirror.test/debian\n http://second.test/debian\n" +
      "Suites: bookworm bookworm-updates\nComponents: main contrib\nSigned-By:\n -----BEGIN\n .\n abc=\n\n" +
      "Types: deb\nURIs: http://security.test/\nSuites: bookworm-security\nComponents: main",
  );
  const { code, err } = await machine.run(["train"]);
  assertEquals(
    [code, err],
    [
      0,
      "blocksmith: installing a software Vulkan driver (Mesa from bookworm-backports)\n",
    ],
  );
  assertEquals(
    await Deno.readTextFile(
      `${machine.sys}/etc/apt/sources.list.d/blocksmith-backports.sources`,
    ),
    "Types: deb\nSuites: bookworm-backports\nComponents: main\nURIs: http://mirror.test/debian\n" +
      " http://second.test/debian\nSigned-By:\n -----BEGIN\n .\n abc=\n",
  );
  const log = await machine.log();
  assertStringIncludes(log, "update\n");
  assertStringIncludes(
    log,
    "install --no-install-recommends -t bookworm-backports mesa-vulkan-drivers libvulkan1\n",
  );
});

test("reads one-line apt sources too", async (machine) => {
  await addRoot(machine);
  await machine.file(
    "etc/apt/sources.list",
    "# deb http://off.test/debian bookworm-backports main\n" +
      "deb-src http://mirror.test/debian bookworm main\n" +
      "deb [ arch=amd64 signed-by=/usr/share/keyrings/k.gpg ] http://mirror.test/debian bookworm main non-free\n",
  );
  assertEquals((await machine.run(["train"])).code, 0);
  assertEquals(
    await Deno.readTextFile(
      `${machine.sys}/etc/apt/sources.list.d/blocksmith-backports.list`,
    ),
    "deb [ arch=amd64 signed-by=/usr/share/keyrings/k.gpg ] http://mirror.test/debian bookworm-backports main\n",
  );
});

test("adds no apt source where backports are on already", async (machine) => {
  const on: [string, string][] = [
    [
      "debian.sources",
      `${BOOKWORM}\n${BOOKWORM.replace("bookworm ", "bookworm-backports ")}`,
    ],
    [
      "debian.list",
      "deb http://mirror.test/debian bookworm main\ndeb http://mirror.test/debian bookworm-backports main\n",
    ],
  ];
  await addRoot(machine);
  for (const [name, text] of on) {
    const dir = `${machine.sys}/etc/apt/sources.list.d`;
    await machine.file(`etc/apt/sources.list.d/${name}`, text);
    await Deno.remove(`${machine.sys}/usr`, { recursive: true }).catch(
      () => {},
    );
    assertEquals((await machine.run(["train"])).code, 0);
    assertEquals(Array.from(Deno.readDirSync(dir), (entry) => entry.name), [
      name,
    ]);
    await Deno.remove(`${dir}/${name}`);
  }
});

test("falls back to the release's Mesa where the mirror has no backports", async (machine) => {
  await addRoot(machine);
  await machine.stub(
    "apt-get",
    `case "$*" in *backports*) echo "apt-get refused" >>"$LOG"; echo "E: no such release"; exit 100 ;; esac\n${APT}`,
  );
  await machine.file("etc/apt/sources.list.d/debian.sources", BOOKWORM);
  const { code, err } = await machine.run(["train"]);
  assertEquals(code, 0);
  assertStringIncludes(err, "E: no such release");
  assertStringIncludes(err, "installing Debian 12's own Mesa");
  assertStringIncludes(
    await machine.log(),
    "install --no-install-recommends mesa-vulkan-drivers",
  );
  assertEquals(
    Array.from(
      Deno.readDirSync(`${machine.sys}/etc/apt/sources.list.d`),
      (entry) => entry.name,
    ),
    ["debian.sources"],
  );
});

test("on Ubuntu takes the release's Mesa", async (machine) => {
  await addRoot(machine);
  await machine.file(
    "etc/os-release",
    `ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n`,
  );
  const { code, err } = await machine.run(["bench"]);
  assertEquals([code, err], [
    0,
    "blocksmith: installing a software Vulkan driver (Mesa)\n",
  ]);
  assertEquals((await machine.log()).includes("-t "), false);
});

test("shows the end of apt's log when nothing can be installed", async (machine) => {
  await addRoot(machine);
  await machine.file("etc/os-release", "ID=debian\nVERSION_ID=13\n");
  await machine.stub("apt-get", "echo 'E: disk full'; exit 100");
  const { code, err } = await machine.run(["train"]);
  assertEquals(code, 1);
  assertStringIncludes(err, "apt-get install failed:\nE: disk full");
  assertStringIncludes(err, "Cannot find a Vulkan driver, which 'train' needs");
});

test("tells of an old software driver, and 'setup' as root upgrades it", async (machine) => {
  await addDriver(machine);
  await addRoot(machine);
  await machine.file("etc/apt/sources.list.d/debian.sources", BOOKWORM);
  await machine.stub("dpkg-query", "printf 22.3.6-1+deb12u1");
  const { code, err } = await machine.run(["train"]);
  assertEquals(code, 0);
  assertStringIncludes(err, "Mesa 22.3.6 is 3 to 11 times slower");
  assertEquals(await machine.log(), "");
  const setup = await machine.run(["setup"]);
  assertEquals([setup.code, setup.out], [0, ""]);
  assertStringIncludes(await machine.log(), "-t bookworm-backports");
});

test("starts the command where its own words cannot be written", async (machine) => {
  await addDriver(machine);
  await addRoot(machine);
  await machine.stub("dpkg-query", "printf 22.3.6-1+deb12u1");
  for (
    const how of ["2>/dev/full", "2>&-", "2>&1 >&3 | :"]
  ) {
    const { out } = await machine.run(
      ["-c", `{ "${machine.root}/blocksmith" train ${how}; } 3>&1`],
      { path: "/bin/sh" },
    );
    assertStringIncludes(out, "arg train\n", how);
  }
});

test("lets a write beyond 'ulimit -f' fail, in place of ending the command", async (machine) => {
  await machine.stub(
    "deno",
    deno("2.9.6") +
      '\n(head -c 4096 /dev/zero >"$LOG.big") 2>/dev/null; echo "write $?"',
  );
  const limited = async (command: string) =>
    (await machine.run(
      ["-c", `ulimit -f 2; exec "${machine.root}/blocksmith" ${command}`],
      { path: "/bin/sh" },
    )).out;
  assertStringIncludes(await limited("plan"), "write 1\n");
  // Tests of what such a signal leaves get it: 128 + 25.
  assertStringIncludes(await limited("check"), "write 153\n");
});

test("'test' runs all tests, or the caller's paths, in the checkout", async (machine) => {
  await addDriver(machine);
  await Deno.writeTextFile(`${machine.root}/tests/a_test.ts`, "");
  const all = await machine.run(["test", "--filter", "x y"], { cwd: "/" });
  assertEquals(
    all.out,
    `cwd ${machine.root}\narg test\narg -A\narg --no-check\narg ${machine.root}/tests/\narg --filter\narg x y\n`,
  );
  const one = await machine.run(["test", "a_test.ts"], {
    cwd: `${machine.root}/tests`,
  });
  assertEquals(
    one.out,
    `cwd ${machine.root}\narg test\narg -A\narg --no-check\narg ${machine.root}/tests/a_test.ts\n`,
  );
});

test("what is a task of deno.json runs as one", async (machine) => {
  await addDriver(machine);
  const tasks = "ok check sizes compile compile:offline test:unit test:device";
  for (const task of `${tasks} test:slow test:doc`.split(" ")) {
    const { code, out } = await machine.run([task]);
    assertEquals(code, 0);
    assertStringIncludes(
      out,
      `arg task\narg --quiet\narg --config\narg ${machine.root}/deno.json\narg ${task}\n`,
    );
  }
});
