/** A permission that Deno does not grant is named, whatever needs it. */
import { assertEquals, assertMatch } from "@std/assert";
import { missingPermission } from "../../src/errors.ts";
import { MAIN, workshop } from "../helpers/cli.ts";

/** What the program says, run with these permissions. */
async function says(
  permissions: readonly string[],
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...permissions, MAIN, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const err = new TextDecoder().decode(stderr).trim();
  assertEquals([code, new TextDecoder().decode(stdout)], [1, ""], err);
  const lines = err.split("\n").filter((line) =>
    !/^(read|token|model: )/.test(line)
  );
  assertEquals(lines.length, 1, err);
  return lines[0];
}

Deno.test("a missing permission is named as that, in one line", async () => {
  using shop = workshop();
  const checkout = MAIN.replace(/\/main\.ts$/, "");
  const some = ["--allow-read", "--allow-env", "--allow-sys", "--allow-write"];
  const without = (kind: string) => some.filter((flag) => !flag.endsWith(kind));
  const few = [...without("read"), `--allow-read=${checkout}`];
  const train = ["train", ...shop.tiny("run")];
  const prepare = ["prepare", `data.cache=${shop.at("cache")}`];
  const cases: [readonly string[], string[], RegExp][] = [
    [[], ["devices"], /^blocksmith: Cannot read '.*configs'.*read/],
    [without("read"), ["--help"], /Cannot read '.*configs'.*read/],
    [without("write"), train, /Cannot write '.*'.*write/],
    [without("env"), ["devices"], /Cannot use the environment variable .*env/],
    [without("sys"), train, /Cannot ask the system for '.*'.*sys/],
    [some, [...prepare, "data.files=[hf://datasets/a/b]"], /connect.*net/],
    [few, ["train", "--resume", shop.path], /Cannot read '.*'.*read/],
    [few, ["eval", shop.path], /Cannot read '.*'.*read/],
    [few, ["report", shop.path], /Cannot read '.*'.*read/],
    [few, [...prepare, `data.files=[${shop.at("text")}]`], /Cannot read.*read/],
  ];
  for (const [permissions, args, pattern] of cases) {
    const line = await says(permissions, args);
    assertMatch(line, pattern);
    assertMatch(
      line,
      /^blocksmith: Cannot .* as Deno was started without --allow-\w+: add it, or -A$/,
    );
  }
});

Deno.test("missingPermission() reads errors, their causes, and nothing else", () => {
  const refused = (what: string) =>
    new Deno.errors.NotCapable(
      `Requires ${what}, run again with the --allow-x flag`,
    );
  const cases: [unknown, string | null][] = [
    [refused(`read access to "/a b"`), "read '/a b'"],
    [refused(`net access to "h:443"`), "connect to 'h:443'"],
    [refused(`sys access to "hostname"`), "ask the system for 'hostname'"],
    [refused(`run access to "sh"`), "run 'sh'"],
    [refused(`ffi access to "l.so"`), "load the library 'l.so'"],
    [
      new Error("outer", { cause: refused(`env access to "X"`) }),
      "use the environment variable 'X'",
    ],
    [new Error(`Requires a reader: see "X"`), null],
    ["text", null],
    [null, null],
  ];
  for (const [error, doing] of cases) {
    const kind = /Requires (\w+) access/.exec(
      `${error} ${(error as Error | null)?.cause}`,
    )?.[1];
    assertEquals(
      missingPermission(error),
      doing &&
        `Cannot ${doing} as Deno was started without --allow-${kind}: add it, or -A`,
    );
  }
});
