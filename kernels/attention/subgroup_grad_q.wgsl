// Causal attention, backward, queries, for software Vulkan; p is recomputed from lse:
//
//   delta_t = do_t . o_t                             (kept for the keys' kernel)
//   p_ts    = exp(a_ts - lse_t)
//   da_ts   = p_ts (do_t . v_s - delta_t) cap'(..)
//   dq_t    = sum_s da_ts k_s / sqrt(d)
//
// cap' = 1 - (a / cap)^2 for the soft cap, else 1. Lanes own queries as in
// attention/subgroup.wgsl, whose header says why; 3 d vec4s a lane: q, do and
// the sums of dq, which lies like q. 6 d FLOPs a pair.
#include attention/common
#include lib/quad
@group(0) @binding(1) var<storage, read> q: array<Quad>;
@group(0) @binding(2) var<storage, read> v: array<Quad>;
@group(0) @binding(3) var<storage, read> o: array<Quad>;
@group(0) @binding(4) var<storage, read> d_o: array<Quad>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read_write> delta: array<f32>;
@group(0) @binding(7) var<storage, read_write> dq: array<Quad>;
#if !PACKED {
@group(0) @binding(8) var<storage, read> k: array<Quad>;
#}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let last = P.sequence_length - 1u;
  let t0 = group.x * (4u * LANES) + 4u * lane;
  let t = vec4u(t0) + vec4u(0, 1, 2, 3);
  let rows = (group.z * P.heads + head) * P.sequence_length;

#for j in 0..4 {
  let q_at${j} = (first + min(t[${j}], last)) * P.q_pitch + P.q_start + head * UNITS;
  let o_at${j} = ((first + min(t[${j}], last)) * P.heads + head) * UNITS;
#}
  var d_t = vec4f(0);
#for i in 0..4 * UNITS {
  var q${i} = vec4f(0);
  var g${i} = vec4f(0);
  var dq${i} = vec4f(0);
#}
  for (var i = 0u; i < P.units; i++) {
#for j in 0..4 {
    let rq${j} = floats(q[q_at${j} + i]) * P.scale;
    let rg${j} = floats(d_o[o_at${j} + i]);
    d_t[${j}] += dot(rg${j}, floats(o[o_at${j} + i]));
#}
#for i in 0..4 * UNITS - 4 {
    q${i} = q${i + 4};
    g${i} = g${i + 4};
#}
#for c in 0..4 {
    q${4 * UNITS - 4 + c} = vec4f(rq0[${c}], rq1[${c}], rq2[${c}], rq3[${c}]);
    g${4 * UNITS - 4 + c} = vec4f(rg0[${c}], rg1[${c}], rg2[${c}], rg3[${c}]);
#}
  }
  let lse_t = vec4f(
#for j in 0..4 {
    lse[rows + min(t[${j}], last)],
#}
  );
#for i in 0..(STEP * UNITS + LANES - 1) / LANES {
  let number${i} = min(lane + ${i * LANES}u, STEP * UNITS - 1u);
  let key${i} = number${i} / UNITS;
  let unit${i} = head * UNITS + number${i} % UNITS;
#}

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
#for s in 0..STEP {
    var a${s} = vec4f(0);
    var da${s} = -d_t;
#for i in 0..UNITS {
#for c in 0..4 {
    a${s} += subgroupBroadcast(k${(s * UNITS + i) / LANES}[${c}], ${(s * UNITS + i) % LANES}u) * q${4 * i + c};
    da${s} += subgroupBroadcast(v${(s * UNITS + i) / LANES}[${c}], ${(s * UNITS + i) % LANES}u) * g${4 * i + c};
#}
#}
#if CAP {
    let bent${s} = tanh(clamp(a${s} / P.cap, vec4f(-10), vec4f(10)));
    a${s} = P.cap * bent${s};
    da${s} *= 1.0 - bent${s} * bent${s};
#}
    da${s} = select(vec4f(0), da${s} * exp(a${s} - lse_t), vec4u(s + ${s}u) <= t);
#}
#for i in 0..UNITS {
#for c in 0..4 {
#for s in 0..STEP {
    dq${4 * i + c} += subgroupBroadcast(k${(s * UNITS + i) / LANES}[${c}], ${(s * UNITS + i) % LANES}u) * da${s};
#}
#}
#}
  }

#for i in 0..4 * UNITS {
  dq${i} *= P.scale;
#}
  for (var i = 0u; i < P.units; i++) {
#for j in 0..4 {
    if (t[${j}] < P.sequence_length) {
      dq[q_at${j} + i] = quad(vec4f(dq0[${j}], dq1[${j}], dq2[${j}], dq3[${j}]));
    }
#}
#for i in 0..4 * UNITS - 4 {
    dq${i} = dq${i + 4};
#}
  }
#for j in 0..4 {
  if (t[${j}] < P.sequence_length) { delta[rows + t[${j}]] = d_t[${j}]; }
#}
}
