import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type AdapterLimits,
  type Binding,
  write,
} from "../../src/graph/dispatch.ts";
import {
  Graph,
  type Node,
  type Operation,
  scratchTensor,
} from "../../src/graph/graph.ts";
import { bytes, type Tensor } from "../../src/graph/tensor.ts";
import {
  aligned,
  ALIGNMENT,
  makePlan,
  type Plan,
  type TensorLocation,
} from "../../src/plan/plan.ts";

const LIMITS: AdapterLimits = {
  software: true,
  subgroupSize: 8,
  int64: false,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 31,
  offsetAlignment: 256,
};

interface Attrs {
  /** Tells nodes apart. */
  id: number;
}

const nodeDispatch = (node: Node<Attrs>) => {
  const bind = (tensor: Tensor, access: Binding["access"]) => ({
    tensor,
    access,
  });
  return {
    kernel: "mix",
    constants: {},
    params: { id: node.attrs.id },
    bindings: Object.fromEntries([
      ...node.inputs.map((t, i) => [`input${i}`, bind(t, "read")]),
      ...node.outputs.map((t, i) => [
        `output${i}`,
        bind(t, i === 0 && node.accumulateInto ? "readwrite" : "write"),
      ]),
    ]),
    workgroups: [1, 1, 1] as [number, number, number],
    flops: 1,
    bytes: 2,
  };
};

/**
 * Reads all inputs, writes all outputs; output 0 also reads what it is added
 * onto.
 */
const mixing: Operation<Attrs> = {
  name: "mix",
  lower: (node) => [nodeDispatch(node)],
};

/** A number that depends on all of `parts` and their order. */
function mix(...parts: (number | undefined)[]): number {
  let hash = 17;
  for (const part of parts) {
    if (part === undefined) return NaN;
    hash = Math.imul(hash ^ part, 0x01000193) + 0x9e3779b9 | 0;
    hash ^= hash >>> 15;
  }
  return hash;
}

const key = (location: TensorLocation) =>
  "slot" in location ? `slot ${location.slot}` : location.external;

/** Carries a plan out on one number a location: what a device would compute. */
function execute(plan: Plan, memory: Map<string, number>): void {
  for (const { kernel, params, label, ...dispatch } of plan.dispatches) {
    const bindings = Object.values(dispatch.bindings);
    const places = bindings.map((b) => key(b.location));
    // A device refuses a buffer that is written and bound once more.
    bindings.forEach((b, i) => {
      if (b.access === "read") return;
      const times = places.filter((p) => p === places[i]).length;
      assertEquals(times, 1, `${label} writes and binds ${places[i]} twice`);
    });
    if (kernel === "elementwise/weighted_sum") {
      memory.set(places[0], memory.get(places[1]) ?? NaN);
      continue;
    }
    const seen = places.filter((_, i) => bindings[i].access !== "write")
      .map((place) => memory.get(place));
    const written = places.filter((_, i) => bindings[i].access !== "read");
    written.forEach((place, output) =>
      memory.set(place, mix(params.id as number, output, ...seen))
    );
  }
}

/**
 * The same from the graph itself, where every tensor has separate memory.
 */
function evaluate(graph: Graph, start: Map<string, number>) {
  const values = new Map<Tensor, number>();
  for (const tensor of graph.externals.values()) {
    values.set(tensor, start.get(tensor.name)!);
  }
  for (
    const { inputs, outputs, accumulateInto, attrs } of graph
      .nodes
  ) {
    const seen = [...inputs, ...accumulateInto ? [accumulateInto] : []].map((
      t,
    ) => values.get(t));
    outputs.forEach((output, i) =>
      values.set(output, mix(attrs.id, i, ...seen))
    );
    if (accumulateInto?.role === "persistent") {
      values.set(accumulateInto, values.get(outputs[0])!);
    }
  }
  return values;
}

/** Nodes that a fetched tensor or a persistent one depends on. */
function needed(graph: Graph, fetch: Tensor[]): number {
  const live = new Set<Node>();
  const visit = (tensor?: Tensor) => {
    const node = tensor?.node;
    if (!node || live.has(node)) return;
    live.add(node);
    for (const input of [...node.inputs, node.accumulateInto]) visit(input);
  };
  fetch.forEach(visit);
  for (const node of graph.nodes) if (node.effect) visit(node.outputs[0]);
  return live.size;
}

/** Equal numbers for equal seeds. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 7919 + 1;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * sides);
  };
}

/**
 * A graph with sums onto all kinds of tensors, scratch outputs and dead ends.
 */
function randomGraph(seed: number) {
  const roll = dice(seed), graph = new Graph(), size = () => [64 << roll(4)];
  const readable: Tensor[] = [
    graph.input("in.0", [64]),
    graph.input("in.1", [256]),
  ];
  const gradients = [0, 1].map((i) => graph.persistent(`grad.${i}`, size()));
  const transients: Tensor[] = [];
  for (let id = 0; id < 10 + roll(30); id++) {
    const inputs = Array.from(
      { length: 1 + roll(3) },
      // Mostly recent tensors, sometimes long-lived ones.
      () => readable[Math.max(0, readable.length - 1 - roll(roll(4) ? 5 : 50))],
    );
    const kind = roll(10);
    const accumulateInto = kind < 3
      ? readable[roll(readable.length)]
      : kind === 3
      ? gradients[roll(2)]
      : undefined;
    const outputs = Array.from(
      { length: 1 + Number(roll(4) === 0) },
      (_, i) => ({
        name: `${id}.${i}`,
        shape: i === 0 && accumulateInto ? accumulateInto.shape : size(),
      }),
    );
    const effect = roll(12) === 0 ? true : undefined;
    const made = graph.add(mixing, inputs, { id }, outputs, {
      accumulateInto,
      effect,
    });
    // What was added to a gradient is the gradient: nothing reads it as a
    // separate tensor.
    const own = accumulateInto?.role === "persistent" ? made.slice(1) : made;
    readable.push(...own);
    transients.push(...own);
  }
  const fetch = [0, 1].map(() => transients[roll(transients.length)]);
  return { graph, fetch: [...new Set(fetch)] };
}

Deno.test("makePlan() computes what the graph says, whatever shares a slot", () => {
  let copies = 0, shared = 0, dropped = 0;
  for (let seed = 0; seed < 500; seed++) {
    const { graph, fetch } = randomGraph(seed);
    const plan = makePlan("random", graph, LIMITS, fetch);
    const start = new Map(
      [...graph.externals.keys()].map((name, i) => [name, mix(1000 + i)]),
    );
    const memory = new Map(start);
    execute(plan, memory);
    const wanted = evaluate(graph, start);
    for (const tensor of [...fetch, ...graph.externals.values()]) {
      const location = plan.fetches.get(tensor) ?? { external: tensor.name };
      assertEquals(
        memory.get(key(location)),
        wanted.get(tensor),
        `graph ${seed}: ${tensor.name} in ${key(location)}`,
      );
    }
    const mixes = plan.dispatches.filter((d) => d.kernel === "mix").length;
    assertEquals(mixes, needed(graph, fetch), `graph ${seed}`);
    copies += plan.dispatches.length - mixes;
    dropped += graph.nodes.length - mixes;
    shared += mixes - plan.slots.length;
  }
  // The graphs do try what they are meant to try.
  assert(copies > 100 && dropped > 1000 && shared > 1000);
});

Deno.test("makePlan() gives a slot to no tensor larger than it", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { graph, fetch } = randomGraph(seed);
    const plan = makePlan("random", graph, LIMITS, fetch);
    for (const { bindings } of plan.dispatches) {
      for (const { location, offset, size } of Object.values(bindings)) {
        if ("slot" in location) {
          assert(offset + size <= plan.slots[location.slot]);
        }
      }
    }
    for (const size of plan.slots) assertEquals(size % ALIGNMENT, 0);
  }
});

/** `length` nodes one after the other. */
function chain(length: number, shape: number[]) {
  const graph = new Graph(), tensors = [graph.input("x", shape)];
  for (let id = 0; id < length; id++) {
    const outputs = [{ name: `t${id}`, shape }];
    tensors.push(...graph.add(mixing, [tensors[id]], { id }, outputs));
  }
  return { graph, tensors };
}

Deno.test("makePlan() runs a chain in two slots", () => {
  const { graph, tensors } = chain(9, [100]);
  const { slots, dispatches, flops, bytes } = makePlan("chain", graph, LIMITS, [
    tensors[9],
  ]);
  assertEquals(slots, [512, 512]);
  assertEquals([dispatches.length, flops, bytes], [9, 9, 18]);
});

Deno.test("makePlan() keeps what is fetched to the end", () => {
  const { graph, tensors } = chain(9, [100]);
  const fetch = [tensors[1], tensors[4], tensors[9]];
  const { fetches, slots } = makePlan("chain", graph, LIMITS, fetch);
  assertEquals(new Set([...fetches.values()].map(key)).size, 3);
  assertEquals(slots.length, 4);
});

Deno.test("makePlan() drops what nothing depends on", () => {
  const { graph, tensors } = chain(9, [100]);
  assertEquals(makePlan("none", graph, LIMITS).dispatches, []);
  const three = makePlan("three", graph, LIMITS, [tensors[3]]);
  assertEquals(three.dispatches.map((d) => d.label), [
    "mix: t0",
    "mix: t1",
    "mix: t2",
  ]);
  const accumulateInto = graph.persistent("grad", [100]);
  graph.add(mixing, [tensors[5]], { id: 99 }, [{ name: "g", shape: [100] }], {
    accumulateInto,
  });
  assertEquals(makePlan("effect", graph, LIMITS).dispatches.length, 6);
});

Deno.test("makePlan() copies what is added onto only where it is still needed", () => {
  for (const use of ["before", "after", "fetched", "itself", "input"]) {
    const { graph, tensors: [x, a, b] } = chain(2, [100]);
    const target = use === "input" ? x : a;
    const outputs = [{ name: "sum", shape: [100] }];
    const from = use === "itself" ? a : b;
    const options = { accumulateInto: target };
    const [sum] = graph.add(mixing, [from], { id: 5 }, outputs, options);
    const last = use === "after" ? [sum, a] : [sum];
    const [end] = graph.add(mixing, last, { id: 6 }, [{
      name: "end",
      shape: [3],
    }]);
    const fetch = use === "fetched" ? [end, a] : [end];
    const plan = makePlan(use, graph, LIMITS, fetch);
    const copies = plan.dispatches.filter((d) =>
      d.kernel === "elementwise/weighted_sum"
    );
    assertEquals(copies.length, use === "before" ? 0 : 1, use);
  }
});

Deno.test("makePlan() lays sums onto persistent tensors where those are", () => {
  const graph = new Graph();
  const accumulateInto = graph.persistent("grad.w", [5]),
    x = graph.input("x", [5]);
  graph.add(mixing, [x], { id: 1 }, [{ name: "d w", shape: [5] }], {
    accumulateInto,
  });
  const { dispatches: [dispatch], slots } = makePlan("onto", graph, LIMITS);
  assertEquals(slots, []);
  const { input0, output0 } = dispatch.bindings;
  assertEquals([key(input0.location), key(output0.location)], ["x", "grad.w"]);
  // Whole vec4s are bound.
  assertEquals(output0.size, 32);
  assertEquals(dispatch.writes, [
    { name: "d w", location: { external: "grad.w" }, count: 5, dtype: "f32" },
  ]);
});

Deno.test("makePlan() gives the dispatches of a node one scratch after the other", () => {
  const graph = new Graph(), x = graph.input("x", [64]);
  const inParts: Operation<Attrs> = {
    name: "parts",
    lower: (node) =>
      [64, 128, 96].map((size) => {
        const { bindings, ...dispatch } = nodeDispatch(node);
        const s = write(scratchTensor("scratch", [size]));
        return { ...dispatch, bindings: { ...bindings, s } };
      }),
  };
  const [y] = graph.add(inParts, [x], { id: 0 }, [{ name: "y", shape: [64] }]);
  const { slots, dispatches } = makePlan("parts", graph, LIMITS, [y]);
  assertEquals(slots, [512, 256]);
  for (const { bindings } of dispatches) {
    assertEquals(key(bindings.output0.location), "slot 1");
    assertEquals(key(bindings.s.location), "slot 0");
  }
});

Deno.test("makePlan() says which tensor is too large to bind", () => {
  const { graph, tensors } = chain(1, [100]);
  const small = { ...LIMITS, maxBindingBytes: 256 };
  assertThrows(
    () => makePlan("large", graph, small, [tensors[1]]),
    RangeError,
    "Cannot bind 'x' ([100], 400 bytes): this adapter binds at most 256",
  );
  assertThrows(
    () =>
      makePlan("large", graph, { ...LIMITS, maxBufferBytes: 256 }, [
        tensors[1],
      ]),
    RangeError,
    "Cannot place 't0' ([100], 400 bytes): this adapter's buffers hold at most 256 bytes; lower the batch size",
  );
});

Deno.test("makePlan() forecasts the least that lives at once, and little more", () => {
  let least = 0, planned = 0;
  for (let seed = 0; seed < 100; seed++) {
    const { graph, fetch } = randomGraph(seed);
    const plan = makePlan("random", graph, LIMITS, fetch);
    const sum = plan.slots.reduce((a, b) => a + b, 0);
    const peak = largestStep(graph, fetch);
    assert(sum >= peak, `graph ${seed}: ${sum} < ${peak}`);
    least += peak;
    planned += sum;
  }
  assert(planned < 2 * least, `${planned} bytes for ${least}`);
});

/**
 * Bytes of the transient tensors of the one live node that has most of them.
 */
function largestStep(graph: Graph, fetch: Tensor[]): number {
  const live = new Set<Tensor>(fetch);
  let largest = 0;
  for (const node of graph.nodes.toReversed()) {
    if (!node.effect && !node.outputs.some((t) => live.has(t))) continue;
    for (const t of [...node.inputs, node.accumulateInto]) if (t) live.add(t);
    // What is added onto may share its place with the output.
    const at = new Set([...node.inputs, ...node.outputs]);
    if (node.accumulateInto) {
      at.delete(
        node.accumulateInto.role === "persistent"
          ? node.outputs[0]
          : node.accumulateInto,
      );
    }
    const sum = [...at].filter((t) => t.role === "transient")
      .reduce((n, t) => n + aligned(bytes(t)), 0);
    largest = Math.max(largest, sum);
  }
  return largest;
}
