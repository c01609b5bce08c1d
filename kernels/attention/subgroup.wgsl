// Causal attention, forward, without a T x T buffer, for software Vulkan:
//
//   a_ts = cap(q_t . k_s / sqrt(d)),  o_t = sum_s softmax_s(a_t) v_s
//   lse_t = log sum_s exp(a_ts)                  (kept for the backward pass)
//
// One workgroup is one subgroup of LANES lanes and owns 4 * LANES queries of a
// head: a lane has 4 of them side by side in every vec4, so the running softmax
// of attention needs nothing of other lanes. q and the sums of o stay in d
// vec4s each. Keys come STEP at a time: together the lanes load their rows of k
// and v, a vec4 a lane, and hand the elements round by broadcast, each to be
// used for 4 queries. Layouts in attention/common.wgsl.
//
// 4 d FLOPs a pair, half the pairs masked, keys past the tile's last query
// skipped; (1 + T / (4 LANES)) 4 d bytes loaded a query, 4 d stored.
// A load of 8 lanes costs as much as 60 multiply-adds on lavapipe: one lane a
// query with keys at a uniform address, the plain kernel, is 5 times slower.
// Rows are turned to columns, and back, while passing by the end of a queue of
// d named vec4s: unrolled, the loads and stores took 2 s (8 s in the backward
// passes) to compile, since their cost grows with the square of their number,
// and an array with dynamic indices is half again as slow as the queue.
#include attention/common
#include lib/quad
@group(0) @binding(1) var<storage, read> q: array<Quad>;
@group(0) @binding(2) var<storage, read> v: array<Quad>;
#if !PACKED {
@group(0) @binding(5) var<storage, read> k: array<Quad>;
#}
@group(0) @binding(3) var<storage, read_write> o: array<Quad>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let last = P.sequence_length - 1u;
  let t0 = group.x * (4u * LANES) + 4u * lane;
  let t = vec4u(t0) + vec4u(0, 1, 2, 3);

#for j in 0..4 {
  let q_at${j} = (first + min(t[${j}], last)) * P.q_pitch + P.q_start + head * UNITS;
#}
#for i in 0..4 * UNITS {
  var q${i} = vec4f(0);
  var o${i} = vec4f(0);
#}
  for (var i = 0u; i < P.units; i++) {
#for j in 0..4 {
    let row${j} = floats(q[q_at${j} + i]) * P.scale;
#}
#for i in 0..4 * UNITS - 4 {
    q${i} = q${i + 4};
#}
#for c in 0..4 {
    q${4 * UNITS - 4 + c} = vec4f(row0[${c}], row1[${c}], row2[${c}], row3[${c}]);
#}
  }
  // Number n of a step's vec4s is unit n % UNITS of key n / UNITS.
#for i in 0..(STEP * UNITS + LANES - 1) / LANES {
  let number${i} = min(lane + ${i * LANES}u, STEP * UNITS - 1u);
  let key${i} = number${i} / UNITS;
  let unit${i} = head * UNITS + number${i} % UNITS;
#}

  var largest = vec4f(NEGATIVE_INFINITY);
  var total = vec4f(0);
  let end = min(group.x * (4u * LANES) + 4u * LANES, P.sequence_length);
  for (var s = 0u; s < end; s += STEP) {
#for i in 0..(STEP * UNITS + LANES - 1) / LANES {
    let row${i} = first + min(s + key${i}, last);
#if PACKED {
    let k${i} = floats(q[row${i} * P.k_pitch + P.k_start + unit${i}]);
#} else {
    let k${i} = floats(k[row${i} * P.k_pitch + P.k_start + unit${i}]);
#}
    let v${i} = floats(v[row${i} * P.v_pitch + P.v_start + unit${i}]);
#}
    var top = largest;
#for s in 0..STEP {
    var a${s} = vec4f(0);
#for i in 0..UNITS {
#for c in 0..4 {
    a${s} += subgroupBroadcast(k${(s * UNITS + i) / LANES}[${c}], ${(s * UNITS + i) % LANES}u) * q${4 * i + c};
#}
#}
#if CAP {
    a${s} = P.cap * tanh(clamp(a${s} / P.cap, vec4f(-10), vec4f(10)));
#}
    a${s} = select(vec4f(NEGATIVE_INFINITY), a${s}, vec4u(s + ${s}u) <= t);
    top = max(top, a${s});
#}
    let keep = exp(largest - top);
    largest = top;
    total *= keep;
#for s in 0..STEP {
    let p${s} = exp(a${s} - top);
    total += p${s};
#}
#for i in 0..UNITS {
#for c in 0..4 {
    o${4 * i + c} *= keep;
#for s in 0..STEP {
    o${4 * i + c} += subgroupBroadcast(v${(s * UNITS + i) / LANES}[${c}], ${(s * UNITS + i) % LANES}u) * p${s};
#}
#}
#}
  }

  let inverse = 1.0 / total;
  let logs = largest + log(total);
#for i in 0..4 * UNITS {
  o${i} *= inverse;
#}
#for j in 0..4 {
  let o_at${j} = ((first + t[${j}]) * P.heads + head) * UNITS;
#}
  for (var i = 0u; i < P.units; i++) {
#for j in 0..4 {
    if (t[${j}] < P.sequence_length) {
      o[o_at${j} + i] = quad(vec4f(o0[${j}], o1[${j}], o2[${j}], o3[${j}]));
    }
#}
#for i in 0..4 * UNITS - 4 {
    o${i} = o${i + 4};
#}
  }
#for j in 0..4 {
  if (t[${j}] < P.sequence_length) {
    lse[(group.z * P.heads + head) * P.sequence_length + t[${j}]] = logs[${j}];
  }
#}
}
