import { assert, assertEquals, assertMatch } from "@std/assert";
import { fails, hashes, metrics, succeeds, workshop } from "../helpers/cli.ts";

/** A small NormFormer with dropout, in fairseq's flags. */
const FLAGS = `--arch normformer --scale-resids --activation-fn relu_squared
  --decoder-layers 1 --decoder-embed-dim 32 --decoder-ffn-embed-dim 64
  --decoder-attention-heads 2 --tokens-per-sample 16 --batch-size 4
  --update-freq 2 --max-update 10 --warmup-updates 2 --lr 3e-3 --dropout 0.1
  --attention-dropout 0.1 --save-interval-updates 5 --log-interval 1
  --validate-interval-updates 10 --seed 1`.split(/\s+/);

Deno.test("a NormFormer in fairseq's flags trains, resumes, is evaluated and sampled", async () => {
  using work = workshop();
  const run = work.at("run");
  await succeeds([
    ...["train", "train=fairseq", ...FLAGS, "--adam-betas", "(0.9, 0.98)"],
    `data.files=[${work.at("text")}]`,
    "--tokenizer",
    "byte",
    `data.cache=${work.at("cache")}`,
    `run=${run}`,
  ]);
  const lines = metrics(run).filter((line) => "loss" in line);
  assertEquals(lines.length, 10);
  // Update k has the learning rate of k: 0, half, the highest, then linearly
  // down to 0.
  const rates = lines.map((line) => line.lr);
  assertEquals(rates.slice(0, 3), [0, 1.5e-3, 3e-3]);
  assert(rates[9] > 0 && rates[9] < 4e-4, `${rates[9]}`);
  assertEquals(lines[9].tokens, 10 * 2 * 4 * 16);
  assert(lines[9].loss < lines[0].loss, "the loss falls");

  const yaml = Deno.readTextFileSync(work.at("run", "config.yaml"));
  assertMatch(yaml, /^ {2}optim: adam_fairseq$/m);
  assertMatch(yaml, /^ {2}adam_beta2: 0\.98$/m);
  assertMatch(yaml, /^ {2}max_grad_norm: 0$/m);
  assertMatch(yaml, /^ {2}scale_resids: true$/m);
  assertMatch(yaml, /^ {2}activation_fn: relu_squared$/m);

  // Resumed from the middle, with bitwise equal results, including dropout.
  const last = hashes(run, "step-000010");
  await succeeds(["train", "--resume", `${run}/checkpoints/step-000005`]);
  assertEquals(hashes(run, "step-000010"), last);

  const { out } = await succeeds(["eval", run]);
  assertMatch(out, /^step 10 +valid +loss \d\.\d{4} nats/);
  const sampled = await succeeds(["generate", run, "--tokens", "5"]);
  assert(sampled.out.length > 1);
});

Deno.test("errors in fairseq's flags and keys are one line", async () => {
  using work = workshop();
  const text = [`data.files=[${work.at("text")}]`, `run=${work.at("run")}`];
  const refuse = (words: string, message: RegExp) =>
    fails(["train", ...words.split(" "), ...text], message);
  await refuse(
    "--name x",
    /Cannot use '--name' as it must mean one key: write model\.name=x or data\.name=x$/,
  );
  await refuse("--lr --scale-attn", /Cannot read '--lr' .* must have a value/);
  await refuse("--lr fast", /Cannot set 'train\.learning_rate' .*got "fast"/);
  await refuse("--scale-attn=maybe", /Cannot set 'model\.scale_attn' as it/);
  await refuse(
    "--arch transformer_lm",
    /Cannot choose 'model=transformer_lm' .* nearest is 'transformer_lm_gpt'/,
  );
  await refuse(
    "model=normformer model.n_layer=3",
    /Cannot set 'model\.n_layer' as it must be a known key: the nearest is 'model\./,
  );
  await refuse(
    "model.name=bert",
    /Cannot set 'model\.name' as it must be one of gpt2, transformer_lm_gpt: got "bert"/,
  );
  await refuse(
    "model=normformer --decoder-attention-heads 5",
    /'model\.decoder_embed_dim' must be a multiple of 'model\.decoder_attention_heads'/,
  );
  await refuse(
    `model=normformer data.tokenizer=byte data.cache=${work.at("cache")}`,
    /must have at least 2048 tokens \('model\.tokens_per_sample'\)/,
  );
});
