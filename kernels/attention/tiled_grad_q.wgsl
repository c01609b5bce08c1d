// Causal attention, backward, queries, for GPUs; p is recomputed from lse:
//
//   delta_t = do_t . o_t                             (kept for the keys' kernel)
//   p_ts    = exp(a_ts - lse_t)
//   da_ts   = p_ts (do_t . v_s - delta_t) cap'(..)
//   dq_t    = sum_s da_ts k_s / sqrt(d)
//
// cap' = 1 - (a / cap)^2 for the soft cap, else 1; where DROP, do_t . v_s is times
// the mask of the forward pass, made again. A workgroup walks the keys of its 64
// queries; roles and memory in attention/tiled_common.wgsl, layouts in
// attention/common.wgsl; dq lies like q. 6 d FLOPs a pair.
#include attention/common
#include attention/tiled_common
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> o: array<vec4f>;
@group(0) @binding(4) var<storage, read> d_o: array<vec4f>;
@group(0) @binding(5) var<storage, read> lse: array<f32>;
@group(0) @binding(6) var<storage, read_write> delta: array<f32>;
@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>;
#if !PACKED {
@group(0) @binding(8) var<storage, read> k: array<vec4f>;
#}
#if DROP {
@group(0) @binding(9) var<storage, read> random: DropoutRandom;
#include attention/dropout
#}

fn own0(row: u32, column: u32) -> vec4f { return P.scale * q[row * P.q_pitch + P.q_start + column]; }
#if PACKED {
fn other0(row: u32, column: u32) -> vec4f { return q[row * P.k_pitch + P.k_start + column]; }
#} else {
fn other0(row: u32, column: u32) -> vec4f { return k[row * P.k_pitch + P.k_start + column]; }
#}
fn own1(row: u32, column: u32) -> vec4f { return d_o[row * (P.heads * UNITS) + column]; }
fn other1(row: u32, column: u32) -> vec4f { return v[row * P.v_pitch + P.v_start + column]; }
fn source0(row: u32, column: u32) -> vec4f { return other0(row, column); }

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) li: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let last = P.sequence_length - 1u;
  let own_start = group.x * OWN;
  let x = li % 8u;
  let y = li / 8u;
  let t = vec4u(own_start + 4u * y) + vec4u(0, 1, 2, 3);
  let matrix = group.z * P.heads + head;
  let rows = matrix * P.sequence_length;
#if DROP {
  let stream = vec3u(random.seed, random.step, random.micro_batch);
#}
  var d_t = vec4f(0);
#for h in 0..(UNITS + 7) / 8 {
  let unit${h} = min(x + ${8 * h}u, UNITS - 1u);
#for r in 0..4 {
  var sum0_${r}_${h} = vec4f(0);
  if (x + ${8 * h}u < UNITS) {
    let at = ((first + min(t[${r}], last)) * P.heads + head) * UNITS + unit${h};
    d_t[${r}] += dot(d_o[at], o[at]);
  }
#}
#}
  other_slab[li] = d_t;
  workgroupBarrier();
  d_t = vec4f(0);
#for i in 0..8 {
  d_t += other_slab[8u * y + ${i}u];
#}
  workgroupBarrier();
  let lse_t = vec4f(
#for r in 0..4 {
    lse[rows + min(t[${r}], last)],
#}
  );

  let end = min(own_start + OWN, P.sequence_length);
  for (var other_start = 0u; other_start < end; other_start += OTHER) {
#include attention/tiled_product
    let s = vec4u(other_start + 4u * x) + vec4u(0, 1, 2, 3);
#for r in 0..4 {
#if DROP {
    let words${r} = mask_words(stream, matrix, t[${r}], s.x);
    s1_${r} = select(vec4f(0), P.keep * s1_${r}, words${r} >= vec4u(P.dropped));
#}
#if CAP {
    let bent${r} = tanh(clamp(s0_${r} / P.cap, vec4f(-10), vec4f(10)));
    s0_${r} = P.cap * bent${r};
    s1_${r} = (s1_${r} - d_t[${r}]) * (1.0 - bent${r} * bent${r});
#} else {
    s1_${r} -= d_t[${r}];
#}
    let w0_${r} = select(vec4f(0), s1_${r} * exp(s0_${r} - lse_t[${r}]), s <= vec4u(t[${r}]));
#}
#include attention/tiled_gather
  }

#for r in 0..4 {
  if (t[${r}] < P.sequence_length) {
    let at = (first + t[${r}]) * P.q_pitch + P.q_start + head * UNITS;
#for h in 0..(UNITS + 7) / 8 {
    if (x + ${8 * h}u < UNITS) { dq[at + x + ${8 * h}u] = sum0_${r}_${h} * P.scale; }
#}
    if (x == 0u) { delta[rows + t[${r}]] = d_t[${r}]; }
  }
#}
}
