/**
 * `deno task compile:offline`: one self-extracting executable, for machines
 * where the base executable of `deno compile` is not available. It is a shell
 * script, the bundle and this Deno, concatenated; see `self_extract.sh`.
 * @module
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { bundle, DIST, runBuild, tryExecutable } from "./bundle.ts";
import script from "./self_extract.sh" with { type: "text" };

/**
 * Packs a bundle and a Deno into one executable file. Equal inputs give equal
 * bytes, as the gzip headers contain no name and no time.
 *
 * @param app path of the bundle
 * @param deno path of the Deno that runs it
 * @param out path of the executable
 * @param check tries the file before it takes its name
 * @returns `out`
 */
export async function pack(
  app: string,
  deno: string,
  out: string,
  check?: (path: string) => Promise<void>,
): Promise<string> {
  const parts = [];
  const hash = createHash("sha256");
  for (const path of [app, deno]) {
    const part = gzipSync(await Deno.readFile(path), { level: 6 });
    hash.update(part);
    parts.push(part);
  }
  const fields: Record<string, string | number> = {
    ID: hash.digest("hex").slice(0, 16),
    APP_BYTES: parts[0].length,
    DENO_BYTES: parts[1].length,
    OS: Deno.build.os === "darwin" ? "Darwin" : "Linux",
    ARCH: Deno.build.arch,
  };
  const head = script.replace(
    /@([A-Z_]+)@/g,
    (_, name: string) => String(fields[name]),
  );
  // Renamed into place, so that a running executable is replaced, not
  // overwritten.
  const draft = `${out}.${Deno.pid}`;
  try {
    {
      using file = await Deno.open(draft, {
        write: true,
        create: true,
        truncate: true,
        mode: 0o755,
      });
      for (const part of [new TextEncoder().encode(head), ...parts]) {
        for (let at = 0; at < part.length;) {
          at += await file.write(part.subarray(at));
        }
      }
    }
    // A file that is open for writing cannot be started.
    await check?.(draft);
    await Deno.rename(draft, out);
  } catch (error) {
    await Deno.remove(draft).catch(() => {});
    throw error;
  }
  return out;
}

if (import.meta.main) {
  await runBuild(async () =>
    await pack(
      await bundle(),
      Deno.execPath(),
      `${DIST}/blocksmith`,
      tryExecutable,
    )
  );
}
