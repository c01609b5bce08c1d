/**
 * The configs that come with blocksmith, as text inside the program: a bundle
 * or an executable has no `configs/` folder beside it. Every file of that
 * folder has a line here; a test compares the two.
 * @module
 */
import config from "../../configs/config.yaml" with { type: "text" };
import dataCodeparrot from "../../configs/data/codeparrot.yaml" with {
  type: "text",
};
import dataFairseq from "../../configs/data/fairseq.yaml" with { type: "text" };
import dataFiles from "../../configs/data/files.yaml" with { type: "text" };
import dataSource from "../../configs/data/source.yaml" with { type: "text" };
import experimentDefaultParallel18l from "../../configs/experiment/default-parallel-18l.yaml" with {
  type: "text",
};
import experimentDemoNormformer from "../../configs/experiment/demo-normformer.yaml" with {
  type: "text",
};
import experimentDemo from "../../configs/experiment/demo.yaml" with {
  type: "text",
};
import experimentFig10Nonorm from "../../configs/experiment/fig10-nonorm.yaml" with {
  type: "text",
};
import experimentFig10 from "../../configs/experiment/fig10.yaml" with {
  type: "text",
};
import experimentFig4 from "../../configs/experiment/fig4.yaml" with {
  type: "text",
};
import experimentFig9 from "../../configs/experiment/fig9.yaml" with {
  type: "text",
};
import experimentLongPreln from "../../configs/experiment/long-preln.yaml" with {
  type: "text",
};
import experimentLongSkiplessParallel from "../../configs/experiment/long-skipless-parallel.yaml" with {
  type: "text",
};
import experimentLongSkipless from "../../configs/experiment/long-skipless.yaml" with {
  type: "text",
};
import experimentNf13bLr2e4 from "../../configs/experiment/nf-1.3b-lr2e-4.yaml" with {
  type: "text",
};
import experimentNf13bLr6e4 from "../../configs/experiment/nf-1.3b-lr6e-4.yaml" with {
  type: "text",
};
import experimentNf13bNormformer from "../../configs/experiment/nf-1.3b-normformer.yaml" with {
  type: "text",
};
import experimentNf125mLr1e3 from "../../configs/experiment/nf-125m-lr1e-3.yaml" with {
  type: "text",
};
import experimentNf125mLr6e4 from "../../configs/experiment/nf-125m-lr6e-4.yaml" with {
  type: "text",
};
import experimentNf125mNormformerResids from "../../configs/experiment/nf-125m-normformer-resids.yaml" with {
  type: "text",
};
import experimentNf125mNormformer from "../../configs/experiment/nf-125m-normformer.yaml" with {
  type: "text",
};
import experimentNf27bLr16e4 from "../../configs/experiment/nf-2.7b-lr1.6e-4.yaml" with {
  type: "text",
};
import experimentNf27bNormformer from "../../configs/experiment/nf-2.7b-normformer.yaml" with {
  type: "text",
};
import experimentNf27bRelu2 from "../../configs/experiment/nf-2.7b-relu2.yaml" with {
  type: "text",
};
import experimentNf355mLr1e3 from "../../configs/experiment/nf-355m-lr1e-3.yaml" with {
  type: "text",
};
import experimentNf355mLr6e4 from "../../configs/experiment/nf-355m-lr6e-4.yaml" with {
  type: "text",
};
import experimentNf355mNormformerResids from "../../configs/experiment/nf-355m-normformer-resids.yaml" with {
  type: "text",
};
import experimentNf355mNormformer from "../../configs/experiment/nf-355m-normformer.yaml" with {
  type: "text",
};
import experimentOp18l from "../../configs/experiment/op-18l.yaml" with {
  type: "text",
};
import experimentPreln18l from "../../configs/experiment/preln-18l.yaml" with {
  type: "text",
};
import experimentValueSkipinit from "../../configs/experiment/value-skipinit.yaml" with {
  type: "text",
};
import modelDefaultParallel from "../../configs/model/default-parallel.yaml" with {
  type: "text",
};
import modelDefault from "../../configs/model/default.yaml" with {
  type: "text",
};
import modelNormformer from "../../configs/model/normformer.yaml" with {
  type: "text",
};
import modelOp from "../../configs/model/op.yaml" with { type: "text" };
import modelSkiplessParallel from "../../configs/model/skipless-parallel.yaml" with {
  type: "text",
};
import modelSkipless from "../../configs/model/skipless.yaml" with {
  type: "text",
};
import modelTransformer_lm_gpt from "../../configs/model/transformer_lm_gpt.yaml" with {
  type: "text",
};
import trainFairseq from "../../configs/train/fairseq.yaml" with {
  type: "text",
};
import trainTrain from "../../configs/train/train.yaml" with { type: "text" };

/** Path below `configs/` to YAML text. */
export const BUILTIN: Readonly<Record<string, string>> = {
  "config.yaml": config,
  "model/default-parallel.yaml": modelDefaultParallel,
  "model/default.yaml": modelDefault,
  "model/normformer.yaml": modelNormformer,
  "model/op.yaml": modelOp,
  "model/skipless-parallel.yaml": modelSkiplessParallel,
  "model/skipless.yaml": modelSkipless,
  "model/transformer_lm_gpt.yaml": modelTransformer_lm_gpt,
  "train/fairseq.yaml": trainFairseq,
  "train/train.yaml": trainTrain,
  "data/codeparrot.yaml": dataCodeparrot,
  "data/fairseq.yaml": dataFairseq,
  "data/files.yaml": dataFiles,
  "data/source.yaml": dataSource,
  "experiment/default-parallel-18l.yaml": experimentDefaultParallel18l,
  "experiment/demo-normformer.yaml": experimentDemoNormformer,
  "experiment/demo.yaml": experimentDemo,
  "experiment/fig10-nonorm.yaml": experimentFig10Nonorm,
  "experiment/fig10.yaml": experimentFig10,
  "experiment/fig4.yaml": experimentFig4,
  "experiment/fig9.yaml": experimentFig9,
  "experiment/long-preln.yaml": experimentLongPreln,
  "experiment/long-skipless-parallel.yaml": experimentLongSkiplessParallel,
  "experiment/long-skipless.yaml": experimentLongSkipless,
  "experiment/nf-1.3b-lr2e-4.yaml": experimentNf13bLr2e4,
  "experiment/nf-1.3b-lr6e-4.yaml": experimentNf13bLr6e4,
  "experiment/nf-1.3b-normformer.yaml": experimentNf13bNormformer,
  "experiment/nf-125m-lr1e-3.yaml": experimentNf125mLr1e3,
  "experiment/nf-125m-lr6e-4.yaml": experimentNf125mLr6e4,
  "experiment/nf-125m-normformer-resids.yaml": experimentNf125mNormformerResids,
  "experiment/nf-125m-normformer.yaml": experimentNf125mNormformer,
  "experiment/nf-2.7b-lr1.6e-4.yaml": experimentNf27bLr16e4,
  "experiment/nf-2.7b-normformer.yaml": experimentNf27bNormformer,
  "experiment/nf-2.7b-relu2.yaml": experimentNf27bRelu2,
  "experiment/nf-355m-lr1e-3.yaml": experimentNf355mLr1e3,
  "experiment/nf-355m-lr6e-4.yaml": experimentNf355mLr6e4,
  "experiment/nf-355m-normformer-resids.yaml": experimentNf355mNormformerResids,
  "experiment/nf-355m-normformer.yaml": experimentNf355mNormformer,
  "experiment/op-18l.yaml": experimentOp18l,
  "experiment/preln-18l.yaml": experimentPreln18l,
  "experiment/value-skipinit.yaml": experimentValueSkipinit,
};
