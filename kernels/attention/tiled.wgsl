// Causal attention, forward, without a T x T buffer, for GPUs:
//
//   a_ts = cap(q_t . k_s / sqrt(d)),  o_t = sum_s softmax_s(a_t) v_s
//   lse_t = log sum_s exp(a_ts)                  (kept for the backward pass)
//
// A workgroup walks the keys of its 64 queries with a running softmax; roles
// and memory in attention/tiled_common.wgsl, layouts in attention/common.wgsl.
// Where DROP, the 4 pairs of a row in an invocation are one call of philox.
// The running maximum of a row is the same in its 8 invocations, each sums
// the exponentials of its own keys and they meet after the last. 4 d FLOPs a
// pair, half the pairs masked; q is read T / 32 times over, k and v T / 64 times.
// At d = 128 an invocation holds 64 sums and 16 pairs: no spills.
#include attention/common
#include attention/tiled_common
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> o: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;
#if !PACKED {
@group(0) @binding(5) var<storage, read> k: array<vec4f>;
#}
#if DROP {
@group(0) @binding(6) var<storage, read> random: DropoutRandom;
#include attention/dropout
#}

fn own0(row: u32, column: u32) -> vec4f { return P.scale * q[row * P.q_pitch + P.q_start + column]; }
#if PACKED {
fn other0(row: u32, column: u32) -> vec4f { return q[row * P.k_pitch + P.k_start + column]; }
#} else {
fn other0(row: u32, column: u32) -> vec4f { return k[row * P.k_pitch + P.k_start + column]; }
#}
fn source0(row: u32, column: u32) -> vec4f { return v[row * P.v_pitch + P.v_start + column]; }

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let last = P.sequence_length - 1u;
  let own_start = group.x * OWN;
  let x = li % 8u;
  let y = li / 8u;
  let matrix = group.z * P.heads + head;
#if DROP {
  let stream = vec3u(random.seed, random.step, random.micro_batch);
#}
#for h in 0..(UNITS + 7) / 8 {
  let unit${h} = min(x + ${8 * h}u, UNITS - 1u);
#for r in 0..4 {
  var sum0_${r}_${h} = vec4f(0);
#}
#}
  var largest = vec4f(NEGATIVE_INFINITY);
  var total = vec4f(0);
  let end = min(own_start + OWN, P.sequence_length);
  for (var other_start = 0u; other_start < end; other_start += OTHER) {
#include attention/tiled_product
    let s = vec4u(other_start + 4u * x) + vec4u(0, 1, 2, 3);
#for r in 0..4 {
#if CAP {
    s0_${r} = P.cap * tanh(clamp(s0_${r} / P.cap, vec4f(-10), vec4f(10)));
#}
    s0_${r} = select(vec4f(NEGATIVE_INFINITY), s0_${r}, s <= vec4u(own_start + 4u * y + ${r}u));
#}
    let m01 = max(max(vec2f(s0_0.x, s0_1.x), vec2f(s0_0.y, s0_1.y)), max(vec2f(s0_0.z, s0_1.z), vec2f(s0_0.w, s0_1.w)));
    let m23 = max(max(vec2f(s0_2.x, s0_3.x), vec2f(s0_2.y, s0_3.y)), max(vec2f(s0_2.z, s0_3.z), vec2f(s0_2.w, s0_3.w)));
    other_slab[li] = vec4f(m01, m23);
    workgroupBarrier();
    var top = largest;
#for i in 0..8 {
    top = max(top, other_slab[8u * y + ${i}u]);
#}
    let keep = exp(largest - top);
    largest = top;
#for r in 0..4 {
    let p${r} = exp(s0_${r} - top[${r}]);
#if DROP {
    let words${r} = mask_words(stream, matrix, own_start + 4u * y + ${r}u, s.x);
    let w0_${r} = select(vec4f(0), P.keep * p${r}, words${r} >= vec4u(P.dropped));
#} else {
    let w0_${r} = p${r};
#}
#for h in 0..(UNITS + 7) / 8 {
    sum0_${r}_${h} *= keep[${r}];
#}
#}
    total = total * keep + vec4f(
#for r in 0..4 {
      (p${r}.x + p${r}.y) + (p${r}.z + p${r}.w),
#}
    );
#include attention/tiled_gather
  }

  other_slab[li] = total;
  workgroupBarrier();
  total = vec4f(0);
#for i in 0..8 {
  total += other_slab[8u * y + ${i}u];
#}
  let logs = largest + log(total);
#for r in 0..4 {
  {
    let t = own_start + 4u * y + ${r}u;
    if (t < P.sequence_length) {
      let at = ((first + t) * P.heads + head) * UNITS;
#for h in 0..(UNITS + 7) / 8 {
      if (x + ${8 * h}u < UNITS) { o[at + x + ${8 * h}u] = sum0_${r}_${h} / total[${r}]; }
#}
      if (x == 0u) { lse[matrix * P.sequence_length + t] = logs[${r}]; }
    }
  }
#}
}
