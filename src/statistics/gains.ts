/** Which values do learned gains and scales have? @module */
import type { Model } from "../model/model.ts";
import { elements, type ParameterSpec } from "../model/parameters.ts";

/** Splits `transformer.h.3.attn.qk_attn.weight` into layer 3 and the rest. */
const LAYER = /^(?:transformer\.h|decoder\.layers)\.(\d+)\.(.+)$/;

/** A parameter's layer and its name there; the layer is null outside blocks. */
export function placeOf(name: string): { layer: string | null; kind: string } {
  const [, layer = null, rest] = LAYER.exec(name) ?? [, , name];
  const kind = rest!.replace(/^(transformer|decoder)\./, "")
    .replace(/\.(weight|bias|scale)$/, "");
  return { layer, kind };
}

/** Scales of channels and heads: NormFormer's, and those of every norm. */
const SCALE = /(^|\.)(c_attn|w_resid|\w*(ln|norm)\w*\.(weight|scale))$/;

const isGain = (name: string) => /_gain$/.test(name);

/** The model's parameters that {@linkcode gainStatistics} reads. */
export function gainParameters(model: Model): ParameterSpec[] {
  return model.parameters.filter(({ name }) => {
    const { layer } = placeOf(name);
    return isGain(name) || layer !== null && SCALE.test(name);
  });
}

/**
 * What the authors' code logs of gains, and the same for scales.
 *
 * @param values of every parameter that {@linkcode gainParameters} names
 * @returns numbers by name, see `docs/metrics.md`
 */
export function gainStatistics(
  model: Model,
  values: ReadonlyMap<string, Float32Array>,
): Record<string, number> {
  const out: Record<string, number> = {};
  for (const { name, trainable } of gainParameters(model)) {
    const { layer, kind } = placeOf(name), x = values.get(name)!;
    if (!isGain(name)) {
      out[`scale.${layer}.${kind}_mean`] = mean(x);
      out[`scale.${layer}.${kind}_std`] = deviation(x);
      continue;
    }
    const [, module, gain] = /^(?:(.+)\.)?(.+)$/.exec(kind)!;
    if (module === "attn") {
      out[`attn.${layer}.${gain}_mean`] = mean(x);
      out[`attn.${layer}.${gain}_std`] = deviation(x);
    } else if (module === "attn.v_attn") {
      out[`attn.${layer}.value_${gain}`] = x[0];
    } else if (module === "attn.c_proj") {
      out[`attn.${layer}.proj_${gain}`] = x[0];
    } else if (gain === "mlp_block_resid_gain") {
      // The authors log its norm, without the sign.
      out[`${layer}.${gain}`] = Math.abs(x[0]);
    } else if (trainable) out[`${layer}.${gain}`] = x[0];
  }
  return out;
}

/**
 * Whether the authors' code can log gains of a model: it needs value and
 * projection layers to be absent or reparameterised, and fails on plain ones.
 */
export function authorsLogGains(model: Model): boolean {
  const names = new Set(model.parameters.map((p) => p.name));
  return [...names].every((name) => {
    const [, layer] = /^(.*\.attn\.(?:v_attn|c_proj))\.weight$/.exec(name) ??
      [];
    return layer === undefined || names.has(`${layer}.resid_gain`);
  });
}

/** Values of a parameter that is not on the device: the initial ones. */
export const constantValues = (spec: ParameterSpec): Float32Array =>
  new Float32Array(elements(spec)).fill(
    spec.init.kind === "constant" ? spec.init.value : NaN,
  );

const mean = (x: Float32Array) => x.reduce((a, b) => a + b, 0) / x.length;

/** Unbiased; NaN for a single number, as in the authors' code. */
function deviation(x: Float32Array): number {
  const centre = mean(x);
  const squares = x.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (x.length - 1));
}
