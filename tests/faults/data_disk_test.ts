import { assertEquals, assertMatch } from "@std/assert";
import { commandLine, type Workshop, workshop } from "../helpers/cli.ts";
import { jsonLines, SMALL, texts, toldOf } from "../helpers/cli_data.ts";
import { courseHub } from "../helpers/cli_hub.ts";
import { canMount, inNamespace } from "../helpers/processes.ts";

/**
 * What came of preparing on a small disk, and once more when that had grown.
 */
interface Outcome {
  /** The line that says what is wrong. */
  fault: string;
  /** The files in the cache after that. */
  left: string[];
  /** What the second time has printed. */
  out: string;
}

/**
 * Prepares 5000 documents of 0.3 MB on a disk of 0.4 MB, which has other uses
 * too.
 */
async function onSmallDisk(
  work: Workshop,
  data: string,
  { env, redirect = "" }: { env?: Record<string, string>; redirect?: string } =
    {},
): Promise<Outcome> {
  const disk = work.at("disk");
  Deno.mkdirSync(disk);
  const run = commandLine([
    ...["prepare", ...SMALL, "data.tokenizer=byte", data],
    `data.cache=${disk}/cache`,
  ]).map((word) => `'${word}'`).join(" ") + redirect;
  const { stdout } = await inNamespace(
    `mount -t tmpfs -o size=400k none ${disk}
    ${run} 2>${work.at("said")} || echo "code $?"
    cd ${disk}
    find cache -type f | sort
    echo
    mount -o remount,size=9m ${disk}
    ${run}`,
    env,
  );
  const said = Deno.readTextFileSync(work.at("said")).split("\n");
  const faults = said.filter((line) => /^(blocksmith: |\s+at )/.test(line));
  assertEquals(faults.length, 1, said.join("\n"));
  const [before, out] = new TextDecoder().decode(stdout).split("\n\n");
  const [code, ...left] = before.split("\n");
  assertEquals(code, "code 1");
  return { fault: faults[0], left: left.filter(Boolean), out };
}

function assertWhole({ out }: Outcome): void {
  const { found, splits: { train, valid } } = toldOf(out);
  assertEquals(found, false);
  assertEquals([train.documents, valid.documents], [4500, 500]);
}

Deno.test({
  name: "prepare on a full disk is one line, and resumes once there is room",
  ignore: !canMount,
  async fn() {
    using work = workshop();
    Deno.writeFileSync(work.at("a.jsonl"), jsonLines(texts(5000, "disk")));
    const ended = await onSmallDisk(work, `data.files=[${work.at("a.jsonl")}]`);
    assertMatch(
      ended.fault,
      /: Cannot write the token store under '.*stores' as the disk is full: free some space and run again to continue from there$/,
    );
    // Nothing that could be taken for a store.
    for (const path of ended.left) assertMatch(path, /\.unfinished\/\w+\.\w+$/);
    assertWhole(ended);
  },
});

Deno.test({
  name:
    "a download to a full disk is one line, and is fetched once there is room",
  ignore: !canMount,
  async fn() {
    using work = workshop();
    await using course = courseHub();
    const big = texts(5000, "disk").map((text) => text.repeat(2));
    course.hub.push("datasets/o/big", { "a.jsonl": jsonLines(big) });
    const { env } = course;
    const files = "data.files=[hf://datasets/o/big]";
    const ended = await onSmallDisk(work, files, { env });
    assertMatch(
      ended.fault,
      /: Cannot fetch hf:\S+ as '.*hub' must have 0\.7 MB free: got 0\.[34] MB; free some space, or set 'data\.cache' to a folder on another disk$/,
    );
    for (const path of ended.left) assertMatch(path, /^cache\/hub\/datasets\//);
    assertWhole(ended);
  },
});

Deno.test({
  name: "standard input on a full disk is one line, and leaves nothing",
  ignore: !canMount,
  async fn() {
    using work = workshop();
    const big = texts(5000, "disk").map((text) => text.repeat(2));
    Deno.writeFileSync(work.at("a.jsonl"), jsonLines(big));
    const ended = await onSmallDisk(work, "data.files=[-]", {
      redirect: ` <${work.at("a.jsonl")}`,
    });
    assertMatch(
      ended.fault,
      /: Cannot cache standard input in '.*stdin' as the disk is full: free some space, or set 'data\.cache' to a folder on another disk$/,
    );
    assertEquals(ended.left, []);
    assertWhole(ended);
  },
});
