/**
 * From a graph to a plan: which dispatches run in which order, and where every
 * tensor lies. A plan is plain data and costs nothing to make, so it can be
 * printed before a device is opened.
 *
 * Transient tensors share slots: two tensors that never live at the same time
 * may lie in one. Each slot becomes one buffer (not one arena for all, because
 * WebGPU forbids reading and writing one buffer in the same dispatch).
 * @module
 */
import {
  type AdapterLimits,
  type Binding,
  type Constant,
  type Dispatch,
  mapValues,
} from "../graph/dispatch.ts";
import { fuseNodes } from "../graph/fuse.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { copyDispatches } from "../graph/ops/elementwise/copy.ts";
import {
  BYTES,
  bytes,
  count,
  type DType,
  type Tensor,
} from "../graph/tensor.ts";

/** Where a tensor lies. */
export type TensorLocation =
  /** In a slot of the plan. */
  | { slot: number }
  /** In a tensor of the run, by name: an input, a weight, a gradient. */
  | { external: string };

/** A storage binding of a planned dispatch. */
export interface PlannedBinding {
  location: TensorLocation;
  /** First byte within the tensor. */
  offset: number;
  /** Bytes. */
  size: number;
  /** Type of the elements. */
  dtype: DType;
  access: Binding["access"];
}

/** A dispatch whose tensors have locations. */
export interface PlannedDispatch {
  /** What it computes, for messages and listings. */
  label: string;
  kernel: string;
  constants: Record<string, Constant>;
  params: Dispatch["params"];
  bindings: Record<string, PlannedBinding>;
  workgroups: [number, number, number];
  flops: number;
  bytes: number;
  /** Other kernels for the same work; see {@linkcode Dispatch.choice}. */
  choice?: {
    key: string;
    settled?: boolean | undefined;
    variants: { name: string; dispatches: PlannedDispatch[] }[];
  } | undefined;
  /** Key of the choice that it was picked from, if it was. */
  work?: string | undefined;
  /**
   * Tensors written, with their locations: for the search of a non-finite
   * value.
   */
  writes: {
    name: string;
    location: TensorLocation;
    count: number;
    dtype: DType;
  }[];
}

/** Everything one replay does. */
export interface Plan {
  name: string;
  /** Bytes of each slot. */
  slots: number[];
  dispatches: PlannedDispatch[];
  /** Locations of the fetched tensors. */
  fetches: Map<Tensor, TensorLocation>;
  flops: number;
  bytes: number;
}

/** Buffers start and end on this many bytes. */
export const ALIGNMENT = 256;

/**
 * `size` rounded up to whole alignment units.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { aligned } from "./plan.ts";
 *
 * assertEquals([0, 1, 256, 257].map(aligned), [0, 256, 256, 512]);
 * ```
 */
export const aligned = (size: number): number =>
  Math.ceil(size / ALIGNMENT) * ALIGNMENT;

/**
 * Lowers a graph for an adapter with `limits`.
 *
 * @param fetch transient tensors that are read after the plan has run
 * @throws {RangeError} if a tensor is larger than a buffer of the adapter, or
 *   one that cannot be cut larger than a binding, or a kernel takes more
 *   bindings than the adapter has
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Graph } from "../graph/graph.ts";
 * import { activation } from "../graph/ops/elementwise/activation.ts";
 * import { makePlan } from "./plan.ts";
 *
 * const graph = new Graph();
 * const x = graph.input("x", [8, 16]);
 * const a = activation(graph, "a", x, "relu");
 * const b = activation(graph, "b", a, "relu");
 * const c = activation(graph, "c", b, "relu");
 * activation(graph, "unused", x, "relu");
 *
 * const limits = {
 *   software: true,
 *   subgroupSize: 8,
 *   int64: false,
 *   maxBindingBytes: 2 ** 27,
 *   maxBufferBytes: 2 ** 30,
 *   offsetAlignment: 256,
 * };
 * const plan = makePlan("example", graph, limits, [c]);
 * // Nothing needs `unused`; `a` and `c` never live together and share a slot.
 * assertEquals(plan.dispatches.length, 3);
 * assertEquals(plan.slots, [512, 512]);
 * ```
 */
export function makePlan(
  name: string,
  graph: Graph,
  limits: AdapterLimits,
  fetch: readonly Tensor[] = [],
): Plan {
  const nodes = fuseNodes(liveNodes(graph, fetch), fetch, limits);
  const { storage, copies } = shareStorage(nodes, fetch);
  const lowered = nodes.map((node) => {
    const copied = copies.get(node);
    return [
      ...copied ? copyDispatches(copied, node.outputs[0], limits) : [],
      ...node.operation.lower(node, limits),
    ];
  });
  const slotOf = assignSlots(
    nodes,
    lowered.map((dispatches) => dispatches.map(scratchOf)),
    storage,
    fetch,
    limits,
  );
  const locate = (tensor: Tensor): TensorLocation => {
    const root = storage.get(tensor) ?? tensor;
    if (root.role !== "transient") return { external: root.name };
    return { slot: slotOf.index.get(root)! };
  };
  const planned = (
    dispatch: Dispatch,
    label: string,
    work?: string,
  ): PlannedDispatch => ({
    label,
    work,
    kernel: dispatch.kernel,
    constants: dispatch.constants,
    params: dispatch.params,
    workgroups: dispatch.workgroups,
    flops: dispatch.flops,
    bytes: dispatch.bytes,
    bindings: bindAll(dispatch, locate, limits),
    writes: Object.values(dispatch.bindings)
      .filter((b) => b.access !== "read").map((b) => ({
        name: b.tensor.name,
        location: locate(b.tensor),
        count: countTo(b),
        dtype: b.tensor.dtype,
      })),
    choice: dispatch.choice && {
      key: dispatch.choice.key,
      settled: dispatch.choice.settled,
      variants: dispatch.choice.variants.map((v) => ({
        name: v.name,
        dispatches: v.dispatches.map((d) =>
          planned(d, label, dispatch.choice!.key)
        ),
      })),
    },
  });
  const dispatches = nodes.flatMap((node, i) => {
    const label = node.outputs[0]?.name ?? node.operation.name;
    return lowered[i].map((d) =>
      planned(d, `${node.operation.name}: ${label}`)
    );
  });
  return {
    name,
    slots: slotOf.sizes,
    dispatches,
    fetches: new Map(fetch.map((t) => [t, locate(t)])),
    flops: dispatches.reduce((n, d) => n + d.flops, 0),
    bytes: dispatches.reduce((n, d) => n + d.bytes, 0),
  };
}

/**
 * What a plan runs where each choice falls on its first variant. Equal to
 * `dispatches`, but where that variant has several.
 */
export const firstVariants = (
  dispatches: readonly PlannedDispatch[],
): PlannedDispatch[] =>
  dispatches.flatMap((d) => d.choice?.variants[0].dispatches ?? [d]);

/** Elements from a tensor's start to the end of what is bound. */
function countTo({ tensor, offset = 0, size = Infinity }: Binding): number {
  return Math.min(count(tensor), (offset + size) / BYTES[tensor.dtype]);
}

/** The scratch tensors of a dispatch and its variants. */
const scratchOf = ({ bindings, choice }: Dispatch): Tensor[] => [
  ...Object.values(bindings).map(({ tensor }) => tensor)
    .filter(({ role, node }) => role === "transient" && !node),
  ...choice?.variants.flatMap((v) => v.dispatches.flatMap(scratchOf)) ?? [],
];

/** The nodes that something depends on, in order. */
function liveNodes(graph: Graph, fetch: readonly Tensor[]): Node[] {
  const needed = new Set<Tensor>(fetch);
  return graph.nodes.toReversed().filter((node) => {
    if (!node.effect && !node.outputs.some((t) => needed.has(t))) return false;
    for (const input of node.inputs) needed.add(input);
    if (node.accumulateInto) needed.add(node.accumulateInto);
    return true;
  }).reverse();
}

/**
 * Puts sums into the storage of what they are added to. Where the addend is
 * needed afterwards, it is copied first.
 */
function shareStorage(nodes: Node[], fetch: readonly Tensor[]) {
  const lastUse = new Map<Tensor, number>();
  const storage = new Map<Tensor, Tensor>();
  const copies = new Map<Node, Tensor>();
  nodes.forEach((node, i) => {
    for (
      const tensor of [
        ...node.inputs,
        ...node.accumulateInto ? [node.accumulateInto] : [],
      ]
    ) {
      lastUse.set(tensor, i);
    }
  });
  nodes.forEach((node, i) => {
    const { accumulateInto, outputs: [output] } = node;
    if (!accumulateInto) return;
    // Inputs are filled from outside and stay as they are.
    const inPlace = accumulateInto.role === "persistent" ||
      accumulateInto.role === "transient" &&
        lastUse.get(accumulateInto)! <= i &&
        !fetch.includes(accumulateInto) &&
        !node.inputs.includes(accumulateInto);
    if (inPlace) {
      storage.set(output, storage.get(accumulateInto) ?? accumulateInto);
    } else copies.set(node, accumulateInto);
  });
  return { storage, copies };
}

/**
 * Assigns storages to slots, the largest first, each to the tightest slot that
 * is free while it lives.
 *
 * @param scratch of each dispatch of each node
 */
function assignSlots(
  nodes: Node[],
  scratch: readonly Tensor[][][],
  storage: Map<Tensor, Tensor>,
  fetch: readonly Tensor[],
  { maxBufferBytes }: AdapterLimits,
) {
  const lives = new Map<Tensor, { from: number; to: number; size: number }>();
  const touch = (tensor: Tensor, at: number) => {
    const root = storage.get(tensor) ?? tensor;
    if (root.role !== "transient") return;
    const life = lives.get(root);
    if (life) life.to = Math.max(life.to, at);
    else if (bytes(root) > maxBufferBytes) {
      throw new RangeError(
        `Cannot place '${root.name}' ([${root.shape}], ${
          bytes(root)
        } bytes): this adapter's buffers hold at most ${maxBufferBytes} bytes; lower the batch size or the model's width`,
      );
    } else lives.set(root, { from: at, to: at, size: aligned(bytes(root)) });
  };
  // Time goes by dispatches: one's scratch may be the next one's.
  let now = 0;
  nodes.forEach((node, i) => {
    const begun = now;
    for (const tensors of scratch[i]) {
      for (const tensor of tensors) touch(tensor, now);
      now++;
    }
    const last = Math.max(begun, now - 1);
    const { inputs, outputs, accumulateInto } = node;
    for (const tensor of [...inputs, ...outputs, accumulateInto]) {
      if (!tensor) continue;
      touch(tensor, begun);
      touch(tensor, last);
    }
  });
  for (const tensor of fetch) touch(tensor, now);
  const sizes: number[] = [];
  const taken: { from: number; to: number }[][] = [];
  const index = new Map<Tensor, number>();
  const order = [...lives].sort((a, b) =>
    b[1].size - a[1].size || a[1].from - b[1].from
  );
  for (const [tensor, life] of order) {
    // Slots were opened for larger tensors first: the last that fits is the
    // tightest.
    let slot = sizes.length - 1;
    while (
      slot >= 0 &&
      taken[slot].some((t) => t.from <= life.to && life.from <= t.to)
    ) slot--;
    if (slot < 0) {
      slot = sizes.push(life.size) - 1;
      taken.push([]);
    }
    taken[slot].push(life);
    index.set(tensor, slot);
  }
  return { sizes, index };
}

/** @throws {RangeError} where a kernel takes more tensors than the adapter */
function bindAll(
  { kernel, bindings }: Dispatch,
  locate: (tensor: Tensor) => TensorLocation,
  limits: AdapterLimits,
): Record<string, PlannedBinding> {
  const count = Object.keys(bindings).length;
  const { storageBindings = Infinity } = limits;
  if (count > storageBindings) {
    throw new RangeError(
      `Cannot run kernels/${kernel}.wgsl as an adapter must bind ${count} tensors at a time: this one binds at most ${storageBindings}`,
    );
  }
  return mapValues(bindings, (b) => bind(b, locate, limits));
}

function bind(
  binding: Binding,
  locate: (tensor: Tensor) => TensorLocation,
  limits: AdapterLimits,
): PlannedBinding {
  const { tensor, access, offset = 0 } = binding;
  const whole = Math.ceil(bytes(tensor) / 16) * 16;
  const size = Math.min(binding.size ?? Infinity, whole - offset);
  if (size > limits.maxBindingBytes) {
    throw new RangeError(
      `Cannot bind '${tensor.name}' ([${tensor.shape}], ${size} bytes): this adapter binds at most ${limits.maxBindingBytes}; lower the batch size or the model's width`,
    );
  }
  return {
    location: locate(tensor),
    offset,
    size,
    dtype: tensor.dtype,
    access,
  };
}
