import { assert, assertEquals, assertMatch } from "@std/assert";
import { ASSUMED } from "../../src/cli/plan.ts";
import { compose } from "../../src/config/mod.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import { modelOf } from "../../src/engine/from_config.ts";
import {
  type MemoryVariant,
  MemoryVariants,
} from "../../src/engine/memory_variants.ts";

const GB = 1e9;

/** Facts of a GPU without fp16. */
const GPU: AdapterLimits = { ...ASSUMED, f16: false };

function variantsOf(...overrides: string[]): MemoryVariants {
  return variantsOn(GPU, overrides);
}

function variantsOn(
  limits: AdapterLimits,
  overrides: string[],
): MemoryVariants {
  const { config } = compose({ overrides });
  const model = modelOf(config, config.data.vocab_size ?? 50_257);
  return new MemoryVariants(config, model, limits);
}

const LARGE = "experiment=nf-2.7b-normformer";

Deno.test("recomputation keeps a part of the activations and a third more at most", () => {
  const sizes: Record<string, number> = {
    [LARGE]: 80 * GB,
    "experiment=nf-1.3b-normformer": 40 * GB,
  };
  const others = ["model=default", "model=op", "model=skipless-parallel"];
  for (const experiment of [...Object.keys(sizes), ...others]) {
    // A GPU holds all logits, which are most of what a small model has left.
    const limits = experiment in sizes ? GPU : { ...GPU, software: true };
    const variants = variantsOn(limits, [experiment]);
    const none = variants.plan({ recompute: "none" });
    const attention = variants.plan({ recompute: "attention" });
    const block = variants.plan({ recompute: "block" });
    const kept = ({ memory }: MemoryVariant) =>
      memory.activations / none.memory.activations;
    const cost = ({ flops }: MemoryVariant) => flops / none.flops;
    const size = sizes[experiment];
    assert(kept(block) < (size ? 0.15 : 0.25), `${experiment} ${kept(block)}`);
    assert(kept(attention) < 0.85, `${experiment} ${kept(attention)}`);
    assert(cost(block) > 1.05 && cost(block) < 4 / 3, `${cost(block)}`);
    assert(cost(attention) > 1 && cost(attention) < 1.13, experiment);
    if (size) assert(block.memory.total < 0.75 * size, experiment);
  }
});

Deno.test("MemoryVariants.table() has the run, and half of its batch", () => {
  const table = variantsOf(LARGE).table();
  assertEquals(table.map((v) => v.overrides), [
    "",
    "train.recompute=attention",
    "train.recompute=block",
    ...["none", "attention", "block"].map((recompute) =>
      [
        ...recompute === "none" ? [] : [`train.recompute=${recompute}`],
        "train.device_train_batch_size=2",
        "train.gradient_accumulation_steps=256",
        "train.device_eval_batch_size=2",
      ].join(" ")
    ),
  ]);
  for (const { memory, flops } of table) {
    assert(memory.total <= table[0].memory.total);
    assert(flops >= table[0].flops);
  }
});

Deno.test("MemoryVariants.within() changes one setting where that is enough", () => {
  const variants = variantsOf(LARGE, "train.device_eval_batch_size=1");
  const within = (bytes: number) =>
    variants.within(bytes).map((v) => v.overrides);
  const half =
    "train.device_train_batch_size=2 train.gradient_accumulation_steps=256";
  assertEquals(within(90 * GB), ["train.recompute=attention", half]);
  assertEquals(within(80 * GB), ["train.recompute=block", half]);
  const both = `train.recompute=block ${half}`;
  assertEquals(within(46 * GB), [both]);
  for (const { memory } of variants.within(46 * GB)) {
    assert(memory.total <= 46 * GB);
  }
  // What does not fit either is the least there is.
  const [least] = variants.within(10 * GB);
  assertEquals(
    least.overrides,
    "train.recompute=block train.device_train_batch_size=1 train.gradient_accumulation_steps=512",
  );
});

Deno.test("MemoryVariants.remedy() says what would fit, with figures", () => {
  const variants = variantsOf(LARGE);
  assertMatch(
    variants.remedy(80 * GB),
    /^it would need 47\.\d GB with train\.recompute=block, or 7\d\.\d GB with train\.device_train_batch_size=2 train\.gradient_accumulation_steps=256 train\.device_eval_batch_size=2$/,
  );
  assertMatch(
    variants.remedy(Infinity),
    /^it would need 47\.\d GB with train\.recompute=block, or 7\d/,
  );
  assertMatch(
    variants.remedy(10 * GB),
    /^it would need 4\d\.\d GB with train\.recompute=block train\.device_train_batch_size=1 .*, which is too much too: take a smaller model$/,
  );
});

Deno.test("MemoryVariants.remedy() has nothing to say of a run that takes least", () => {
  const variants = variantsOf(
    LARGE,
    "train.recompute=block",
    "train.device_train_batch_size=1",
  );
  assertEquals(variants.remedy(10 * GB), "take a smaller model");
});
