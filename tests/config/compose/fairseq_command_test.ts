import { assert, assertEquals } from "@std/assert";
import { resolve } from "node:path";
import {
  readFairseqCommand,
  withDataPath,
} from "../../../src/config/compose/fairseq_command.ts";
import { OPTIONS } from "../../../src/config/compose/fairseq_options.ts";
import { flagKind } from "../../../src/config/compose/flags.ts";
import { compose, familyOf, modelChoices } from "../../../src/config/mod.ts";
import { assertRefuses } from "../../helpers/config.ts";

/** What the program makes of words, with flags as `--name=value`. */
function read(...words: string[]) {
  const all = withDataPath(words);
  const overrides = all.filter((word) => !word.startsWith("--"));
  const arch = all.flatMap((word) => /^--arch=(.*)$/.exec(word)?.[1] ?? []);
  return readFairseqCommand(all, {
    models: modelChoices(),
    family: () =>
      familyOf({ overrides: [...overrides, ...arch.map((a) => `model=${a}`)] }),
  });
}

const configOfWords = (...words: string[]) =>
  compose({ overrides: read(...words).overrides }).config;

/** Words of a shell's command line, as the program passes them on. */
function words(text: string): string[] {
  const parts = text.match(/"[^"]*"|\S+/g)!.map((w) => w.replaceAll('"', ""));
  const out: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const name = /^--(.*)$/.exec(parts[i])?.[1];
    if (name === undefined) out.push(parts[i]);
    else if (flagKind(name) === "switch") out.push(`--${name}=true`);
    else out.push(`--${name}=${parts[++i]}`);
  }
  return out;
}

Deno.test("every option of fairseq-train for language models is known, with its kind", async () => {
  const file = new URL("fairseq_options.txt", import.meta.url);
  const lines = (await Deno.readTextFile(file)).trim().split("\n");
  assert(lines.length > 200);
  // Keys may have a value where fairseq has none, and these names mean others.
  for (const line of lines) {
    const name = line.replace("=", "");
    const kind = flagKind(name);
    assert(kind !== undefined, `--${name} is not known`);
    assertEquals(kind, line.endsWith("=") ? "value" : "switch", line);
  }
  // And no other one is claimed to be.
  assertEquals(OPTIONS.filter((option) => !lines.includes(option)), []);
  assertEquals(new Set(OPTIONS).size, OPTIONS.length);
});

/** examples/normformer/train_lm.sh: what all sizes share. */
const COMMON = `--combine-val --train-subset train --num-workers 2
  --validate-interval-updates 1000 --save-interval-updates 1000 --no-epoch-checkpoints
  --ddp-backend fully_sharded --memory-efficient-fp16 --fp16-init-scale 4
  --checkpoint-activations --arch transformer_lm_gpt --activation-fn gelu
  --share-decoder-input-output-embed --task language_modeling --sample-break-mode none
  --tokens-per-sample 2048 --optimizer adam --adam-betas "(0.9, 0.98)" --adam-eps 1e-08
  --clip-norm 0.0 --lr-scheduler polynomial_decay --warmup-updates 750 --dropout 0.1
  --attention-dropout 0.1 --weight-decay 0.01 --batch-size 16 --update-freq 2
  --required-batch-size-multiple 1 --total-num-update 572204 --max-update 572204 --seed 1
  --log-format json --log-interval 1 --distributed-world-size 8 --distributed-port 13177`;

const size = (layers: number, width: number, ffn: number, heads: number) =>
  `--decoder-layers ${layers} --decoder-embed-dim ${width} --decoder-ffn-embed-dim ${ffn}
  --decoder-attention-heads ${heads}`;

const LARGE =
  "--batch-size 4 --update-freq 16 --total-num-update 286102 --max-update 286102";

const SIZES: Record<string, string> = {
  "125m": size(12, 768, 3072, 12),
  "355m": `${size(24, 1024, 4096, 16)} --dropout 0.0 --attention-dropout 0.0`,
  "1.3b": `${size(24, 2048, 8192, 32)} ${LARGE}`,
  "2.7b": `${size(32, 2560, 10240, 32)} ${LARGE}`,
};

const NORMFORMER = "--scale-attn --scale-fc --scale-heads";

/** What follows a size's function in the README of those examples. */
const COMMANDS: Record<string, string> = {
  "125m-lr6e-4": "--lr 6e-4",
  "125m-lr1e-3": "--lr 1e-3",
  "125m-normformer": `--lr 3e-3 ${NORMFORMER}`,
  "125m-normformer-resids": `--lr 3e-3 ${NORMFORMER} --scale-resids`,
  "355m-lr6e-4": "--lr 6e-4",
  "355m-lr1e-3": "--lr 1e-3",
  "355m-normformer": `--lr 1e-3 ${NORMFORMER}`,
  "355m-normformer-resids": `--lr 1e-3 ${NORMFORMER} --scale-resids`,
  "1.3b-lr2e-4": "--lr 2e-4",
  "1.3b-lr6e-4": "--lr 6e-4",
  "1.3b-normformer": `--lr 6e-4 ${NORMFORMER}`,
  "2.7b-lr1.6e-4": "--lr 1.6e-4",
  "2.7b-relu2": "--lr 1.6e-4 --activation-fn relu_squared",
  "2.7b-normformer": `--lr 6e-4 --activation-fn relu_squared ${NORMFORMER}`,
};

Deno.test("the paper's commands, pasted, are the experiments", () => {
  for (const [name, flags] of Object.entries(COMMANDS)) {
    const pasted = words(
      `fairseq-train data-bin/books ${COMMON} ${
        SIZES[name.split("-")[0]]
      } ${flags}`,
    );
    const got = configOfWords(...pasted);
    const { config: want } = compose({
      overrides: [
        `experiment=nf-${name}`,
        "train.precision=fp16",
        "train.recompute=block",
        "data.path=data-bin/books",
        // For plans without the folder.
        "data.vocab_size=null",
      ],
    });
    assertEquals(got, want, name);
  }
  const { note } = read(...words(`data-bin/books ${COMMON} --lr 6e-4`));
  assertEquals(
    note,
    "note: without effect on the numbers here: --num-workers, --no-epoch-checkpoints, --ddp-backend, --required-batch-size-multiple, --log-format, --distributed-port; --distributed-world-size 8 multiplies --update-freq: train.gradient_accumulation_steps is 16",
  );
});

/** The least that fairseq-train needs. */
const LEAST =
  "bin --task language_modeling --arch transformer_lm_gpt --optimizer adam --lr-scheduler polynomial_decay --lr 1e-3 --batch-size 4 --max-update 9";

Deno.test("what a whole command leaves out is fairseq-train's default, not the paper's value", () => {
  const { model, train, data, seed } = configOfWords(...words(LEAST));
  assert(model.name !== "gpt2");
  assertEquals(
    [
      model.tokens_per_sample,
      model.dropout,
      model.attention_dropout,
      model.share_decoder_input_output_embed,
      model.padding_idx,
    ],
    [1024, 0.1, 0.1, false, 1],
  );
  assertEquals(
    [
      train.adam_beta2,
      train.weight_decay,
      train.warmup_steps,
      train.gradient_accumulation_steps,
      train.max_grad_norm,
      train.lr_end,
      train.optim,
      train.loss_average,
      train.epoch_remainder,
    ],
    [0.999, 0, 0, 1, 0, 0, "adam_fairseq", "tokens", "own_update"],
  );
  assertEquals([data.path, seed], [resolve("bin"), 1]);
  // Flags beside overrides leave the config's own values.
  const beside = configOfWords(...words("train=fairseq --lr 1e-3"));
  assertEquals(beside.train.weight_decay, 0.01);
});

Deno.test("withDataPath() takes any name of a folder", () => {
  const folders = ["bin", "/a,b/c='d'", "data-bin/size=2", "~/bin", "$DATA"];
  for (const folder of folders) {
    const given = words("fairseq-train --arch normformer train=fairseq");
    given.splice(1, 0, folder);
    const { data } = configOfWords(...given);
    const path = folder.replace("~", Deno.env.get("HOME")!);
    assertEquals(data.path, resolve(path));
  }
  assertEquals(withDataPath(["--arch=op", "seed=1", "~seed"]), [
    "--arch=op",
    "seed=1",
    "~seed",
  ]);
});

Deno.test("--batch-size sets the evaluation batch too, unless that is said anywhere", () => {
  const sizes = (text: string) => {
    const { train } = configOfWords(...words(text));
    return [train.device_train_batch_size, train.device_eval_batch_size];
  };
  assertEquals(sizes("--batch-size 4"), [4, 4]);
  assertEquals(sizes("--max-sentences 4"), [4, 4]);
  assertEquals(sizes("--batch-size 8 --batch-size 4"), [4, 4]);
  assertEquals(sizes("--batch-size-valid 2 --batch-size 4"), [4, 2]);
  assertEquals(sizes("--batch-size 4 --max-sentences-valid 2"), [4, 2]);
  assertEquals(sizes("train.device_eval_batch_size=3 --batch-size 4"), [4, 3]);
  assertEquals(sizes("--batch-size-valid 2"), [32, 2]);
  assertEquals(sizes("train.device_train_batch_size=4"), [4, 32]);
});

Deno.test("--max-tokens and --required-batch-size-multiple cut batches as fairseq does", () => {
  const size = (text: string) =>
    configOfWords(...words(`${LEAST} --tokens-per-sample 512 ${text}`)).train
      .device_train_batch_size;
  assertEquals(size("--batch-size 16 --max-tokens 2048"), 4);
  assertEquals(size("--batch-size 16 --max-tokens 99999"), 16);
  // The multiple is 8 unless it is given.
  assertEquals(size("--batch-size 20"), 16);
  assertEquals(size("--batch-size 20 --required-batch-size-multiple 1"), 20);
  assertEquals(size("--batch-size 7"), 7);
  const tokens = LEAST.replace("--batch-size 4", "--max-tokens 4096");
  const { note } = read(...words(tokens));
  assert(note!.includes("train.device_train_batch_size is 4"), note!);
});

Deno.test("devices multiply micro-batches, and limits of 0 are none", () => {
  const { train } = configOfWords(
    ...words(
      `${LEAST} --update-freq [3] --distributed-world-size 4 --max-valid-steps 5 --max-epoch 2 --max-update 0 --save-interval-updates 0 --lr "[2e-3]" --keep-interval-updates -1`,
    ),
  );
  assertEquals(
    [
      train.gradient_accumulation_steps,
      train.max_eval_batches,
      train.num_train_epochs,
      train.max_steps,
      train.save_steps,
      train.learning_rate,
      train.keep,
    ],
    [12, 20, 2, null, 1000, 2e-3, 2 ** 32 - 1],
  );
  assertEquals(
    configOfWords(...words("--save-dir runs/x")).run,
    resolve("runs/x"),
  );
});

Deno.test("options that would change what is trained are refused all at once", () => {
  assertRefuses(
    () =>
      read(
        ...words(
          "bin --task masked_lm --arch transformer_lm_big --sentence-avg --patience 3 --decoder-input-dim 5 --decoder-layerdrop 0.0 --max-tokens 100 --ddp-backend slowmo --max-epoch 1 --max-update 2 --distributed-world-size two",
        ),
      ),
    `Cannot take over this command as every option of it that changes what is trained must be supported: got --task masked_lm (must be language_modeling), --sentence-avg, --patience 3 (must be -1), --decoder-input-dim 5 (must be 768), --max-tokens 100 (must be at least --tokens-per-sample, 1024), --ddp-backend slowmo (must be one of c10d, fully_sharded, legacy_ddp, no_c10d, pytorch_ddp), --max-epoch 1 (must be absent beside --max-update), --distributed-world-size two (must be an integer of 1 or more), no --optimizer (must be adam), no --lr-scheduler (fixed is the default, must be polynomial_decay), --arch transformer_lm_big (must be one of ${
      modelChoices().join(", ")
    })`,
  );
  // With the keys' values that are none, where there is more than they.
  assertRefuses(
    () =>
      read(
        ...words(
          `${LEAST} --store-ema --warmup-init-lr 1e-7 --activation-fn swish --lr fast --validate-interval-updates 0`,
        ),
      ),
    "Cannot take over this command as every option of it that changes what is trained must be supported: got --store-ema, --warmup-init-lr 1e-7, --activation-fn swish (must be one of gelu, relu, relu_squared), --lr fast (must be a number above 0)",
  );
  assertRefuses(
    () => read(...words(LEAST.replace("bin ", ""))),
    "Cannot take over this command as every option of it that changes what is trained must be supported: got no data folder",
  );
  // An experiment says what the flags beside it leave out.
  const { train } = configOfWords(
    ...words("experiment=nf-125m-lr6e-4 --task language_modeling --lr 1e-3"),
  );
  assertEquals([train.learning_rate, train.weight_decay], [1e-3, 0.01]);
  // Without --task, flags stand beside overrides: nothing is missing.
  assertEquals(read(...words("--amp --num-workers 2")), {
    overrides: [],
    note:
      "note: without effect on the numbers here: --num-workers; computed in fp32: --amp",
  });
  assertRefuses(
    () => read(...words("--distributed-world-size 8")),
    "Cannot take over this command as every option of it that changes what is trained must be supported: got --distributed-world-size 8 (it multiplies --update-freq: give that too)",
  );
});

Deno.test("values per epoch are refused together with the rest", () => {
  assertRefuses(
    () =>
      read(
        ...words(
          "--arch normformer --lr [1e-3,1e-4] --update-freq 1,2 --user-dir x --dropout 0,1 --valid-subset valid,valid1",
        ),
      ),
    "Cannot take over this command as every option of it that changes what is trained must be supported: got --lr [1e-3,1e-4] (must be one value for all epochs), --update-freq 1,2 (must be one value for all epochs), --user-dir x, --valid-subset valid,valid1 (must be one subset), --dropout 0,1 (must be a number from 0 to below 1)",
  );
});

Deno.test("fairseq's precision and recomputation are keys here", () => {
  const train = (text: string) => configOfWords(...words(text)).train;
  const precisions = (text: string) => {
    const { precision, residual_precision } = train(text);
    return [precision, residual_precision];
  };
  assertEquals(precisions(LEAST), ["fp32", "fp16"]);
  assertEquals(precisions(`${LEAST} --fp16`), ["fp16", "fp16"]);
  const nf = "model=normformer", gpt2 = "model=default";
  assertEquals(precisions(nf), ["fp32", "fp32"]);
  assertEquals(precisions(`${nf} --fp16`), ["fp16", "fp16"]);
  assertEquals(precisions(`${nf} --memory-efficient-fp16`), ["fp16", "fp16"]);
  // The other family's stream is fp32, as under autocast.
  assertEquals(precisions(`${gpt2} --fp16`), ["fp16", "fp32"]);
  const off = configOfWords("model=default", "fp16=true", "--fp16=false");
  assertEquals(off.train.precision, "fp32");
  // Python's spelling, as the Trainer's configs have it.
  const on = configOfWords(nf, "--fp16=True").train;
  assertEquals(on.precision, "fp16");
  for (const value of ["1", "maybe", ""]) {
    assertRefuses(
      () => read(`--fp16=${value}`),
      `Cannot set '--fp16' as it must be true or false: got '${value}'`,
    );
  }

  // Where they are left out, fairseq-train's defaults, not the paper's values.
  const defaults = train(`${LEAST} --fp16`);
  assertEquals(defaults.fp16_init_scale, null);
  assertEquals(configOfWords("train=fairseq").train.fp16_init_scale, 4);
  const given = train(
    `${LEAST} --fp16-init-scale 4 --fp16-scale-window 128 --fp16-scale-tolerance 0.25 --min-loss-scale 0.001 --threshold-loss-scale 1`,
  );
  assertEquals(
    [
      given.fp16_init_scale,
      given.fp16_scale_window,
      given.fp16_scale_tolerance,
      given.min_loss_scale,
      given.threshold_loss_scale,
    ],
    [4, 128, 0.25, 0.001, 1],
  );
  assertEquals(train(LEAST).recompute, "none");
  assertEquals(train(`${LEAST} --checkpoint-activations`).recompute, "block");
  assertEquals(train(`${LEAST} --offload-activations`).recompute, "block");
  const { note } = read(...words("--offload-activations"));
  assertEquals(
    note,
    "note: --offload-activations: activations are computed again, none is moved to the host's memory",
  );
  for (const name of ["bf16", "memory-efficient-bf16"]) {
    const instead = name.replace("bf16", "fp16");
    assertRefuses(
      () => read(...words(`--${name}`)),
      `Cannot take over this command as every option of it that changes what is trained must be supported: got --${name} (--${instead} is supported)`,
    );
  }
});
