/**
 * The project's own text, a document a file. Made by scripts/list_sources.ts.
 * @module
 */
import type { NamedText } from "./documents.ts";
import t0 from "../../configs/config.yaml" with { type: "text" };
import t1 from "../../configs/data/codeparrot.yaml" with { type: "text" };
import t2 from "../../configs/data/fairseq.yaml" with { type: "text" };
import t3 from "../../configs/data/files.yaml" with { type: "text" };
import t4 from "../../configs/data/source.yaml" with { type: "text" };
import t5 from "../../configs/experiment/default-parallel-18l.yaml" with {
  type: "text",
};
import t6 from "../../configs/experiment/demo-normformer.yaml" with {
  type: "text",
};
import t7 from "../../configs/experiment/demo.yaml" with { type: "text" };
import t8 from "../../configs/experiment/fig10-nonorm.yaml" with {
  type: "text",
};
import t9 from "../../configs/experiment/fig10.yaml" with { type: "text" };
import t10 from "../../configs/experiment/fig4.yaml" with { type: "text" };
import t11 from "../../configs/experiment/fig9.yaml" with { type: "text" };
import t12 from "../../configs/experiment/long-preln.yaml" with {
  type: "text",
};
import t13 from "../../configs/experiment/long-skipless-parallel.yaml" with {
  type: "text",
};
import t14 from "../../configs/experiment/long-skipless.yaml" with {
  type: "text",
};
import t15 from "../../configs/experiment/nf-1.3b-lr2e-4.yaml" with {
  type: "text",
};
import t16 from "../../configs/experiment/nf-1.3b-lr6e-4.yaml" with {
  type: "text",
};
import t17 from "../../configs/experiment/nf-1.3b-normformer.yaml" with {
  type: "text",
};
import t18 from "../../configs/experiment/nf-125m-lr1e-3.yaml" with {
  type: "text",
};
import t19 from "../../configs/experiment/nf-125m-lr6e-4.yaml" with {
  type: "text",
};
import t20 from "../../configs/experiment/nf-125m-normformer-resids.yaml" with {
  type: "text",
};
import t21 from "../../configs/experiment/nf-125m-normformer.yaml" with {
  type: "text",
};
import t22 from "../../configs/experiment/nf-2.7b-lr1.6e-4.yaml" with {
  type: "text",
};
import t23 from "../../configs/experiment/nf-2.7b-normformer.yaml" with {
  type: "text",
};
import t24 from "../../configs/experiment/nf-2.7b-relu2.yaml" with {
  type: "text",
};
import t25 from "../../configs/experiment/nf-355m-lr1e-3.yaml" with {
  type: "text",
};
import t26 from "../../configs/experiment/nf-355m-lr6e-4.yaml" with {
  type: "text",
};
import t27 from "../../configs/experiment/nf-355m-normformer-resids.yaml" with {
  type: "text",
};
import t28 from "../../configs/experiment/nf-355m-normformer.yaml" with {
  type: "text",
};
import t29 from "../../configs/experiment/op-18l.yaml" with { type: "text" };
import t30 from "../../configs/experiment/preln-18l.yaml" with { type: "text" };
import t31 from "../../configs/experiment/value-skipinit.yaml" with {
  type: "text",
};
import t32 from "../../configs/model/default-parallel.yaml" with {
  type: "text",
};
import t33 from "../../configs/model/default.yaml" with { type: "text" };
import t34 from "../../configs/model/normformer.yaml" with { type: "text" };
import t35 from "../../configs/model/op.yaml" with { type: "text" };
import t36 from "../../configs/model/skipless-parallel.yaml" with {
  type: "text",
};
import t37 from "../../configs/model/skipless.yaml" with { type: "text" };
import t38 from "../../configs/model/transformer_lm_gpt.yaml" with {
  type: "text",
};
import t39 from "../../configs/train/fairseq.yaml" with { type: "text" };
import t40 from "../../configs/train/train.yaml" with { type: "text" };
import t41 from "../../kernels/activation.wgsl" with { type: "text" };
import t42 from "../../kernels/adam.wgsl" with { type: "text" };
import t43 from "../../kernels/add.wgsl" with { type: "text" };
import t44 from "../../kernels/attention.wgsl" with { type: "text" };
import t45 from "../../kernels/attention_common.wgsl" with { type: "text" };
import t46 from "../../kernels/attention_dropout.wgsl" with { type: "text" };
import t47 from "../../kernels/attention_grad_kv.wgsl" with { type: "text" };
import t48 from "../../kernels/attention_grad_q.wgsl" with { type: "text" };
import t49 from "../../kernels/attention_subgroup.wgsl" with { type: "text" };
import t50 from "../../kernels/attention_subgroup_grad_kv.wgsl" with {
  type: "text",
};
import t51 from "../../kernels/attention_subgroup_grad_q.wgsl" with {
  type: "text",
};
import t52 from "../../kernels/attention_tiled.wgsl" with { type: "text" };
import t53 from "../../kernels/attention_tiled_common.wgsl" with {
  type: "text",
};
import t54 from "../../kernels/attention_tiled_gather.wgsl" with {
  type: "text",
};
import t55 from "../../kernels/attention_tiled_grad_kv.wgsl" with {
  type: "text",
};
import t56 from "../../kernels/attention_tiled_grad_q.wgsl" with {
  type: "text",
};
import t57 from "../../kernels/attention_tiled_product.wgsl" with {
  type: "text",
};
import t58 from "../../kernels/column_dot.wgsl" with { type: "text" };
import t59 from "../../kernels/column_sum.wgsl" with { type: "text" };
import t60 from "../../kernels/combine.wgsl" with { type: "text" };
import t61 from "../../kernels/cross_entropy.wgsl" with { type: "text" };
import t62 from "../../kernels/dot.wgsl" with { type: "text" };
import t63 from "../../kernels/dropout.wgsl" with { type: "text" };
import t64 from "../../kernels/embed.wgsl" with { type: "text" };
import t65 from "../../kernels/embed_grad.wgsl" with { type: "text" };
import t66 from "../../kernels/matmul_any.wgsl" with { type: "text" };
import t67 from "../../kernels/matmul_common.wgsl" with { type: "text" };
import t68 from "../../kernels/matmul_subgroup.wgsl" with { type: "text" };
import t69 from "../../kernels/matmul_tiled.wgsl" with { type: "text" };
import t70 from "../../kernels/mod.ts" with { type: "text" };
import t71 from "../../kernels/norm.wgsl" with { type: "text" };
import t72 from "../../kernels/norm_grad.wgsl" with { type: "text" };
import t73 from "../../kernels/norm_param_grad.wgsl" with { type: "text" };
import t74 from "../../kernels/peak.wgsl" with { type: "text" };
import t75 from "../../kernels/philox.wgsl" with { type: "text" };
import t76 from "../../kernels/position_grad.wgsl" with { type: "text" };
import t77 from "../../kernels/quad.wgsl" with { type: "text" };
import t78 from "../../kernels/reduce.wgsl" with { type: "text" };
import t79 from "../../kernels/scale.wgsl" with { type: "text" };
import t80 from "../../kernels/shaped.wgsl" with { type: "text" };
import t81 from "../../kernels/shaped_dropout.wgsl" with { type: "text" };
import t82 from "../../kernels/shaped_dropout_grad.wgsl" with { type: "text" };
import t83 from "../../kernels/shaped_grad.wgsl" with { type: "text" };
import t84 from "../../kernels/span_sum.wgsl" with { type: "text" };
import t85 from "../../kernels/statistics_columns.wgsl" with { type: "text" };
import t86 from "../../kernels/statistics_entropy.wgsl" with { type: "text" };
import t87 from "../../kernels/statistics_gram.wgsl" with { type: "text" };
import t88 from "../../kernels/statistics_rows.wgsl" with { type: "text" };
import t89 from "../../kernels/step_control.wgsl" with { type: "text" };
import t90 from "../../kernels/sum.wgsl" with { type: "text" };
import t91 from "../../kernels/vector.wgsl" with { type: "text" };
import t92 from "../../src/bench/bench.ts" with { type: "text" };
import t93 from "../../src/bench/data.ts" with { type: "text" };
import t94 from "../../src/bench/data_child.ts" with { type: "text" };
import t95 from "../../src/bench/data_clock.ts" with { type: "text" };
import t96 from "../../src/bench/data_feed.ts" with { type: "text" };
import t97 from "../../src/bench/data_files.ts" with { type: "text" };
import t98 from "../../src/bench/data_models.ts" with { type: "text" };
import t99 from "../../src/bench/data_peers.ts" with { type: "text" };
import t100 from "../../src/bench/data_prepare.ts" with { type: "text" };
import t101 from "../../src/bench/data_readers.ts" with { type: "text" };
import t102 from "../../src/bench/data_tables.ts" with { type: "text" };
import t103 from "../../src/bench/data_text.ts" with { type: "text" };
import t104 from "../../src/bench/data_tokenizers.ts" with { type: "text" };
import t105 from "../../src/bench/golden.ts" with { type: "text" };
import t106 from "../../src/bench/host.ts" with { type: "text" };
import t107 from "../../src/bench/json.ts" with { type: "text" };
import t108 from "../../src/bench/kernels.ts" with { type: "text" };
import t109 from "../../src/bench/machine.ts" with { type: "text" };
import t110 from "../../src/bench/matmul.ts" with { type: "text" };
import t111 from "../../src/bench/mod.ts" with { type: "text" };
import t112 from "../../src/bench/numpy.ts" with { type: "text" };
import t113 from "../../src/bench/peak.ts" with { type: "text" };
import t114 from "../../src/bench/python.ts" with { type: "text" };
import t115 from "../../src/bench/report.ts" with { type: "text" };
import t116 from "../../src/bench/standalone.ts" with { type: "text" };
import t117 from "../../src/bench/step.ts" with { type: "text" };
import t118 from "../../src/bench/table.ts" with { type: "text" };
import t119 from "../../src/bench/tables.ts" with { type: "text" };
import t120 from "../../src/bench/timing.ts" with { type: "text" };
import t121 from "../../src/bench/torch.ts" with { type: "text" };
import t122 from "../../src/bench/vulkan_driver.ts" with { type: "text" };
import t123 from "../../src/bench/workloads.ts" with { type: "text" };
import t124 from "../../src/cli/bench.ts" with { type: "text" };
import t125 from "../../src/cli/checkpoint_words.ts" with { type: "text" };
import t126 from "../../src/cli/command.ts" with { type: "text" };
import t127 from "../../src/cli/config_words.ts" with { type: "text" };
import t128 from "../../src/cli/devices.ts" with { type: "text" };
import t129 from "../../src/cli/eval.ts" with { type: "text" };
import t130 from "../../src/cli/generate.ts" with { type: "text" };
import t131 from "../../src/cli/mod.ts" with { type: "text" };
import t132 from "../../src/cli/parity.ts" with { type: "text" };
import t133 from "../../src/cli/plan.ts" with { type: "text" };
import t134 from "../../src/cli/prepare.ts" with { type: "text" };
import t135 from "../../src/cli/report.ts" with { type: "text" };
import t136 from "../../src/cli/train.ts" with { type: "text" };
import t137 from "../../src/config/builtin.ts" with { type: "text" };
import t138 from "../../src/config/check.ts" with { type: "text" };
import t139 from "../../src/config/compose.ts" with { type: "text" };
import t140 from "../../src/config/data_schema.ts" with { type: "text" };
import t141 from "../../src/config/defaults_list.ts" with { type: "text" };
import t142 from "../../src/config/family.ts" with { type: "text" };
import t143 from "../../src/config/fields.ts" with { type: "text" };
import t144 from "../../src/config/fixture.ts" with { type: "text" };
import t145 from "../../src/config/flags.ts" with { type: "text" };
import t146 from "../../src/config/interpolate.ts" with { type: "text" };
import t147 from "../../src/config/leaves.ts" with { type: "text" };
import t148 from "../../src/config/library.ts" with { type: "text" };
import t149 from "../../src/config/mod.ts" with { type: "text" };
import t150 from "../../src/config/model_schema.ts" with { type: "text" };
import t151 from "../../src/config/nearest.ts" with { type: "text" };
import t152 from "../../src/config/normformer_schema.ts" with { type: "text" };
import t153 from "../../src/config/overrides.ts" with { type: "text" };
import t154 from "../../src/config/rules.ts" with { type: "text" };
import t155 from "../../src/config/scale_fields.ts" with { type: "text" };
import t156 from "../../src/config/schema.ts" with { type: "text" };
import t157 from "../../src/config/warnings.ts" with { type: "text" };
import t158 from "../../src/config/yaml_file.ts" with { type: "text" };
import t159 from "../../src/data/batch.ts" with { type: "text" };
import t160 from "../../src/data/batch_ring.ts" with { type: "text" };
import t161 from "../../src/data/batch_source.ts" with { type: "text" };
import t162 from "../../src/data/build_store.ts" with { type: "text" };
import t163 from "../../src/data/byte.ts" with { type: "text" };
import t164 from "../../src/data/byte_bpe.ts" with { type: "text" };
import t165 from "../../src/data/chunk_sink.ts" with { type: "text" };
import t166 from "../../src/data/dedup.ts" with { type: "text" };
import t167 from "../../src/data/documents.ts" with { type: "text" };
import t168 from "../../src/data/durable.ts" with { type: "text" };
import t169 from "../../src/data/facts_cache.ts" with { type: "text" };
import t170 from "../../src/data/fairseq/blocks.ts" with { type: "text" };
import t171 from "../../src/data/fairseq/dictionary.ts" with { type: "text" };
import t172 from "../../src/data/fairseq/files.ts" with { type: "text" };
import t173 from "../../src/data/fairseq/folder.ts" with { type: "text" };
import t174 from "../../src/data/fairseq/int_types.ts" with { type: "text" };
import t175 from "../../src/data/fairseq/mmap_dataset.ts" with { type: "text" };
import t176 from "../../src/data/fairseq/mmap_index.ts" with { type: "text" };
import t177 from "../../src/data/fairseq/mmap_writer.ts" with { type: "text" };
import t178 from "../../src/data/fairseq/mod.ts" with { type: "text" };
import t179 from "../../src/data/fairseq/sink.ts" with { type: "text" };
import t180 from "../../src/data/fairseq/tokenizer.ts" with { type: "text" };
import t181 from "../../src/data/fairseq/words.ts" with { type: "text" };
import t182 from "../../src/data/feed_worker.ts" with { type: "text" };
import t183 from "../../src/data/fill_folder.ts" with { type: "text" };
import t184 from "../../src/data/fingerprint.ts" with { type: "text" };
import t185 from "../../src/data/gpt2.ts" with { type: "text" };
import t186 from "../../src/data/gpt2_words.ts" with { type: "text" };
import t187 from "../../src/data/hub/cache.ts" with { type: "text" };
import t188 from "../../src/data/hub/card.ts" with { type: "text" };
import t189 from "../../src/data/hub/choose.ts" with { type: "text" };
import t190 from "../../src/data/hub/dataset.ts" with { type: "text" };
import t191 from "../../src/data/hub/download.ts" with { type: "text" };
import t192 from "../../src/data/hub/glob.ts" with { type: "text" };
import t193 from "../../src/data/hub/hub_file.ts" with { type: "text" };
import t194 from "../../src/data/hub/mod.ts" with { type: "text" };
import t195 from "../../src/data/hub/repository.ts" with { type: "text" };
import t196 from "../../src/data/hub/request.ts" with { type: "text" };
import t197 from "../../src/data/hub/settings.ts" with { type: "text" };
import t198 from "../../src/data/hub/splits.ts" with { type: "text" };
import t199 from "../../src/data/hub/tree.ts" with { type: "text" };
import t200 from "../../src/data/hub/url.ts" with { type: "text" };
import t201 from "../../src/data/hub/words.ts" with { type: "text" };
import t202 from "../../src/data/in_order.ts" with { type: "text" };
import t203 from "../../src/data/inspect.ts" with { type: "text" };
import t204 from "../../src/data/journal.ts" with { type: "text" };
import t205 from "../../src/data/long_word.ts" with { type: "text" };
import t206 from "../../src/data/mixture.ts" with { type: "text" };
import t207 from "../../src/data/mod.ts" with { type: "text" };
import t208 from "../../src/data/numpy_random.ts" with { type: "text" };
import t209 from "../../src/data/permutation.ts" with { type: "text" };
import t210 from "../../src/data/plan_rows.ts" with { type: "text" };
import t211 from "../../src/data/plan_store.ts" with { type: "text" };
import t212 from "../../src/data/plan_units.ts" with { type: "text" };
import t213 from "../../src/data/planned_unit.ts" with { type: "text" };
import t214 from "../../src/data/pool.ts" with { type: "text" };
import t215 from "../../src/data/prepare.ts" with { type: "text" };
import t216 from "../../src/data/prepare_options.ts" with { type: "text" };
import t217 from "../../src/data/progress.ts" with { type: "text" };
import t218 from "../../src/data/record_writer.ts" with { type: "text" };
import t219 from "../../src/data/sampler.ts" with { type: "text" };
import t220 from "../../src/data/sealed_line.ts" with { type: "text" };
import t221 from "../../src/data/selection.ts" with { type: "text" };
import t222 from "../../src/data/sink.ts" with { type: "text" };
import t223 from "../../src/data/sources/bytes.ts" with { type: "text" };
import t224 from "../../src/data/sources/decoder_stream.ts" with {
  type: "text",
};
import t225 from "../../src/data/sources/file_blocks.ts" with { type: "text" };
import t226 from "../../src/data/sources/find_sources.ts" with { type: "text" };
import t227 from "../../src/data/sources/format.ts" with { type: "text" };
import t228 from "../../src/data/sources/gunzip.ts" with { type: "text" };
import t229 from "../../src/data/sources/inspect_file.ts" with { type: "text" };
import t230 from "../../src/data/sources/json_lines.ts" with { type: "text" };
import t231 from "../../src/data/sources/line_buffer.ts" with { type: "text" };
import t232 from "../../src/data/sources/line_counter.ts" with { type: "text" };
import t233 from "../../src/data/sources/mod.ts" with { type: "text" };
import t234 from "../../src/data/sources/parquet/copy_bytes.ts" with {
  type: "text",
};
import t235 from "../../src/data/sources/parquet/delta.ts" with {
  type: "text",
};
import t236 from "../../src/data/sources/parquet/fault.ts" with {
  type: "text",
};
import t237 from "../../src/data/sources/parquet/footer.ts" with {
  type: "text",
};
import t238 from "../../src/data/sources/parquet/group_rows.ts" with {
  type: "text",
};
import t239 from "../../src/data/sources/parquet/lz4.ts" with { type: "text" };
import t240 from "../../src/data/sources/parquet/open_layout.ts" with {
  type: "text",
};
import t241 from "../../src/data/sources/parquet/page_reader.ts" with {
  type: "text",
};
import t242 from "../../src/data/sources/parquet/page_texts.ts" with {
  type: "text",
};
import t243 from "../../src/data/sources/parquet/read_rows.ts" with {
  type: "text",
};
import t244 from "../../src/data/sources/parquet/rle.ts" with { type: "text" };
import t245 from "../../src/data/sources/parquet/schema.ts" with {
  type: "text",
};
import t246 from "../../src/data/sources/parquet/snappy.ts" with {
  type: "text",
};
import t247 from "../../src/data/sources/parquet/thrift.ts" with {
  type: "text",
};
import t248 from "../../src/data/sources/parquet/unpack.ts" with {
  type: "text",
};
import t249 from "../../src/data/sources/parquet/values.ts" with {
  type: "text",
};
import t250 from "../../src/data/sources/parse_lines.ts" with { type: "text" };
import t251 from "../../src/data/sources/record_text.ts" with { type: "text" };
import t252 from "../../src/data/sources/source_file.ts" with { type: "text" };
import t253 from "../../src/data/sources/unreadable.ts" with { type: "text" };
import t254 from "../../src/data/sources/unzstd.ts" with { type: "text" };
import t255 from "../../src/data/sources/utf8_check.ts" with { type: "text" };
import t256 from "../../src/data/sources/zstd_frame.ts" with { type: "text" };
import t257 from "../../src/data/split_ref.ts" with { type: "text" };
import t258 from "../../src/data/stdin.ts" with { type: "text" };
import t259 from "../../src/data/token_store.ts" with { type: "text" };
import t260 from "../../src/data/tokenize_unit.ts" with { type: "text" };
import t261 from "../../src/data/tokenize_worker.ts" with { type: "text" };
import t262 from "../../src/data/tokenizer.ts" with { type: "text" };
import t263 from "../../src/data/tokenizers/added_tokens.ts" with {
  type: "text",
};
import t264 from "../../src/data/tokenizers/bpe.ts" with { type: "text" };
import t265 from "../../src/data/tokenizers/byte_chars.ts" with {
  type: "text",
};
import t266 from "../../src/data/tokenizers/cut.ts" with { type: "text" };
import t267 from "../../src/data/tokenizers/decoder.ts" with { type: "text" };
import t268 from "../../src/data/tokenizers/id_list.ts" with { type: "text" };
import t269 from "../../src/data/tokenizers/json_tokenizer.ts" with {
  type: "text",
};
import t270 from "../../src/data/tokenizers/load.ts" with { type: "text" };
import t271 from "../../src/data/tokenizers/model.ts" with { type: "text" };
import t272 from "../../src/data/tokenizers/normalizer.ts" with {
  type: "text",
};
import t273 from "../../src/data/tokenizers/pair_table.ts" with {
  type: "text",
};
import t274 from "../../src/data/tokenizers/part.ts" with { type: "text" };
import t275 from "../../src/data/tokenizers/pattern.ts" with { type: "text" };
import t276 from "../../src/data/tokenizers/pre_tokenizer.ts" with {
  type: "text",
};
import t277 from "../../src/data/tokenizers/precompiled.ts" with {
  type: "text",
};
import t278 from "../../src/data/tokenizers/split.ts" with { type: "text" };
import t279 from "../../src/data/tokenizers/unicode.ts" with { type: "text" };
import t280 from "../../src/data/tokenizers/unigram.ts" with { type: "text" };
import t281 from "../../src/data/tokenizers/vocab.ts" with { type: "text" };
import t282 from "../../src/data/tokenizers/word_cache.ts" with {
  type: "text",
};
import t283 from "../../src/data/tokenizers/word_piece.ts" with {
  type: "text",
};
import t284 from "../../src/data/work_unit.ts" with { type: "text" };
import t285 from "../../src/errors.ts" with { type: "text" };
import t286 from "../../src/gpu/device.ts" with { type: "text" };
import t287 from "../../src/gpu/executor.ts" with { type: "text" };
import t288 from "../../src/gpu/pipelines.ts" with { type: "text" };
import t289 from "../../src/gpu/tuner.ts" with { type: "text" };
import t290 from "../../src/gpu/tuning_cache.ts" with { type: "text" };
import t291 from "../../src/gpu/wgsl.ts" with { type: "text" };
import t292 from "../../src/graph/differentiate.ts" with { type: "text" };
import t293 from "../../src/graph/dispatch.ts" with { type: "text" };
import t294 from "../../src/graph/graph.ts" with { type: "text" };
import t295 from "../../src/graph/ops/_attention_kernels.ts" with {
  type: "text",
};
import t296 from "../../src/graph/ops/_flat.ts" with { type: "text" };
import t297 from "../../src/graph/ops/_matmul_kernels.ts" with { type: "text" };
import t298 from "../../src/graph/ops/_reduce.ts" with { type: "text" };
import t299 from "../../src/graph/ops/activation.ts" with { type: "text" };
import t300 from "../../src/graph/ops/add.ts" with { type: "text" };
import t301 from "../../src/graph/ops/attention.ts" with { type: "text" };
import t302 from "../../src/graph/ops/combine.ts" with { type: "text" };
import t303 from "../../src/graph/ops/dot.ts" with { type: "text" };
import t304 from "../../src/graph/ops/dropout.ts" with { type: "text" };
import t305 from "../../src/graph/ops/embed.ts" with { type: "text" };
import t306 from "../../src/graph/ops/linear.ts" with { type: "text" };
import t307 from "../../src/graph/ops/linear_cross_entropy.ts" with {
  type: "text",
};
import t308 from "../../src/graph/ops/matmul.ts" with { type: "text" };
import t309 from "../../src/graph/ops/norm.ts" with { type: "text" };
import t310 from "../../src/graph/ops/scale.ts" with { type: "text" };
import t311 from "../../src/graph/ops/shaped.ts" with { type: "text" };
import t312 from "../../src/graph/ops/shaped_dropout.ts" with { type: "text" };
import t313 from "../../src/graph/ops/statistics.ts" with { type: "text" };
import t314 from "../../src/graph/ops/statistics_entropy.ts" with {
  type: "text",
};
import t315 from "../../src/graph/tensor.ts" with { type: "text" };
import t316 from "../../src/model/block.ts" with { type: "text" };
import t317 from "../../src/model/gpt2.ts" with { type: "text" };
import t318 from "../../src/model/initialise.ts" with { type: "text" };
import t319 from "../../src/model/model.ts" with { type: "text" };
import t320 from "../../src/model/normformer.ts" with { type: "text" };
import t321 from "../../src/model/normformer_scales.ts" with { type: "text" };
import t322 from "../../src/model/parameters.ts" with { type: "text" };
import t323 from "../../src/model/random.ts" with { type: "text" };
import t324 from "../../src/model/value_layer.ts" with { type: "text" };
import t325 from "../../src/optim/adam.ts" with { type: "text" };
import t326 from "../../src/optim/schedule.ts" with { type: "text" };
import t327 from "../../src/plan/plan.ts" with { type: "text" };
import t328 from "../../src/report/chart.ts" with { type: "text" };
import t329 from "../../src/report/mod.ts" with { type: "text" };
import t330 from "../../src/report/page.ts" with { type: "text" };
import t331 from "../../src/report/run_data.ts" with { type: "text" };
import t332 from "../../src/report/series.ts" with { type: "text" };
import t333 from "../../src/report/table.ts" with { type: "text" };
import t334 from "../../src/train/_safetensors_header.ts" with { type: "text" };
import t335 from "../../src/train/build.ts" with { type: "text" };
import t336 from "../../src/train/cache_folder.ts" with { type: "text" };
import t337 from "../../src/train/checkpoint.ts" with { type: "text" };
import t338 from "../../src/train/data.ts" with { type: "text" };
import t339 from "../../src/train/diagnose.ts" with { type: "text" };
import t340 from "../../src/train/evaluate.ts" with { type: "text" };
import t341 from "../../src/train/feed.ts" with { type: "text" };
import t342 from "../../src/train/files.ts" with { type: "text" };
import t343 from "../../src/train/fixture_files.ts" with { type: "text" };
import t344 from "../../src/train/format.ts" with { type: "text" };
import t345 from "../../src/train/gain_statistics.ts" with { type: "text" };
import t346 from "../../src/train/inference.ts" with { type: "text" };
import t347 from "../../src/train/kept_tokenizer.ts" with { type: "text" };
import t348 from "../../src/train/loop.ts" with { type: "text" };
import t349 from "../../src/train/metrics.ts" with { type: "text" };
import t350 from "../../src/train/parity.ts" with { type: "text" };
import t351 from "../../src/train/parity_statistics.ts" with { type: "text" };
import t352 from "../../src/train/pin.ts" with { type: "text" };
import t353 from "../../src/train/program.ts" with { type: "text" };
import t354 from "../../src/train/progress.ts" with { type: "text" };
import t355 from "../../src/train/resume.ts" with { type: "text" };
import t356 from "../../src/train/run.ts" with { type: "text" };
import t357 from "../../src/train/run_folder.ts" with { type: "text" };
import t358 from "../../src/train/run_lock.ts" with { type: "text" };
import t359 from "../../src/train/safetensors.ts" with { type: "text" };
import t360 from "../../src/train/sampling.ts" with { type: "text" };
import t361 from "../../src/train/session.ts" with { type: "text" };
import t362 from "../../src/train/settings.ts" with { type: "text" };
import t363 from "../../src/train/signals.ts" with { type: "text" };
import t364 from "../../src/train/state_files.ts" with { type: "text" };
import t365 from "../../src/train/statistics.ts" with { type: "text" };
import t366 from "../../src/train/validate_tensors.ts" with { type: "text" };
import t367 from "../../src/train/weights.ts" with { type: "text" };
import t368 from "../../src/version.ts" with { type: "text" };
import t369 from "../../src/workers/main.ts" with { type: "text" };
import t370 from "../../src/workers/start.ts" with { type: "text" };

/** Every kernel, config and module of blocksmith. */
export const sourceTexts: readonly NamedText[] = [
  { name: "configs/config.yaml", text: t0 },
  { name: "configs/data/codeparrot.yaml", text: t1 },
  { name: "configs/data/fairseq.yaml", text: t2 },
  { name: "configs/data/files.yaml", text: t3 },
  { name: "configs/data/source.yaml", text: t4 },
  { name: "configs/experiment/default-parallel-18l.yaml", text: t5 },
  { name: "configs/experiment/demo-normformer.yaml", text: t6 },
  { name: "configs/experiment/demo.yaml", text: t7 },
  { name: "configs/experiment/fig10-nonorm.yaml", text: t8 },
  { name: "configs/experiment/fig10.yaml", text: t9 },
  { name: "configs/experiment/fig4.yaml", text: t10 },
  { name: "configs/experiment/fig9.yaml", text: t11 },
  { name: "configs/experiment/long-preln.yaml", text: t12 },
  { name: "configs/experiment/long-skipless-parallel.yaml", text: t13 },
  { name: "configs/experiment/long-skipless.yaml", text: t14 },
  { name: "configs/experiment/nf-1.3b-lr2e-4.yaml", text: t15 },
  { name: "configs/experiment/nf-1.3b-lr6e-4.yaml", text: t16 },
  { name: "configs/experiment/nf-1.3b-normformer.yaml", text: t17 },
  { name: "configs/experiment/nf-125m-lr1e-3.yaml", text: t18 },
  { name: "configs/experiment/nf-125m-lr6e-4.yaml", text: t19 },
  { name: "configs/experiment/nf-125m-normformer-resids.yaml", text: t20 },
  { name: "configs/experiment/nf-125m-normformer.yaml", text: t21 },
  { name: "configs/experiment/nf-2.7b-lr1.6e-4.yaml", text: t22 },
  { name: "configs/experiment/nf-2.7b-normformer.yaml", text: t23 },
  { name: "configs/experiment/nf-2.7b-relu2.yaml", text: t24 },
  { name: "configs/experiment/nf-355m-lr1e-3.yaml", text: t25 },
  { name: "configs/experiment/nf-355m-lr6e-4.yaml", text: t26 },
  { name: "configs/experiment/nf-355m-normformer-resids.yaml", text: t27 },
  { name: "configs/experiment/nf-355m-normformer.yaml", text: t28 },
  { name: "configs/experiment/op-18l.yaml", text: t29 },
  { name: "configs/experiment/preln-18l.yaml", text: t30 },
  { name: "configs/experiment/value-skipinit.yaml", text: t31 },
  { name: "configs/model/default-parallel.yaml", text: t32 },
  { name: "configs/model/default.yaml", text: t33 },
  { name: "configs/model/normformer.yaml", text: t34 },
  { name: "configs/model/op.yaml", text: t35 },
  { name: "configs/model/skipless-parallel.yaml", text: t36 },
  { name: "configs/model/skipless.yaml", text: t37 },
  { name: "configs/model/transformer_lm_gpt.yaml", text: t38 },
  { name: "configs/train/fairseq.yaml", text: t39 },
  { name: "configs/train/train.yaml", text: t40 },
  { name: "kernels/activation.wgsl", text: t41 },
  { name: "kernels/adam.wgsl", text: t42 },
  { name: "kernels/add.wgsl", text: t43 },
  { name: "kernels/attention.wgsl", text: t44 },
  { name: "kernels/attention_common.wgsl", text: t45 },
  { name: "kernels/attention_dropout.wgsl", text: t46 },
  { name: "kernels/attention_grad_kv.wgsl", text: t47 },
  { name: "kernels/attention_grad_q.wgsl", text: t48 },
  { name: "kernels/attention_subgroup.wgsl", text: t49 },
  { name: "kernels/attention_subgroup_grad_kv.wgsl", text: t50 },
  { name: "kernels/attention_subgroup_grad_q.wgsl", text: t51 },
  { name: "kernels/attention_tiled.wgsl", text: t52 },
  { name: "kernels/attention_tiled_common.wgsl", text: t53 },
  { name: "kernels/attention_tiled_gather.wgsl", text: t54 },
  { name: "kernels/attention_tiled_grad_kv.wgsl", text: t55 },
  { name: "kernels/attention_tiled_grad_q.wgsl", text: t56 },
  { name: "kernels/attention_tiled_product.wgsl", text: t57 },
  { name: "kernels/column_dot.wgsl", text: t58 },
  { name: "kernels/column_sum.wgsl", text: t59 },
  { name: "kernels/combine.wgsl", text: t60 },
  { name: "kernels/cross_entropy.wgsl", text: t61 },
  { name: "kernels/dot.wgsl", text: t62 },
  { name: "kernels/dropout.wgsl", text: t63 },
  { name: "kernels/embed.wgsl", text: t64 },
  { name: "kernels/embed_grad.wgsl", text: t65 },
  { name: "kernels/matmul_any.wgsl", text: t66 },
  { name: "kernels/matmul_common.wgsl", text: t67 },
  { name: "kernels/matmul_subgroup.wgsl", text: t68 },
  { name: "kernels/matmul_tiled.wgsl", text: t69 },
  { name: "kernels/mod.ts", text: t70 },
  { name: "kernels/norm.wgsl", text: t71 },
  { name: "kernels/norm_grad.wgsl", text: t72 },
  { name: "kernels/norm_param_grad.wgsl", text: t73 },
  { name: "kernels/peak.wgsl", text: t74 },
  { name: "kernels/philox.wgsl", text: t75 },
  { name: "kernels/position_grad.wgsl", text: t76 },
  { name: "kernels/quad.wgsl", text: t77 },
  { name: "kernels/reduce.wgsl", text: t78 },
  { name: "kernels/scale.wgsl", text: t79 },
  { name: "kernels/shaped.wgsl", text: t80 },
  { name: "kernels/shaped_dropout.wgsl", text: t81 },
  { name: "kernels/shaped_dropout_grad.wgsl", text: t82 },
  { name: "kernels/shaped_grad.wgsl", text: t83 },
  { name: "kernels/span_sum.wgsl", text: t84 },
  { name: "kernels/statistics_columns.wgsl", text: t85 },
  { name: "kernels/statistics_entropy.wgsl", text: t86 },
  { name: "kernels/statistics_gram.wgsl", text: t87 },
  { name: "kernels/statistics_rows.wgsl", text: t88 },
  { name: "kernels/step_control.wgsl", text: t89 },
  { name: "kernels/sum.wgsl", text: t90 },
  { name: "kernels/vector.wgsl", text: t91 },
  { name: "src/bench/bench.ts", text: t92 },
  { name: "src/bench/data.ts", text: t93 },
  { name: "src/bench/data_child.ts", text: t94 },
  { name: "src/bench/data_clock.ts", text: t95 },
  { name: "src/bench/data_feed.ts", text: t96 },
  { name: "src/bench/data_files.ts", text: t97 },
  { name: "src/bench/data_models.ts", text: t98 },
  { name: "src/bench/data_peers.ts", text: t99 },
  { name: "src/bench/data_prepare.ts", text: t100 },
  { name: "src/bench/data_readers.ts", text: t101 },
  { name: "src/bench/data_tables.ts", text: t102 },
  { name: "src/bench/data_text.ts", text: t103 },
  { name: "src/bench/data_tokenizers.ts", text: t104 },
  { name: "src/bench/golden.ts", text: t105 },
  { name: "src/bench/host.ts", text: t106 },
  { name: "src/bench/json.ts", text: t107 },
  { name: "src/bench/kernels.ts", text: t108 },
  { name: "src/bench/machine.ts", text: t109 },
  { name: "src/bench/matmul.ts", text: t110 },
  { name: "src/bench/mod.ts", text: t111 },
  { name: "src/bench/numpy.ts", text: t112 },
  { name: "src/bench/peak.ts", text: t113 },
  { name: "src/bench/python.ts", text: t114 },
  { name: "src/bench/report.ts", text: t115 },
  { name: "src/bench/standalone.ts", text: t116 },
  { name: "src/bench/step.ts", text: t117 },
  { name: "src/bench/table.ts", text: t118 },
  { name: "src/bench/tables.ts", text: t119 },
  { name: "src/bench/timing.ts", text: t120 },
  { name: "src/bench/torch.ts", text: t121 },
  { name: "src/bench/vulkan_driver.ts", text: t122 },
  { name: "src/bench/workloads.ts", text: t123 },
  { name: "src/cli/bench.ts", text: t124 },
  { name: "src/cli/checkpoint_words.ts", text: t125 },
  { name: "src/cli/command.ts", text: t126 },
  { name: "src/cli/config_words.ts", text: t127 },
  { name: "src/cli/devices.ts", text: t128 },
  { name: "src/cli/eval.ts", text: t129 },
  { name: "src/cli/generate.ts", text: t130 },
  { name: "src/cli/mod.ts", text: t131 },
  { name: "src/cli/parity.ts", text: t132 },
  { name: "src/cli/plan.ts", text: t133 },
  { name: "src/cli/prepare.ts", text: t134 },
  { name: "src/cli/report.ts", text: t135 },
  { name: "src/cli/train.ts", text: t136 },
  { name: "src/config/builtin.ts", text: t137 },
  { name: "src/config/check.ts", text: t138 },
  { name: "src/config/compose.ts", text: t139 },
  { name: "src/config/data_schema.ts", text: t140 },
  { name: "src/config/defaults_list.ts", text: t141 },
  { name: "src/config/family.ts", text: t142 },
  { name: "src/config/fields.ts", text: t143 },
  { name: "src/config/fixture.ts", text: t144 },
  { name: "src/config/flags.ts", text: t145 },
  { name: "src/config/interpolate.ts", text: t146 },
  { name: "src/config/leaves.ts", text: t147 },
  { name: "src/config/library.ts", text: t148 },
  { name: "src/config/mod.ts", text: t149 },
  { name: "src/config/model_schema.ts", text: t150 },
  { name: "src/config/nearest.ts", text: t151 },
  { name: "src/config/normformer_schema.ts", text: t152 },
  { name: "src/config/overrides.ts", text: t153 },
  { name: "src/config/rules.ts", text: t154 },
  { name: "src/config/scale_fields.ts", text: t155 },
  { name: "src/config/schema.ts", text: t156 },
  { name: "src/config/warnings.ts", text: t157 },
  { name: "src/config/yaml_file.ts", text: t158 },
  { name: "src/data/batch.ts", text: t159 },
  { name: "src/data/batch_ring.ts", text: t160 },
  { name: "src/data/batch_source.ts", text: t161 },
  { name: "src/data/build_store.ts", text: t162 },
  { name: "src/data/byte.ts", text: t163 },
  { name: "src/data/byte_bpe.ts", text: t164 },
  { name: "src/data/chunk_sink.ts", text: t165 },
  { name: "src/data/dedup.ts", text: t166 },
  { name: "src/data/documents.ts", text: t167 },
  { name: "src/data/durable.ts", text: t168 },
  { name: "src/data/facts_cache.ts", text: t169 },
  { name: "src/data/fairseq/blocks.ts", text: t170 },
  { name: "src/data/fairseq/dictionary.ts", text: t171 },
  { name: "src/data/fairseq/files.ts", text: t172 },
  { name: "src/data/fairseq/folder.ts", text: t173 },
  { name: "src/data/fairseq/int_types.ts", text: t174 },
  { name: "src/data/fairseq/mmap_dataset.ts", text: t175 },
  { name: "src/data/fairseq/mmap_index.ts", text: t176 },
  { name: "src/data/fairseq/mmap_writer.ts", text: t177 },
  { name: "src/data/fairseq/mod.ts", text: t178 },
  { name: "src/data/fairseq/sink.ts", text: t179 },
  { name: "src/data/fairseq/tokenizer.ts", text: t180 },
  { name: "src/data/fairseq/words.ts", text: t181 },
  { name: "src/data/feed_worker.ts", text: t182 },
  { name: "src/data/fill_folder.ts", text: t183 },
  { name: "src/data/fingerprint.ts", text: t184 },
  { name: "src/data/gpt2.ts", text: t185 },
  { name: "src/data/gpt2_words.ts", text: t186 },
  { name: "src/data/hub/cache.ts", text: t187 },
  { name: "src/data/hub/card.ts", text: t188 },
  { name: "src/data/hub/choose.ts", text: t189 },
  { name: "src/data/hub/dataset.ts", text: t190 },
  { name: "src/data/hub/download.ts", text: t191 },
  { name: "src/data/hub/glob.ts", text: t192 },
  { name: "src/data/hub/hub_file.ts", text: t193 },
  { name: "src/data/hub/mod.ts", text: t194 },
  { name: "src/data/hub/repository.ts", text: t195 },
  { name: "src/data/hub/request.ts", text: t196 },
  { name: "src/data/hub/settings.ts", text: t197 },
  { name: "src/data/hub/splits.ts", text: t198 },
  { name: "src/data/hub/tree.ts", text: t199 },
  { name: "src/data/hub/url.ts", text: t200 },
  { name: "src/data/hub/words.ts", text: t201 },
  { name: "src/data/in_order.ts", text: t202 },
  { name: "src/data/inspect.ts", text: t203 },
  { name: "src/data/journal.ts", text: t204 },
  { name: "src/data/long_word.ts", text: t205 },
  { name: "src/data/mixture.ts", text: t206 },
  { name: "src/data/mod.ts", text: t207 },
  { name: "src/data/numpy_random.ts", text: t208 },
  { name: "src/data/permutation.ts", text: t209 },
  { name: "src/data/plan_rows.ts", text: t210 },
  { name: "src/data/plan_store.ts", text: t211 },
  { name: "src/data/plan_units.ts", text: t212 },
  { name: "src/data/planned_unit.ts", text: t213 },
  { name: "src/data/pool.ts", text: t214 },
  { name: "src/data/prepare.ts", text: t215 },
  { name: "src/data/prepare_options.ts", text: t216 },
  { name: "src/data/progress.ts", text: t217 },
  { name: "src/data/record_writer.ts", text: t218 },
  { name: "src/data/sampler.ts", text: t219 },
  { name: "src/data/sealed_line.ts", text: t220 },
  { name: "src/data/selection.ts", text: t221 },
  { name: "src/data/sink.ts", text: t222 },
  { name: "src/data/sources/bytes.ts", text: t223 },
  { name: "src/data/sources/decoder_stream.ts", text: t224 },
  { name: "src/data/sources/file_blocks.ts", text: t225 },
  { name: "src/data/sources/find_sources.ts", text: t226 },
  { name: "src/data/sources/format.ts", text: t227 },
  { name: "src/data/sources/gunzip.ts", text: t228 },
  { name: "src/data/sources/inspect_file.ts", text: t229 },
  { name: "src/data/sources/json_lines.ts", text: t230 },
  { name: "src/data/sources/line_buffer.ts", text: t231 },
  { name: "src/data/sources/line_counter.ts", text: t232 },
  { name: "src/data/sources/mod.ts", text: t233 },
  { name: "src/data/sources/parquet/copy_bytes.ts", text: t234 },
  { name: "src/data/sources/parquet/delta.ts", text: t235 },
  { name: "src/data/sources/parquet/fault.ts", text: t236 },
  { name: "src/data/sources/parquet/footer.ts", text: t237 },
  { name: "src/data/sources/parquet/group_rows.ts", text: t238 },
  { name: "src/data/sources/parquet/lz4.ts", text: t239 },
  { name: "src/data/sources/parquet/open_layout.ts", text: t240 },
  { name: "src/data/sources/parquet/page_reader.ts", text: t241 },
  { name: "src/data/sources/parquet/page_texts.ts", text: t242 },
  { name: "src/data/sources/parquet/read_rows.ts", text: t243 },
  { name: "src/data/sources/parquet/rle.ts", text: t244 },
  { name: "src/data/sources/parquet/schema.ts", text: t245 },
  { name: "src/data/sources/parquet/snappy.ts", text: t246 },
  { name: "src/data/sources/parquet/thrift.ts", text: t247 },
  { name: "src/data/sources/parquet/unpack.ts", text: t248 },
  { name: "src/data/sources/parquet/values.ts", text: t249 },
  { name: "src/data/sources/parse_lines.ts", text: t250 },
  { name: "src/data/sources/record_text.ts", text: t251 },
  { name: "src/data/sources/source_file.ts", text: t252 },
  { name: "src/data/sources/unreadable.ts", text: t253 },
  { name: "src/data/sources/unzstd.ts", text: t254 },
  { name: "src/data/sources/utf8_check.ts", text: t255 },
  { name: "src/data/sources/zstd_frame.ts", text: t256 },
  { name: "src/data/split_ref.ts", text: t257 },
  { name: "src/data/stdin.ts", text: t258 },
  { name: "src/data/token_store.ts", text: t259 },
  { name: "src/data/tokenize_unit.ts", text: t260 },
  { name: "src/data/tokenize_worker.ts", text: t261 },
  { name: "src/data/tokenizer.ts", text: t262 },
  { name: "src/data/tokenizers/added_tokens.ts", text: t263 },
  { name: "src/data/tokenizers/bpe.ts", text: t264 },
  { name: "src/data/tokenizers/byte_chars.ts", text: t265 },
  { name: "src/data/tokenizers/cut.ts", text: t266 },
  { name: "src/data/tokenizers/decoder.ts", text: t267 },
  { name: "src/data/tokenizers/id_list.ts", text: t268 },
  { name: "src/data/tokenizers/json_tokenizer.ts", text: t269 },
  { name: "src/data/tokenizers/load.ts", text: t270 },
  { name: "src/data/tokenizers/model.ts", text: t271 },
  { name: "src/data/tokenizers/normalizer.ts", text: t272 },
  { name: "src/data/tokenizers/pair_table.ts", text: t273 },
  { name: "src/data/tokenizers/part.ts", text: t274 },
  { name: "src/data/tokenizers/pattern.ts", text: t275 },
  { name: "src/data/tokenizers/pre_tokenizer.ts", text: t276 },
  { name: "src/data/tokenizers/precompiled.ts", text: t277 },
  { name: "src/data/tokenizers/split.ts", text: t278 },
  { name: "src/data/tokenizers/unicode.ts", text: t279 },
  { name: "src/data/tokenizers/unigram.ts", text: t280 },
  { name: "src/data/tokenizers/vocab.ts", text: t281 },
  { name: "src/data/tokenizers/word_cache.ts", text: t282 },
  { name: "src/data/tokenizers/word_piece.ts", text: t283 },
  { name: "src/data/work_unit.ts", text: t284 },
  { name: "src/errors.ts", text: t285 },
  { name: "src/gpu/device.ts", text: t286 },
  { name: "src/gpu/executor.ts", text: t287 },
  { name: "src/gpu/pipelines.ts", text: t288 },
  { name: "src/gpu/tuner.ts", text: t289 },
  { name: "src/gpu/tuning_cache.ts", text: t290 },
  { name: "src/gpu/wgsl.ts", text: t291 },
  { name: "src/graph/differentiate.ts", text: t292 },
  { name: "src/graph/dispatch.ts", text: t293 },
  { name: "src/graph/graph.ts", text: t294 },
  { name: "src/graph/ops/_attention_kernels.ts", text: t295 },
  { name: "src/graph/ops/_flat.ts", text: t296 },
  { name: "src/graph/ops/_matmul_kernels.ts", text: t297 },
  { name: "src/graph/ops/_reduce.ts", text: t298 },
  { name: "src/graph/ops/activation.ts", text: t299 },
  { name: "src/graph/ops/add.ts", text: t300 },
  { name: "src/graph/ops/attention.ts", text: t301 },
  { name: "src/graph/ops/combine.ts", text: t302 },
  { name: "src/graph/ops/dot.ts", text: t303 },
  { name: "src/graph/ops/dropout.ts", text: t304 },
  { name: "src/graph/ops/embed.ts", text: t305 },
  { name: "src/graph/ops/linear.ts", text: t306 },
  { name: "src/graph/ops/linear_cross_entropy.ts", text: t307 },
  { name: "src/graph/ops/matmul.ts", text: t308 },
  { name: "src/graph/ops/norm.ts", text: t309 },
  { name: "src/graph/ops/scale.ts", text: t310 },
  { name: "src/graph/ops/shaped.ts", text: t311 },
  { name: "src/graph/ops/shaped_dropout.ts", text: t312 },
  { name: "src/graph/ops/statistics.ts", text: t313 },
  { name: "src/graph/ops/statistics_entropy.ts", text: t314 },
  { name: "src/graph/tensor.ts", text: t315 },
  { name: "src/model/block.ts", text: t316 },
  { name: "src/model/gpt2.ts", text: t317 },
  { name: "src/model/initialise.ts", text: t318 },
  { name: "src/model/model.ts", text: t319 },
  { name: "src/model/normformer.ts", text: t320 },
  { name: "src/model/normformer_scales.ts", text: t321 },
  { name: "src/model/parameters.ts", text: t322 },
  { name: "src/model/random.ts", text: t323 },
  { name: "src/model/value_layer.ts", text: t324 },
  { name: "src/optim/adam.ts", text: t325 },
  { name: "src/optim/schedule.ts", text: t326 },
  { name: "src/plan/plan.ts", text: t327 },
  { name: "src/report/chart.ts", text: t328 },
  { name: "src/report/mod.ts", text: t329 },
  { name: "src/report/page.ts", text: t330 },
  { name: "src/report/run_data.ts", text: t331 },
  { name: "src/report/series.ts", text: t332 },
  { name: "src/report/table.ts", text: t333 },
  { name: "src/train/_safetensors_header.ts", text: t334 },
  { name: "src/train/build.ts", text: t335 },
  { name: "src/train/cache_folder.ts", text: t336 },
  { name: "src/train/checkpoint.ts", text: t337 },
  { name: "src/train/data.ts", text: t338 },
  { name: "src/train/diagnose.ts", text: t339 },
  { name: "src/train/evaluate.ts", text: t340 },
  { name: "src/train/feed.ts", text: t341 },
  { name: "src/train/files.ts", text: t342 },
  { name: "src/train/fixture_files.ts", text: t343 },
  { name: "src/train/format.ts", text: t344 },
  { name: "src/train/gain_statistics.ts", text: t345 },
  { name: "src/train/inference.ts", text: t346 },
  { name: "src/train/kept_tokenizer.ts", text: t347 },
  { name: "src/train/loop.ts", text: t348 },
  { name: "src/train/metrics.ts", text: t349 },
  { name: "src/train/parity.ts", text: t350 },
  { name: "src/train/parity_statistics.ts", text: t351 },
  { name: "src/train/pin.ts", text: t352 },
  { name: "src/train/program.ts", text: t353 },
  { name: "src/train/progress.ts", text: t354 },
  { name: "src/train/resume.ts", text: t355 },
  { name: "src/train/run.ts", text: t356 },
  { name: "src/train/run_folder.ts", text: t357 },
  { name: "src/train/run_lock.ts", text: t358 },
  { name: "src/train/safetensors.ts", text: t359 },
  { name: "src/train/sampling.ts", text: t360 },
  { name: "src/train/session.ts", text: t361 },
  { name: "src/train/settings.ts", text: t362 },
  { name: "src/train/signals.ts", text: t363 },
  { name: "src/train/state_files.ts", text: t364 },
  { name: "src/train/statistics.ts", text: t365 },
  { name: "src/train/validate_tensors.ts", text: t366 },
  { name: "src/train/weights.ts", text: t367 },
  { name: "src/version.ts", text: t368 },
  { name: "src/workers/main.ts", text: t369 },
  { name: "src/workers/start.ts", text: t370 },
];
