import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fails, hashes, succeeds, workshop } from "../helpers/cli.ts";
import { copy, edit, type Tensors } from "./_tensors.ts";

const LAST = "step-000010";
const MODEL = "model.safetensors", OPTIMIZER = "optimizer.safetensors";

/** One way in which a checkpoint can be damaged. */
interface Damage {
  name: string;
  /** Changes a file of the folder, or takes it away. */
  change(folder: string): void;
  /** What all commands say, or where `only` is set those. */
  message: RegExp;
  /** What needs the damaged part; the other commands do without it. */
  only?: "train";
}

const edited = (name: string, change: (file: Tensors) => void) =>
(
  folder: string,
) => edit(join(folder, name), change);

/** Takes the tensor at the end of the data out. */
function dropLast(file: Tensors): void {
  const [name, { data_offsets: [from] }] = Object.entries(file.header)
    .filter(([name]) => name !== "__metadata__")
    .sort(([, a], [, b]) => a.data_offsets[1] - b.data_offsets[1]).at(-1)!;
  delete file.header[name];
  file.data = file.data.slice(0, from);
}

const damages: Damage[] = [
  {
    name: "a truncated model",
    change: (folder) => Deno.truncateSync(join(folder, MODEL), 50_000),
    message: /Cannot read '.*\/model\.safetensors' as it is truncated/,
  },
  {
    name: "an empty model",
    change: (folder) => Deno.truncateSync(join(folder, MODEL), 0),
    message: /Cannot read '.*\/model\.safetensors' as it is truncated/,
  },
  {
    name: "some other file as the model",
    change: (folder) => Deno.writeTextFileSync(join(folder, MODEL), TEXT),
    message: /Cannot read '.*\/model\.safetensors' as /,
  },
  {
    name: "a model without one of its tensors",
    change: edited(MODEL, (file) => {
      // The last is the head, a copy of the embedding that may be left out.
      dropLast(file);
      dropLast(file);
    }),
    message:
      /Cannot load '.*\/model\.safetensors' as its tensors must be the model's: 1 missing \('transformer\.ln_f\.bias'\)/,
  },
  {
    name: "a model with a tensor too many",
    change: edited(MODEL, (file) => {
      const end = file.data.length;
      file.header.more = {
        dtype: "F32",
        shape: [1],
        data_offsets: [end, end + 4],
      };
      file.data = new Uint8Array([...file.data, 0, 0, 0, 0]);
    }),
    message:
      /Cannot load '.*\/model\.safetensors' as its tensors must be the model's: 1 extra \('more'\)/,
  },
  {
    name: "a model with a tensor of another shape",
    change: edited(MODEL, ({ header }) => {
      header["transformer.h.0.mlp.c_fc.weight"].shape.reverse();
    }),
    message:
      /1 mis-shaped \('transformer\.h\.0\.mlp\.c_fc\.weight' is \[128,32\], expected \[32,128\]\)/,
  },
  {
    name: "a model of other numbers than floats",
    change: edited(MODEL, ({ header }) => {
      header["transformer.ln_f.bias"].dtype = "I32";
    }),
    message:
      /Cannot use 'transformer\.ln_f\.bias' of '.*\/model\.safetensors' as it must hold floats/,
  },
  {
    name: "a missing model",
    change: (folder) => Deno.removeSync(join(folder, MODEL)),
    message: /'.*step-000010' as it lacks 'model\.safetensors'/,
  },
  {
    name: "a missing state",
    change: (folder) => Deno.removeSync(join(folder, "state.json")),
    message: /'.*step-000010' as it lacks 'state\.json'/,
  },
  {
    name: "a state that is not JSON",
    change: (folder) => Deno.truncateSync(join(folder, "state.json"), 100),
    message: /Cannot read '.*state\.json' as it must be a JSON object/,
    only: "train",
  },
  {
    name: "a state without its sampler",
    change(folder) {
      const path = join(folder, "state.json");
      const state = JSON.parse(Deno.readTextFileSync(path));
      delete state.sampler;
      Deno.writeTextFileSync(path, JSON.stringify(state));
    },
    message: /Cannot use '.*state\.json' as 'sampler' is wrong/,
    only: "train",
  },
  {
    name: "an optimizer without one of its tensors",
    change: edited(OPTIMIZER, dropLast),
    message:
      /Cannot load '.*\/optimizer\.safetensors' as its tensors must be the model's: 1 missing \('exp_avg_sq\./,
    only: "train",
  },
  {
    name: "a truncated optimizer",
    change: (folder) => Deno.truncateSync(join(folder, OPTIMIZER), 100_000),
    message: /Cannot read '.*\/optimizer\.safetensors' as it is truncated/,
    only: "train",
  },
];

const TEXT = "not a model, but a text that someone put there by mistake";

Deno.test("train, eval and generate refuse a damaged checkpoint and name the one before", async (t) => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("run", "train.max_steps=10")]);
  for (const { name, change, message, only } of damages) {
    await t.step(name, async () => {
      copy(work.at("run"), work.at("damaged"));
      const run = work.at("damaged");
      change(join(run, "checkpoints", LAST));
      const before = hashes(run, LAST);
      const reading = ["eval", "generate"].map((command) =>
        only !== "train" && fails([command, run], message)
      );
      const line = await fails(["train", "--resume", run], message);
      assertEquals(line.includes("step-000005"), true, line);
      await Promise.all(reading);
      assertEquals(hashes(run, LAST), before);
      Deno.removeSync(run, { recursive: true });
    });
  }
  await t.step("eval and generate do without state and optimizer", async () => {
    const last = work.at("run", "checkpoints", LAST);
    Deno.writeTextFileSync(join(last, "state.json"), TEXT);
    Deno.writeTextFileSync(join(last, OPTIMIZER), TEXT);
    await succeeds(["eval", work.at("run")]);
    await succeeds(["generate", last, "--tokens", "2"]);
  });
});

Deno.test("train --resume refuses data, seeds and configs that are not the run's", async () => {
  using work = workshop();
  const run = work.at("run");
  await succeeds(["train", ...work.tiny("run", "train.max_steps=10")]);
  const before = hashes(run, LAST);
  const config = work.at("run", "config.yaml");
  const yaml = Deno.readTextFileSync(config);
  const changed = async (from: RegExp, to: string, message: RegExp) => {
    const text = yaml.replace(from, to);
    assertEquals(text === yaml, false);
    Deno.writeTextFileSync(config, text);
    await fails(["train", "--resume", run], message);
  };
  await changed(/^seed: 0$/m, "seed: 7", /'seed' must be what it was: got 7/);
  await changed(
    /n_embd: 32/,
    "n_embd: 64",
    /its tensors must be the model's: \d+ mis-shaped/,
  );
  await changed(
    /n_embd: 32/,
    "n_embed: 32",
    /Cannot set 'model\.n_embed' as it must be a known key: the nearest is 'model\.n_embd'.*config\.yaml/,
  );
  // The key has its default then, 12: a larger model than the checkpoint's.
  await changed(/^ +n_layer: 1\n/m, "", /its tensors .*: \d+ missing/);
  await changed(/seed: 0/, "seed: [", /config\.yaml as line \d+ must be valid/);
  Deno.writeTextFileSync(config, yaml);

  Deno.writeTextFileSync(work.at("text", "new.txt"), TEXT);
  await fails(["train", "--resume", run], /its data must be what it was/);
  Deno.removeSync(work.at("text", "new.txt"));

  await fails(["train", "--resume", run, "seed=1"], /Cannot change 'seed=1'/);
  await fails(["train", "--resume", work.at("no")], /Cannot resume '.*no'/);
  await fails(["train", "--resume", work.at("text")], /as there is no '.*yaml/);
  for (const command of ["eval", "generate"]) {
    await fails([command, work.at("no")], /no' as it does not exist/);
    await fails([command, work.at("text")], /Cannot find a checkpoint in/);
    await fails([command], /a run or checkpoint must be given/);
  }
  assertEquals(hashes(run, LAST), before);
});
