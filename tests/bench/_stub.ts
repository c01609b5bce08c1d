/** Shell scripts in place of Python. @module */

/**
 * Runs `body` with a shell script of the given text as `$PYTHON`; null for a
 * missing file.
 */
export async function withPython(
  script: string | null,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir(), before = Deno.env.get("PYTHON");
  const path = `${folder}/python`;
  try {
    if (script !== null) {
      await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    Deno.env.set("PYTHON", path);
    await body(folder);
  } finally {
    if (before === undefined) Deno.env.delete("PYTHON");
    else Deno.env.set("PYTHON", before);
    await Deno.remove(folder, { recursive: true });
  }
}
