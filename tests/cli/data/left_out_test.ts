import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  blocksmith,
  commandLine,
  fails,
  succeeds,
  type Workshop,
  workshop,
} from "../../helpers/cli.ts";
import {
  jsonLines,
  SMALL,
  STEPS,
  texts,
  toldOf,
} from "../../helpers/cli_data.ts";
import { canBePlain, PLAIN } from "../../helpers/processes.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Words for a run of one step on the given files. */
function words(work: Workshop, files: string[], ...more: string[]): string[] {
  return [
    `data.files=[${files.join(",")}]`,
    "data.tokenizer=byte",
    `data.cache=${work.at("cache")}`,
    ...[...SMALL, ...STEPS, "train.max_steps=1", ...more],
  ];
}

/** The lines on the data that a command says on standard error. */
const dataLines = (err: string) =>
  err.split("\n").filter((line) =>
    /^(text|train|valid|files|skipped) {2,}|^ {2}\S+: /.test(line)
  );

/** Writes files that hold no text, or not only, beside those of a workshop. */
function spoil(work: Workshop): void {
  const lines = jsonLines(texts(4, "line"));
  const put = (name: string, bytes: Uint8Array) =>
    Deno.writeFileSync(work.at("text", name), bytes);
  put("bad.jsonl", Uint8Array.from([...lines, ...utf8('{"text":\n')]));
  put("bin", new Uint8Array(50));
  put("empty.txt", new Uint8Array());
  put("latin.txt", Uint8Array.from([0x63, 0xe9]));
  put("tiny.txt", utf8("tiny"));
  put("win.txt", Uint8Array.from([0xff, 0xfe, 0x61, 0]));
  Deno.symlinkSync("gone", work.at("text", "link.txt"));
}

Deno.test({
  name: "train, eval and a resumed run tell what prepare tells",
  ignore: Deno.build.os === "windows", // links need rights there
  async fn() {
    using work = workshop();
    spoil(work);
    const run = work.at("run"), text = work.at("text");
    const all = [...words(work, [text]), "--skip-bad"];
    const prepared = (await succeeds(["prepare", ...all])).out;
    const told = toldOf(prepared);
    assertEquals(told.text, "17 documents in 13 files");
    assertEquals(
      told.skipped,
      "2 binary files, 1 file not UTF-8, 1 empty file, 1 unreadable record, " +
        "1 unreadable file",
    );
    assertEquals(told.reasons, [
      `${text}/link.txt: it is a link to nothing`,
      `${text}/bin: binary`,
      `${text}/latin.txt: not UTF-8`,
      `${text}/win.txt: UTF-16, not UTF-8`,
      `${text}/bad.jsonl: line 5: invalid JSON (it ends too early)`,
    ]);
    const [first, ...lines] = prepared.trimEnd().split("\n");
    assertMatch(first, /^made /);
    assertMatch(lines[1], /^train +\d+ documents \(2 too short\) /);

    // The store is there now; what was left out of it is told all the same.
    const found = (await succeeds(["prepare", ...all])).out;
    assertEquals(found, prepared.replace("made ", "found "));
    const json = await succeeds(["prepare", "--json", ...all]);
    assertEquals(dataLines(json.err), [lines[0], ...lines.slice(3)]);
    const { skipped } = JSON.parse(json.out.slice(json.out.indexOf("\n")));
    assertEquals([skipped.empty, skipped.files], [1, 1]);

    const trained = await succeeds(["train", ...all, `run=${run}`]);
    assertEquals(dataLines(trained.err), lines);
    const [resumed, evaluated, onFiles] = await Promise.all([
      succeeds(["train", "--resume", run]),
      succeeds(["eval", run]),
      succeeds(["eval", run, `${text}/b*`, `${text}/[0-9]*`]),
    ]);
    assertEquals(dataLines(resumed.err), lines);
    assertEquals(dataLines(evaluated.err), lines);
    assertEquals(dataLines(onFiles.err), [
      "text    15 documents in 11 files",
      dataLines(onFiles.err)[1],
      "skipped  1 binary file, 1 unreadable record",
      `  ${text}/bin: binary`,
      `  ${text}/bad.jsonl: line 5: invalid JSON (it ends too early)`,
    ]);
    assertMatch(dataLines(onFiles.err)[1], /^files +14 documents /);
  },
});

Deno.test("a file that is named by itself and cannot be used stops each command", async () => {
  using work = workshop();
  spoil(work);
  const run = work.at("run"), file = (name: string) => work.at("text", name);
  const good = [file("0.txt"), file("1.txt")];
  const bad = [...good, file("win.txt")];
  const refused =
    /Cannot read '.*win\.txt' as it is UTF-16, not UTF-8: .*iconv -f UTF-16 .*--skip-bad/;
  await fails(["prepare", ...words(work, bad)], refused);
  await fails(["train", ...words(work, bad, `run=${run}`)], refused);
  await fails(
    ["train", ...words(work, good, `run=${run}`)].concat(
      `data.valid_files=[${file("win.txt")},${good[0]}]`,
    ),
    refused,
  );
  await fails(
    ["prepare", ...words(work, bad, "data.weights=[1,1,1]")].concat(
      "data.valid_fraction=0",
    ),
    refused,
  );
  const missing = /Cannot read '.*link\.txt': it is a link to nothing; --skip/;
  await fails(["prepare", ...words(work, [file("link.txt")])], missing);

  await succeeds(["train", ...words(work, good, `run=${run}`)]);
  await fails(["eval", run, ...bad], refused);
  const skipping = await succeeds(["eval", run, "--skip-bad", ...bad]);
  assertMatch(skipping.err, /^skipped {2}1 binary file$/m);

  // A run that was made before such files were refused: it stays what it was.
  const path = work.at("run", "config.yaml");
  const config = Deno.readTextFileSync(path);
  const more = config.replace(
    /^( +- ).*1\.txt.*$/m,
    (line, dash) => `${line}\n${dash}${file("win.txt")}`,
  );
  assert(more !== config);
  Deno.writeTextFileSync(path, more);
  for (const command of [["train", "--resume", run], ["eval", run]]) {
    const { err } = await succeeds(command);
    assertMatch(err, /^skipped {2}1 binary file\n {2}.*win\.txt: UTF-16/m);
  }
});

/** Runs the words as a shell does that gives `$1` the work's folder. */
async function shell(work: Workshop, script: string): Promise<boolean> {
  const args = ["-c", script, "sh", work.path];
  const { success } = await new Deno.Command("sh", { args, stderr: "null" })
    .output();
  return success;
}

Deno.test({
  name: "names that are not UTF-8, pipes and closed folders are reported",
  ignore: Deno.build.os !== "linux", // other systems have no such names
  async fn() {
    using work = workshop();
    assert(
      await shell(
        work,
        `cd "$1/text" && d=$(printf 'd\\351r') && mkdir "$d" && cp 0.txt "$d" &&
         mkfifo pipe.txt && cp 0.txt "$(printf 'caf\\351.txt')" &&
         cp 0.txt "$(printf 'caf\\350.txt')"`,
      ),
    );
    const text = work.at("text");
    for (const files of [text, `${text}/**`, `${text}/**/*.txt`]) {
      const { code, err } = await blocksmith([
        "prepare",
        ...words(work, [files]),
      ]);
      assertEquals(code, 1);
      assertMatch(
        err,
        /Cannot read '.*\/caf\ufffd\.txt': its name is not UTF-8: rename it \(and 3 others in '/,
      );
      const { out } = await succeeds([
        "prepare",
        ...words(work, [files], "--skip-bad"),
      ]);
      const { skipped, reasons } = toldOf(out);
      assertEquals(skipped, "4 unreadable files");
      assertEquals(
        reasons.map((reason) => reason.replace(`${text}/`, "")),
        [
          "caf\ufffd.txt: its name is not UTF-8: rename it",
          "caf\ufffd.txt: its name is not UTF-8: rename it",
          "d\ufffdr: its name is not UTF-8: rename it",
          "pipe.txt: it is a pipe",
        ],
      );
    }
  },
});

Deno.test({
  name: "a current folder whose name is not UTF-8 is refused in one line",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using work = workshop();
    const command = commandLine(["prepare", "data.files=[*.txt]"])
      .map((word) => `'${word}'`).join(" ");
    const error = work.at("error");
    assert(
      !await shell(
        work,
        `d="$1/$(printf 'd\\351r')" && mkdir "$d" && cp "$1"/text/* "$d" &&
         cd "$d" && ${command} 2>'${error}'`,
      ),
    );
    assertMatch(
      Deno.readTextFileSync(error),
      /^blocksmith: Cannot work in the current folder as it must exist, with a path in UTF-8: [^\n]+; change to another folder\n$/,
    );
  },
});

Deno.test({
  name: "an argument that is not UTF-8 is refused in one line; U+FFFD is text",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using work = workshop();
    const error = work.at("error");
    const prepare = (...more: string[]) =>
      commandLine(["prepare", ...words(work, []), ...more])
        .map((word) => `'${word}'`).join(" ");
    assert(
      !await shell(
        work,
        `${prepare()} "data.files=[$1/$(printf 'd\\351r')]" 2>'${error}'`,
      ),
    );
    assertMatch(
      Deno.readTextFileSync(error),
      /^blocksmith: Cannot use the argument 'data\.files=\[.*d\ufffdr\]' as it must be UTF-8: rename the file or folder that it names\n$/,
    );
    Deno.renameSync(work.at("text"), work.at("d\ufffdr"));
    assert(await shell(work, prepare(`data.files=[${work.at("d\ufffdr")}]`)));
  },
});

Deno.test({
  name: "folders and files without permission are reported",
  ignore: !canBePlain,
  async fn() {
    using work = workshop();
    const text = work.at("text");
    for (const closed of ["deep/closed", "listed"]) {
      Deno.mkdirSync(work.at("text", closed), { recursive: true });
      Deno.writeTextFileSync(work.at("text", closed, "x.txt"), "x");
    }
    Deno.chmodSync(work.at("text/deep/closed"), 0);
    // Its names can be read, its files cannot.
    Deno.chmodSync(work.at("text/listed"), 0o444);
    Deno.chmodSync(work.at("text/0.txt"), 0);
    for (
      const files of [text, `${text}/**/*.txt`, `${text}/{*,*/*/*,l*/*}.txt`]
    ) {
      await fails(
        ["prepare", ...words(work, [files])],
        /Cannot read '.*\/deep\/closed': permission denied \(and 1 other in '/,
        {},
        PLAIN,
      );
      const { out, code } = await blocksmith(
        ["prepare", ...words(work, [files], "--skip-bad")],
        {},
        PLAIN,
      );
      assertEquals(code, 0);
      const { skipped, reasons } = toldOf(out);
      assertEquals(skipped, "3 unreadable files");
      assertEquals(
        reasons,
        ["deep/closed", "listed/x.txt", "0.txt"].map((name) =>
          `${text}/${name}: permission denied`
        ),
      );
    }
    await fails(
      ["prepare", ...words(work, [`${text}/0.txt`, `${text}/1.txt`])],
      /Cannot read '.*0\.txt': permission denied; --skip-bad/,
      {},
      PLAIN,
    );
  },
});

Deno.test("of a user's own files all documents are used, or it is said how many are not", async () => {
  using work = workshop();
  const prepare = async (...more: string[]) => {
    const ended = await succeeds([
      "prepare",
      ...words(work, [work.at("text")], ...more),
    ]);
    return { ...ended, text: toldOf(ended.out).text };
  };
  const ten = "10 documents in 10 files";
  const own = await prepare("num_token_mult=2");
  assertEquals(own.text, ten);
  assertMatch(own.err, /^note: num_token_mult=2 has no effect on your own /m);
  assertEquals(
    (await prepare("data.documents_per_token_mult=3", "num_token_mult=2")).text,
    `${ten}, of which 4 are left out by num_token_mult=2 x 3 (data.max_documents changes it)`,
  );
  assertEquals(
    (await prepare(
      "data.max_documents=9",
      `data.valid_files=[${work.at("text/[0-2].txt")}]`,
      "data.valid_max_documents=1",
    )).text,
    "7 documents in 7 files; held out, 3 documents in 3 files, of which 2 are left out by data.valid_max_documents",
  );
});
