// Causal attention, forward, without a T x T buffer. Lane l of workgroup
// (tile, head, sequence) owns query t = tile * WG + l and walks the keys
// s = 0 .. t with a running softmax:
//
//   a_ts = cap(q_t . k_s / sqrt(d)),  o_t = sum_s softmax_s(a_t) v_s
//   lse_t = log sum_s exp(a_ts)                  (kept for the backward pass)
//
// Where DROP, o_t = sum_s m_ts softmax_s(a_t) v_s with a mask m, 0 or 1 / (1 - p).
//
// The kernel for widths and adapters that the others do not take: attention_tiled
// is for GPUs, attention_subgroup for software Vulkan. All lanes read the same
// key at a time, so a load serves the whole workgroup; layouts in
// attention/common.wgsl. 4 d FLOPs a pair (t, s), half the pairs masked.
#include attention/common
@group(0) @binding(1) var<storage, read> q: array<vecf>;
@group(0) @binding(2) var<storage, read> v: array<vecf>;
#if !PACKED {
@group(0) @binding(5) var<storage, read> k: array<vecf>;
#}
@group(0) @binding(3) var<storage, read_write> o: array<vecf>;
@group(0) @binding(4) var<storage, read_write> lse: array<f32>;
#if DROP {
@group(0) @binding(6) var<storage, read> random: DropoutRandom;
#include attention/dropout
#}
#include lib/vector

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let t = min(group.x * WG + lane, P.sequence_length - 1u);
  let last = min(group.x * WG + WG, P.sequence_length);
  let qi = (first + t) * P.q_pitch + P.q_start + head * UNITS;
#for i in 0..UNITS {
  let q${i} = q[qi + ${i}u] * P.scale;
  var o${i} = vecf(0);
#}
  var largest = NEGATIVE_INFINITY;
  var total = 0.0;
  let row = group.z * P.heads + head;
#if DROP {
  let stream = vec3u(random.seed, random.step, random.micro_batch);
  var words = vec4u(0);
#}
  for (var s = 0u; s < last; s += 1u) {
    let ki = (first + s) * P.k_pitch + P.k_start + head * UNITS;
    var a = 0.0;
#for i in 0..UNITS {
#if PACKED {
    a += hsum(q${i} * q[ki + ${i}u]);
#} else {
    a += hsum(q${i} * k[ki + ${i}u]);
#}
#}
#if CAP {
    a = P.cap * tanh(clamp(a / P.cap, -10.0, 10.0));
#}
    a = select(NEGATIVE_INFINITY, a, s <= t);
    let top = max(largest, a);
    let keep = exp(largest - top);
    let p = exp(a - top);
    largest = top;
    total = total * keep + p;
#if DROP {
    if (s % 4u == 0u) { words = mask_words(stream, row, t, s); }
    let weight = select(0.0, p, words[s % 4u] >= P.dropped);
#} else {
    let weight = p;
#}
    let vi = (first + s) * P.v_pitch + P.v_start + head * UNITS;
#for i in 0..UNITS {
    o${i} = o${i} * keep + weight * v[vi + ${i}u];
#}
  }
  if (group.x * WG + lane < P.sequence_length) {
    let oi = ((first + t) * P.heads + head) * UNITS;
#if DROP {
    let inverse = P.keep / total;
#} else {
    let inverse = 1.0 / total;
#}
#for i in 0..UNITS {
    o[oi + ${i}u] = o${i} * inverse;
#}
    lse[row * P.sequence_length + t] = largest + log(total);
  }
}
