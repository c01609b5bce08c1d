// Causal attention, backward, keys and values. Lane l of workgroup (tile, head,
// sequence) owns key s and walks the queries t >= s, with p_ts and da_ts as in
// attention/plain_grad_q.wgsl:
//
//   dv_s = sum_t p_ts do_t,   dk_s = sum_t da_ts q_t / sqrt(d)
//
// Where DROP, p_ts in dv_s and do_t . v_s in da_ts are times the mask; a lane
// that owns a key needs a call of philox a pair. dk lies like k, dv like v.
// 8 d FLOPs a pair.
#include attention/common
@group(0) @binding(1) var<storage, read> q: array<vecf>;
@group(0) @binding(2) var<storage, read> v: array<vecf>;
@group(0) @binding(3) var<storage, read> d_o: array<vecf>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dk: array<vecf>;
@group(0) @binding(7) var<storage, read_write> dv: array<vecf>;
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
  let s = min(group.x * WG + lane, P.sequence_length - 1u);
  let ki = (first + s) * P.k_pitch + P.k_start + head * UNITS;
  let vi = (first + s) * P.v_pitch + P.v_start + head * UNITS;
#for i in 0..UNITS {
#if PACKED {
  let k${i} = q[ki + ${i}u] * P.scale;
#} else {
  let k${i} = k[ki + ${i}u] * P.scale;
#}
  let v${i} = v[vi + ${i}u];
  var dk${i} = vecf(0);
  var dv${i} = vecf(0);
#}
  let matrix = group.z * P.heads + head;
  let rows = matrix * P.sequence_length;
#if DROP {
  let stream = vec3u(random.seed, random.step, random.micro_batch);
#}
  for (var t = group.x * WG; t < P.sequence_length; t += 1u) {
    let qi = (first + t) * P.q_pitch + P.q_start + head * UNITS;
    let oi = ((first + t) * P.heads + head) * UNITS;
    var a = 0.0;
    var dp = 0.0;
#for i in 0..UNITS {
    let q${i} = q[qi + ${i}u];
    let g${i} = d_o[oi + ${i}u];
    a += hsum(q${i} * k${i});
    dp += hsum(g${i} * v${i});
#}
#if DROP {
    let words = mask_words(stream, matrix, t, s);
    let mask = select(0.0, P.keep, words[s % 4u] >= P.dropped);
    dp *= mask;
#}
#if CAP {
    let bent = tanh(clamp(a / P.cap, -10.0, 10.0));
    let p = select(0.0, exp(P.cap * bent - lse[rows + t]), s <= t);
    let da = p * (dp - delta[rows + t]) * (1.0 - bent * bent);
#} else {
    let p = select(0.0, exp(a - lse[rows + t]), s <= t);
    let da = p * (dp - delta[rows + t]);
#}
#if DROP {
    let weight = mask * p;
#} else {
    let weight = p;
#}
#for i in 0..UNITS {
    dv${i} += weight * g${i};
    dk${i} += da * q${i};
#}
  }
  if (group.x * WG + lane < P.sequence_length) {
#for i in 0..UNITS {
    dk[ki + ${i}u] = dk${i} * P.scale;
    dv[vi + ${i}u] = dv${i};
#}
  }
}
