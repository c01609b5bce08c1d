/**
 * The bench: how long do kernels, training steps and data take on this machine?
 * Results are plain data; tables and JSON are made from them.
 * @module
 */
export {
  type BenchOptions,
  type BenchResult,
  type Comparison,
  needsGpu,
  runBench,
  runComparison,
  type Section,
  SECTIONS,
  sectionsOf,
} from "./bench.ts";
export { checkGolden, type GoldenRow } from "./golden.ts";
export { toJson } from "./json.ts";
export { kernelTimes } from "./kernels/kernel_times.ts";
export { describeMachine, type Machine } from "./machine.ts";
export {
  benchMatmul,
  inAllLayouts,
  type MatmulRow,
  productsOf,
} from "./kernels/matmul.ts";
export { measurePeak, type Peak } from "./kernels/peak.ts";
export {
  openWorkload,
  type RunningWorkload,
  type StepRow,
  timeSteps,
} from "./step/step.ts";
export {
  asMarkdown,
  asText,
  percent,
  type Table,
  threeDigits,
} from "./format_table.ts";
export {
  againstTable,
  benchTables,
  kernelTable,
  machineTable,
  matmulTable,
} from "./result_tables.ts";
export type { Product } from "./peers/numpy.ts";
export { PeerMissing } from "./peers/python.ts";
export {
  benchCublas,
  benchTorch,
  type CublasRates,
  type TorchRow,
} from "./peers/torch.ts";
export {
  buildWorkload,
  BYTES,
  GPT2_TOKENS,
  sizeOverrides,
  type Sizes,
  type Workload,
} from "./step/workloads.ts";
