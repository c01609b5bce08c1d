/**
 * fairseq-train's options that are no keys here, and what becomes of each: it
 * changes no number, it is accepted with some values, or it is refused. Options
 * that set keys are in `flags.ts`.
 *
 * The list is that of language models: task `language_modeling`, arch
 * `transformer_lm_gpt`, with any of fairseq's optimizers and schedulers. A name
 * that ends in `=` takes a value.
 * @module
 */

const names = (list: string): string[] => list.trim().split(/\s+/);

/** They choose no number of a run here: devices, files, logs, checkpoints. */
export const WITHOUT_EFFECT: readonly string[] = names(`
  fp16-no-flatten-grads fp32-reduce-scatter on-cpu-convert-precision
  aim-repo= aim-run-hash= all-gather-list-size= azureml-logging
  best-checkpoint-metric= broadcast-buffers bucket-cap-mb=
  checkpoint-shard-count= checkpoint-suffix= cpu
  cpu-offload data-buffer-size= dataset-impl= debug-param-names device-id=
  disable-validation distributed-backend= distributed-init-method=
  distributed-no-spawn distributed-num-procs= distributed-port=
  distributed-rank= ema-decay= ema-fp32 ema-start-update= ema-update-freq=
  empty-cache-freq= fast-stat-sync find-unused-parameters fix-batches-to-gpus
  fixed-validation-seed= gen-subset= gradient-as-bucket-view grouped-shuffling
  heartbeat-timeout= ignore-unused-valid-subsets keep-best-checkpoints=
  keep-interval-updates-pattern= keep-last-epochs=
  load-checkpoint-on-all-dp-ranks local_rank= localsgd-frequency= log-file=
  log-format= max-tokens-valid= maximize-best-checkpoint-metric
  min-params-to-wrap= no-epoch-checkpoints no-last-checkpoints no-progress-bar
  no-reshard-after-forward no-save no-save-optimizer-state
  not-fsdp-flatten-parameters nprocs-per-node= num-workers=
  optimizer-overrides= pad-to-fixed-bsz pad-to-fixed-length plasma-path=
  profile quant-noise-pq-block-size= report-accuracy required-seq-len-multiple=
  reset-dataloader reset-logging reset-lr-scheduler reset-meters
  reset-optimizer save-async save-interval= scoring= shorten-data-split-list=
  skip-invalid-size-inputs-valid-test slowmo-base-algorithm= slowmo-momentum=
  suppress-crashes tensorboard-logdir= update-epoch-batch-itr=
  update-ordered-indices-seed use-old-adam use-plasma-view use-sharded-state
  validate-after-updates= validate-interval= wandb-project=
  write-checkpoints-asynchronously zero-sharding=
  adaptive-input-cutoff= adaptive-input-factor= adaptive-softmax-dropout=
  adaptive-softmax-factor= base-shuffle= base-sublayers=
  char-embedder-highway-layers= character-embedding-dim= character-filters=
  pipeline-balance= pipeline-checkpoint= pipeline-chunks=
  pipeline-decoder-balance= pipeline-decoder-devices= pipeline-devices=
  pipeline-encoder-balance= pipeline-encoder-devices=
`);

/** Number formats of other parts than `train.precision`: computed in fp32. */
export const PRECISION: readonly string[] = names(`
  amp amp-batch-retries= amp-init-scale= amp-scale-window= fp16-adam-stats tpu
`);

/** Accepted with these values, which are what is computed here. */
export const ONLY: Readonly<Record<string, readonly string[]>> = {
  "task=": ["language_modeling"],
  "criterion=": ["cross_entropy"],
  "optimizer=": ["adam", "adam_fairseq", "adamw_hf", "adamw_torch"],
  "lr-scheduler=": ["polynomial_decay", "polynomial"],
  "sample-break-mode=": ["none"],
  "shorten-method=": ["none"],
  "restore-file=": ["checkpoint_last.pt"],
  "ddp-comm-hook=": ["none", "fp16"],
  "ddp-backend=": [
    "c10d",
    "fully_sharded",
    "legacy_ddp",
    "no_c10d",
    "pytorch_ddp",
  ],
  "base-layers=": ["0"],
  "curriculum=": ["0"],
  "decoder-layerdrop=": ["0"],
  "model-parallel-size=": ["1"],
  "num-shards=": ["1"],
  "output-dictionary-size=": ["-1"],
  "patience=": ["-1"],
  "quant-noise-pq=": ["0"],
  "quant-noise-scalar=": ["0"],
  "relu-dropout=": ["0"],
  "shard-id=": ["0"],
  "stop-min-lr=": ["-1"],
  "stop-time-hours=": ["0"],
};

/** Accepted with the value that another option has, or its default. */
export const SAME_AS: Readonly<Record<string, [option: string, or: string]>> = {
  "decoder-input-dim=": ["decoder-embed-dim", "768"],
  "decoder-output-dim=": ["decoder-embed-dim", "768"],
  "max-target-positions=": ["tokens-per-sample", "1024"],
};

/** They change what is trained, in a way that is not supported here. */
export const REFUSED: readonly string[] = names(`
  adaptive-input adaptive-softmax-cutoff= add-bos-token bf16
  character-embeddings continue-once=
  decoder-layers-to-keep= decoder-xformers-att-config= ema-seed-model= eos=
  finetune-from-model= force-anneal= future-target memory-efficient-bf16 pad=
  past-target
  pipeline-model-parallel quantization-config-path= self-target sentence-avg
  simul-type= skip-remainder-batch store-ema tie-adaptive-proj
  tie-adaptive-weights unk= use-bmuf user-dir=
  adadelta-eps= adadelta-rho= adafactor-eps= adamax-betas= adamax-eps=
  anneal-eps beta1= clip-threshold= decay-rate= decay-steps= dynamic-groups
  epoch2lr= final-lr-scale= groups= hold-steps= ignore-prefix-size=
  init-lr-scale= label-smoothing= lamb-betas= lamb-eps= lr-deacy-period=
  lr-decay= lr-patience= lr-period-updates= lr-shrink= lr-threshold= max-lr=
  min-lr= momentum= no-bias-correction phase-ratio= relative-step
  scale-parameter shrink-min t-mult= update2lr= warmup-init warmup-init-lr= wd=
`);

/** What to do instead, for some of them. */
export const INSTEAD: Readonly<Record<string, string>> = {
  "bf16": "--fp16 is supported",
  "memory-efficient-bf16": "--memory-efficient-fp16 is supported",
};

/** They set a key together with others: see `fairseq_command.ts`. */
const COMBINED: readonly string[] = names(`
  checkpoint-activations distributed-world-size= fp16 max-tokens=
  memory-efficient-fp16 offload-activations required-batch-size-multiple=
`);

/**
 * fairseq-train's own values where an option is absent and `train=fairseq` and
 * the arch's file, which are the paper's, have another.
 */
export const DEFAULTS: Readonly<Record<string, string>> = {
  "seed": "1",
  "model.tokens_per_sample": "1024",
  "model.dropout": "0.1",
  "model.attention_dropout": "0.1",
  "model.share_decoder_input_output_embed": "false",
  "train.learning_rate": "0.25",
  "train.adam_beta2": "0.999",
  "train.weight_decay": "0",
  "train.warmup_steps": "0",
  "train.fp16_init_scale": "null",
  "train.log_steps": "100",
};

/** All of them, with `=` where they take a value. */
export const OPTIONS: readonly string[] = [
  ...WITHOUT_EFFECT,
  ...PRECISION,
  ...Object.keys(ONLY),
  ...Object.keys(SAME_AS),
  ...REFUSED,
  ...COMBINED,
];
