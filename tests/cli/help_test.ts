import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { commands } from "../../src/cli/mod.ts";
import { commandLine, fails, succeeds } from "../helpers/cli.ts";

const NAMES = [
  "train",
  "eval",
  "generate",
  "prepare",
  "report",
  "plan",
  "parity",
  "bench",
  "devices",
];

Deno.test("blocksmith without arguments, help and --help list the commands", async () => {
  for (const words of [[], ["help"], ["--help"], ["-h"]]) {
    const { out, err } = await succeeds(words);
    assertEquals(err, "");
    assertMatch(out, /^blocksmith \d+\.\d+\.\d+: /);
    for (const name of NAMES) {
      assertMatch(out, new RegExp(`^  ${name} +\\w`, "m"));
    }
  }
  assertEquals(commands.map((c) => c.name).toSorted(), NAMES.toSorted());
});

Deno.test("blocksmith --version is that of deno.json", async () => {
  assertEquals((await succeeds(["--version"])).out, `${config.version}\n`);
});

Deno.test("--help of each command shows options and examples, and does nothing else", async () => {
  const all = await Promise.all(
    NAMES.map((name) => succeeds([name, "--help"])),
  );
  all.forEach(({ out, err }, i) => {
    assertEquals(err, "");
    assertMatch(out, new RegExp(`^Usage: blocksmith ${NAMES[i]}`));
    assertMatch(out, new RegExp(`^Examples?:\n.*blocksmith ${NAMES[i]}`, "m"));
    const { flags = [], switches = [] } = commands.find(({ name }) =>
      name === NAMES[i]
    )!;
    for (const flag of [...flags, ...switches]) {
      assert(out.includes(`--${flag}`), `${NAMES[i]}: --${flag}`);
    }
    // A help text fits the width of a terminal.
    for (const line of out.split("\n")) assert(line.length <= 100, line);
  });
  assertEquals((await succeeds(["eval", "-h"])).out, all[1].out);
});

Deno.test("unknown commands and flags are refused, with the known ones", async () => {
  await fails(
    ["trian"],
    /Unknown command 'trian': it must be one of train, eval/,
  );
  await fails(["--verbose"], /Unknown command '--verbose'/);
  await fails(
    ["train", "--scale-atn"],
    /Unknown flag '--scale-atn' of 'blocksmith train': it knows --resume, .*; config keys are written key=value, or as flags: the nearest is --scale-attn$/,
  );
  const hydra: [words: string[], instead: RegExp][] = [
    [["--cfg", "job"], /Hydra's '--cfg' .*: --print-config of 'train' prints/],
    [["-c", "job"], /Hydra's '-c' in 'blocksmith train': --print-config/],
    [["--cfg=job"], /Hydra's '--cfg=job' .*: --print-config/],
    [["--info"], /Hydra's '--info' .*: --print-config/],
    [["--config-name", "x"], /Hydra's '--config-name' .*: .* --config-dir/],
    [["-cn", "x"], /Hydra's '-cn' .*: .* --config-dir/],
    [["--config-path=x"], /Hydra's '--config-path=x' .*: --config-dir names/],
    [
      ["-m", "seed=1,2"],
      /Hydra's '-m' .*: there are no sweeps: .* run=<folder>/,
    ],
    [["--multirun"], /Hydra's '--multirun' .*: there are no sweeps/],
    [["hydra.run.dir=x"], /'hydra\.run\.dir=x' .*: .* run=<folder>$/],
    [["seed=1,2"], /'seed=1,2' as it is a sweep/],
    [["~model.n_layer"], /as keys must not be removed: .* set it to null/],
  ];
  for (const [words, instead] of hydra) {
    await fails(["train", ...words], instead);
  }
  await fails(["plan", "-x"], /Unknown flag '-x' of 'blocksmith plan'/);
  await fails(["train", "lr"], /Cannot read 'lr' as it must be key=value/);
  await fails(["devices", "all"], /Cannot read 'all' as 'blocksmith devices'/);
  await fails(["parity"], /no fixture is given/);
  await fails(
    ["parity", "--precision", "half", "x"],
    /as --precision must be one of fp32, fp16: got half$/,
  );
  await fails(
    ["parity", "--residual-precision=fp16", "x"],
    /as --residual-precision fp16 needs --precision fp16: got fp32$/,
  );
  for (const words of [["--resume"], ["--resume="], ["--resume", ""]]) {
    await fails(["train", ...words], /Cannot read '--resume' of 'blocksmith/);
  }
});

Deno.test("blocksmith exits quietly when its output is closed", async () => {
  const plan = commandLine(["plan", "model.n_layer=24", "--dispatches"])
    .map((word) => `'${word}'`).join(" ");
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `{ ${plan}; echo "code $?" >&2; } | head -n 1`],
  }).output();
  const [out, err] = [stdout, stderr].map((b) => new TextDecoder().decode(b));
  assertMatch(out, /^adapter .*\n$/);
  assertEquals(err, "code 0\n");
});
