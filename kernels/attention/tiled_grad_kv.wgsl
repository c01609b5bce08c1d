// Causal attention, backward, keys and values, for GPUs, with p_ts and da_ts as
// in attention/tiled_grad_q.wgsl:
//
//   dv_s = sum_t p_ts do_t,   dk_s = sum_t da_ts q_t / sqrt(d)
//
// A workgroup owns 64 keys and walks the queries t >= s; roles and memory in
// attention/tiled_common.wgsl, layouts in attention/common.wgsl; dk lies like k,
// dv like v. Where DROP, p_ts in dv_s and do_t . v_s in da_ts are times the mask;
// 4 keys of an invocation are one call of philox. 8 d FLOPs a pair. At d = 128 an invocation holds 128 sums.
#include attention/common
#include attention/tiled_common
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> d_o: array<vec4f>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dk: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> dv: array<vec4f>;
#if !PACKED {
@group(0) @binding(8) var<storage, read> k: array<vec4f>;
#}
#if DROP {
@group(0) @binding(9) var<storage, read> random: DropoutRandom;
#include attention/dropout
#}

#if PACKED {
fn own0(row: u32, column: u32) -> vec4f { return P.scale * q[row * P.k_pitch + P.k_start + column]; }
#} else {
fn own0(row: u32, column: u32) -> vec4f { return P.scale * k[row * P.k_pitch + P.k_start + column]; }
#}
fn other0(row: u32, column: u32) -> vec4f { return q[row * P.q_pitch + P.q_start + column]; }
fn own1(row: u32, column: u32) -> vec4f { return v[row * P.v_pitch + P.v_start + column]; }
fn other1(row: u32, column: u32) -> vec4f { return d_o[row * (P.heads * UNITS) + column]; }
fn source0(row: u32, column: u32) -> vec4f { return other1(row, column); }
fn source1(row: u32, column: u32) -> vec4f { return other0(row, column); }

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let last = P.sequence_length - 1u;
  let own_start = group.x * OWN;
  let x = li % 8u;
  let y = li / 8u;
  let matrix = group.z * P.heads + head;
  let rows = matrix * P.sequence_length;
#if DROP {
  let stream = vec3u(random.seed, random.step, random.micro_batch);
#}
#for h in 0..(UNITS + 7) / 8 {
  let unit${h} = min(x + ${8 * h}u, UNITS - 1u);
#for r in 0..4 {
  var sum0_${r}_${h} = vec4f(0);
  var sum1_${r}_${h} = vec4f(0);
#}
#}

  for (var other_start = own_start; other_start < P.sequence_length; other_start += OTHER) {
#include attention/tiled_product
    let t = vec4u(other_start + 4u * x) + vec4u(0, 1, 2, 3);
    let row = rows + min(t, vec4u(last));
    let lse_t = vec4f(lse[row.x], lse[row.y], lse[row.z], lse[row.w]);
    let delta_t = vec4f(delta[row.x], delta[row.y], delta[row.z], delta[row.w]);
#if DROP {
#for j in 0..4 {
    let words${j} = mask_words(stream, matrix, t[${j}], own_start + 4u * y);
#}
#}
#for r in 0..4 {
#if DROP {
    let word${r} = vec4u(words0[${r}], words1[${r}], words2[${r}], words3[${r}]);
    let mask${r} = select(vec4f(0), vec4f(P.keep), word${r} >= vec4u(P.dropped));
    s1_${r} *= mask${r};
#}
#if CAP {
    let bent${r} = tanh(clamp(s0_${r} / P.cap, vec4f(-10), vec4f(10)));
    s0_${r} = P.cap * bent${r};
    s1_${r} = (s1_${r} - delta_t) * (1.0 - bent${r} * bent${r});
#} else {
    s1_${r} -= delta_t;
#}
    // A query past the end counts for nothing, like one before the key.
    let p${r} = select(vec4f(0), exp(s0_${r} - lse_t), (vec4u(own_start + 4u * y + ${r}u) <= t) & (t < vec4u(P.sequence_length)));
#if DROP {
    let w0_${r} = mask${r} * p${r};
#} else {
    let w0_${r} = p${r};
#}
    let w1_${r} = p${r} * s1_${r};
#}
#include attention/tiled_gather
  }

#for r in 0..4 {
  {
    let s = own_start + 4u * y + ${r}u;
    if (s < P.sequence_length) {
      let k_at = (first + s) * P.k_pitch + P.k_start + head * UNITS;
      let v_at = (first + s) * P.v_pitch + P.v_start + head * UNITS;
#for h in 0..(UNITS + 7) / 8 {
      if (x + ${8 * h}u < UNITS) {
        dk[k_at + x + ${8 * h}u] = sum1_${r}_${h} * P.scale;
        dv[v_at + x + ${8 * h}u] = sum0_${r}_${h};
      }
#}
    }
  }
#}
}
