// Causal attention, backward, queries. Lane l of workgroup (tile, head,
// sequence) owns query t and walks the keys again; p is recomputed from lse:
//
//   delta_t = do_t . o_t                             (kept for the keys' kernel)
//   p_ts    = exp(a_ts - lse_t)
//   da_ts   = p_ts (do_t . v_s - delta_t) cap'(..)
//   dq_t    = sum_s da_ts k_s / sqrt(d)
//
// cap' = 1 - (a / cap)^2 for the soft cap, else 1. Where DROP, do_t . v_s is times
// the mask of the forward pass, made again. Layouts in
// attention/common.wgsl; dq lies like q. 6 d FLOPs a pair.
#include attention/common
@group(0) @binding(1) var<storage, read> q: array<vecf>;
@group(0) @binding(2) var<storage, read> v: array<vecf>;
@group(0) @binding(3) var<storage, read> o: array<vecf>;
@group(0) @binding(4) var<storage, read> d_o: array<vecf>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read_write> delta: array<f32>;
@group(0) @binding(7) var<storage, read_write> dq: array<vecf>;
#if !PACKED {
@group(0) @binding(8) var<storage, read> k: array<vecf>;
#}
#if DROP {
@group(0) @binding(9) var<storage, read> random: DropoutRandom;
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
  let oi = ((first + t) * P.heads + head) * UNITS;
  var d_t = 0.0;
#for i in 0..UNITS {
  let q${i} = q[qi + ${i}u] * P.scale;
  let g${i} = d_o[oi + ${i}u];
  d_t += hsum(g${i} * o[oi + ${i}u]);
  var dq${i} = vecf(0);
#}
  let matrix = group.z * P.heads + head;
  let row = matrix * P.sequence_length + t;
#if DROP {
  let stream = vec3u(random.seed, random.step, random.micro_batch);
  var words = vec4u(0);
#}
  let lse_t = lse[row];
  for (var s = 0u; s < last; s += 1u) {
    let ki = (first + s) * P.k_pitch + P.k_start + head * UNITS;
    let vi = (first + s) * P.v_pitch + P.v_start + head * UNITS;
    var a = 0.0;
    var dp = 0.0;
#for i in 0..UNITS {
#if PACKED {
    let k${i} = q[ki + ${i}u];
#} else {
    let k${i} = k[ki + ${i}u];
#}
    a += hsum(q${i} * k${i});
    dp += hsum(g${i} * v[vi + ${i}u]);
#}
#if DROP {
    if (s % 4u == 0u) { words = mask_words(stream, matrix, t, s); }
    dp = select(0.0, P.keep * dp, words[s % 4u] >= P.dropped);
#}
#if CAP {
    let bent = tanh(clamp(a / P.cap, -10.0, 10.0));
    let p = exp(P.cap * bent - lse_t);
    var da = p * (dp - d_t) * (1.0 - bent * bent);
#} else {
    let p = exp(a - lse_t);
    var da = p * (dp - d_t);
#}
    da = select(0.0, da, s <= t);
#for i in 0..UNITS {
    dq${i} += da * k${i};
#}
  }
  if (group.x * WG + lane < P.sequence_length) {
    delta[row] = d_t;
#for i in 0..UNITS {
    dq[qi + ${i}u] = dq${i} * P.scale;
#}
  }
}
