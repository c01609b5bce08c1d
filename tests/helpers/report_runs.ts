/** Folders of runs, written by hand. @module */
import { join } from "node:path";

/** A folder for runs; it is gone at the end of the block. */
export interface Place extends Disposable {
  path: string;
  at(...names: string[]): string;
}

/** Opens a {@linkcode TensorLocation}. */
export function place(): Place {
  const path = Deno.makeTempDirSync({ prefix: "blocksmith-test-" });
  return {
    path,
    at: (...names) => join(path, ...names),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

/** What a written run holds. */
export interface Written {
  /** `config.yaml`; absent: no such file. */
  config?: string;
  /** `run.json`. */
  info?: string;
  /** `metrics.jsonl`. */
  metrics?: string;
}

const PRE_LN = `model:
  name: gpt2
  n_layer: 2
  n_embd: 64
  norm_type: rmsnorm
  norm_position: pre
  attn_block_skip_gain: 1
`;

const INFO = JSON.stringify({
  parameters: { total: 123_456, trainable: 120_000 },
  memory: { total: 5_000_000 },
  flops_per_step: 2e9,
});

/** Records of 40 steps with reports at 0 and 40, losses around `loss`. */
export function records(loss: number): Record<string, unknown>[] {
  const out: Record<string, unknown>[] = [];
  const report = (step: number) =>
    out.push({
      step,
      "0.mlp_block_resid_gain": 0.1,
      "1.mlp_block_resid_gain": 0.2,
      "attn.0.entropy": 2 - step / 100,
      "attn.1.entropy": 3 - step / 100,
      "attn.0.attn_mat_resid_gain_mean": 1,
      "attn.0.attn_mat_resid_gain_std": 0.5,
      "scale.0.ln_1_mean": 1.1,
      "scale.0.ln_1_std": null,
      "hidden_states.0.kurtosis": 0.5,
      "hidden_states.1.kurtosis": 0.7,
      "hidden_states.2.kurtosis_true": 3.2,
      "grad_norm.0": 0.3,
      "grad_norm.1": 0.2,
      "grad_norm.0.mlp.c_fc": 0.1,
      "grad_norm.0.attn.skip_gain": 0.1,
      "grad_norm.wte": 0.4,
    });
  report(0);
  for (let step = 4; step <= 40; step += 4) {
    out.push({
      step,
      tokens: step * 100,
      loss: loss + 2 / step,
      lr: 1e-3 * (1 - step / 50),
      grad_norm: 1 + 1 / step,
      tokens_per_second: 1000 + step,
      elapsed: step / 2,
    });
    if (step % 20 === 0) out.push({ step, eval_loss: loss + 1 / step });
  }
  report(40);
  return out;
}

/** Lines of JSON. */
export const lines = (list: readonly unknown[]): string =>
  list.map((record) => JSON.stringify(record) + "\n").join("");

/**
 * Writes a run; what is not given is that of a whole run, null leaves it out.
 */
export function write(
  dir: string,
  files: { [K in keyof Written]: string | null } = {},
): string {
  Deno.mkdirSync(dir, { recursive: true });
  const whole = {
    "config.yaml": files.config ?? PRE_LN,
    "run.json": files.info ?? INFO,
    "metrics.jsonl": files.metrics ?? lines(records(3)),
  };
  const left = {
    "config.yaml": files.config,
    "run.json": files.info,
    "metrics.jsonl": files.metrics,
  };
  for (const [name, text] of Object.entries(whole)) {
    if (left[name as keyof typeof left] === null) continue;
    Deno.writeTextFileSync(join(dir, name), text);
  }
  return dir;
}
