/**
 * The bench: measures what kernels and training steps take, as data.
 * @module
 */
export {
  type BenchOptions,
  type BenchResult,
  needGpu,
  runBench,
  type Section,
  SECTIONS,
  sectionsOf,
} from "./bench.ts";
export { checkGolden, type GoldenRow } from "./golden.ts";
export { toJson } from "./json.ts";
export { kernelTimes } from "./kernels.ts";
export { describeMachine, type Machine } from "./machine.ts";
export {
  benchMatmul,
  inLayouts,
  type MatmulRow,
  productsOf,
} from "./matmul.ts";
export { measurePeak, type Peak } from "./peak.ts";
export { openWorkload, type StepRow, timeSteps } from "./step.ts";
export { asMarkdown, asText, percent, type Table, three } from "./table.ts";
export {
  benchTables,
  kernelTable,
  machineTable,
  matmulTable,
} from "./tables.ts";
export { benchTorch, type TorchRow } from "./torch.ts";
export {
  buildWorkload,
  BYTES,
  GPT2_TOKENS,
  sized,
  type Sizes,
  type Workload,
} from "./workloads.ts";
