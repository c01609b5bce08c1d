/**
 * A stubbed machine for the launcher: a copy of it in a temporary folder, a
 * folder that stands for the system's, and a PATH of stubs.
 * @module
 */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../blocksmith", import.meta.url));

/** Real tools that the launcher may use; all others are stubs or missing. */
const TOOLS =
  "awk cat chmod cksum cp dirname env flock grep head ln mkdir mv " +
  "readlink rm sed sh tail touch tr uname";

/** One stubbed machine. */
export interface Machine {
  /** The checkout's copy. */
  root: string;
  /** The folder that stands for `/`. */
  sys: string;
  /** Writes a program into the PATH. */
  stub(name: string, body: string): Promise<void>;
  /** Writes a file below `sys`. */
  file(path: string, text: string): Promise<void>;
  /** Starts the launcher. */
  run(
    args: string[],
    options?: { cwd?: string; env?: Record<string, string>; path?: string },
  ): Promise<{ code: number; out: string; err: string }>;
  /** Commands that the stubs recorded, one per line. */
  log(): Promise<string>;
  /** The names in a folder of the checkout, sorted. */
  list(folder: string): string[];
}

/**
 * A Deno that prints its arguments and records where it installs packages, and
 * where it finds them.
 */
export const deno = (version: string) =>
  `case $1 in
--version) echo "deno ${version} (stable)"; exit ;;
install) echo "deno install in \${DENO_DIR-its own}" >>"$LOG"; exit ;;
eval) readlink -f "$0"; exit ;;
info) echo '      "registryUrl": "http://registry.test/",'; exit ;;
esac
echo "packages \${DENO_DIR-of its own} \${NPM_CONFIG_REGISTRY-}" >"$LOG.run"
echo "cwd $PWD"; for a in "$@"; do echo "arg $a"; done`;

/** Writes Deno 2.9.6 to `$bin/deno`. */
const WRITE_DENO = `mkdir -p "$bin"
cat >"$bin/deno" <<'END'
#!/bin/sh
${deno("2.9.6")}
END`;

/** An npm that installs what the real one does for deno@2.9.6. */
export const NPM = `echo "npm $*" >>"$LOG"
while [ "$1" != --prefix ]; do shift; done
bin=$2/node_modules/@deno/linux-x64-glibc
${WRITE_DENO}`;

/** A Python whose pip fetches Deno 2.9.6, and whose zipfile unpacks it. */
export const PYTHON = `case $* in
*--version) ;;
*download*) echo "python3 $*" >>"$LOG"; while [ "$1" != -d ]; do shift; done; echo >"$2/deno-1.whl" ;;
*zipfile*) bin=$5/deno-2.9.6.data/scripts
${WRITE_DENO}
;;
esac`;

/** An apt-get that installs a driver, as Mesa's package does. */
export const APT = `echo "apt-get $*" >>"$LOG"
case " $* " in *" install "*)
  mkdir -p "$BLOCKSMITH_SYSROOT/usr/share/vulkan/icd.d" "$BLOCKSMITH_SYSROOT/usr/lib/x86_64-linux-gnu"
  cd "$BLOCKSMITH_SYSROOT/usr"
  echo '{"ICD": {"library_path": "libvulkan_lvp.so"}}' >share/vulkan/icd.d/lvp_icd.json
  touch lib/x86_64-linux-gnu/libvulkan.so.1 lib/x86_64-linux-gnu/libvulkan_lvp.so ;;
esac`;

/** Debian 12's `/etc/os-release`. */
export const DEBIAN_12 =
  `ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n`;

/** An apt source that serves bookworm, but not its backports. */
export const BOOKWORM = "Types: deb\nURIs: http://mirror.test/debian\n" +
  "Suites: bookworm bookworm-updates\nComponents: main\n";

/** Runs `test` on a machine with Deno 2.9.6, its packages, and nothing else. */
export async function onMachine(
  test: (machine: Machine) => Promise<void>,
): Promise<void> {
  const top = await Deno.realPath(await Deno.makeTempDir());
  const root = `${top}/check out`, sys = `${top}/sys`, bin = `${top}/bin`;
  const machine: Machine = {
    root,
    sys,
    async stub(name, body) {
      await Deno.remove(`${bin}/${name}`).catch(() => {});
      await Deno.writeTextFile(`${bin}/${name}`, `#!/bin/sh\n${body}\n`, {
        mode: 0o755,
      });
    },
    async file(path, text) {
      const full = `${sys}/${path}`;
      await Deno.mkdir(full.replace(/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(full, text);
    },
    async run(
      args,
      { cwd = root, env = {}, path = `${root}/blocksmith` } = {},
    ) {
      const { code, stdout, stderr } = await new Deno.Command(path, {
        args,
        cwd,
        clearEnv: true,
        env: {
          PATH: bin,
          HOME: `${top}/home`,
          TMPDIR: top,
          LOG: `${top}/log`,
          BLOCKSMITH_SYSROOT: sys,
          ...env,
        },
        signal: AbortSignal.timeout(20_000),
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, out: text(stdout), err: text(stderr) };
    },
    log: () => Deno.readTextFile(`${top}/log`).catch(() => ""),
    list: (folder) =>
      Array.from(Deno.readDirSync(`${root}/${folder}`), (entry) => entry.name)
        .sort(),
  };
  try {
    for (const dir of [root, sys, bin, `${top}/home`]) await Deno.mkdir(dir);
    await Deno.mkdir(`${root}/tests`);
    await Deno.copyFile(LAUNCHER, `${root}/blocksmith`);
    for (const tool of TOOLS.split(" ")) {
      for (const dir of ["/usr/bin", "/bin"]) {
        const real = `${dir}/${tool}`;
        if (!await Deno.stat(real).catch(() => null)) continue;
        await Deno.symlink(real, `${bin}/${tool}`).catch(() => {});
      }
    }
    await machine.stub("deno", deno("2.9.6"));
    await machine.stub("ldconfig", "true");
    await machine.stub("id", "echo 1000");
    await Deno.writeTextFile(`${root}/deno.lock`, "packages 1");
    await machine.run(["--version"]);
    await Deno.remove(`${top}/log`);
    await test(machine);
    const left = Array.from(Deno.readDirSync(top), (entry) => entry.name);
    assertEquals(left.filter((name) => name.startsWith("tmp")), []);
  } finally {
    await Deno.remove(top, { recursive: true });
  }
}

/** Installs a driver whose library `ldconfig` knows. */
export async function addDriver(machine: Machine, lib = "libvulkan_lvp.so") {
  await machine.stub(
    "ldconfig",
    `printf '\\t%s (libc6,x86-64) => /usr/lib/%s\\n' libvulkan.so.1 libvulkan.so.1 ${lib} ${lib}`,
  );
  await machine.file(
    "usr/share/vulkan/icd.d/x_icd.json",
    `{"file_format_version": "1.0.0",\n "ICD": {"library_path" : "${lib}"}}`,
  );
}

/** Makes the machine a Debian 12 with us as root. */
export async function addRoot(machine: Machine) {
  await machine.file("etc/os-release", DEBIAN_12);
  await machine.stub("id", "echo 0");
  await machine.stub("apt-get", APT);
}
