// Causal attention, backward, keys and values, for software Vulkan, with p_ts and
// da_ts as in attention/subgroup_grad_q.wgsl:
//
//   dv_s = sum_t p_ts do_t,   dk_s = sum_t da_ts q_t / sqrt(d)
//
// A lane owns 4 keys as those of attention/subgroup.wgsl own queries, and the
// queries t >= s come STEP at a time; 4 d vec4s a lane: k, v and the sums of dk,
// which lies like k, and dv, like v. 8 d FLOPs a pair.
#include attention/common
#include lib/quad
@group(0) @binding(1) var<storage, read> q: array<Quad>;
@group(0) @binding(2) var<storage, read> v: array<Quad>;
@group(0) @binding(3) var<storage, read> d_o: array<Quad>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dk: array<Quad>;
@group(0) @binding(7) var<storage, read_write> dv: array<Quad>;
#if !PACKED {
@group(0) @binding(8) var<storage, read> k: array<Quad>;
#}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let last = P.sequence_length - 1u;
  let s0 = group.x * (4u * LANES) + 4u * lane;
  let s = vec4u(s0) + vec4u(0, 1, 2, 3);
  let rows = (group.z * P.heads + head) * P.sequence_length;

#for j in 0..4 {
  let k_at${j} = (first + min(s[${j}], last)) * P.k_pitch + P.k_start + head * UNITS;
  let v_at${j} = (first + min(s[${j}], last)) * P.v_pitch + P.v_start + head * UNITS;
#}
#for i in 0..4 * UNITS {
  var k${i} = vec4f(0);
  var v${i} = vec4f(0);
  var dk${i} = vec4f(0);
  var dv${i} = vec4f(0);
#}
  for (var i = 0u; i < P.units; i++) {
#for j in 0..4 {
#if PACKED {
    let rk${j} = floats(q[k_at${j} + i]) * P.scale;
#} else {
    let rk${j} = floats(k[k_at${j} + i]) * P.scale;
#}
    let rv${j} = floats(v[v_at${j} + i]);
#}
#for i in 0..4 * UNITS - 4 {
    k${i} = k${i + 4};
    v${i} = v${i + 4};
#}
#for c in 0..4 {
    k${4 * UNITS - 4 + c} = vec4f(rk0[${c}], rk1[${c}], rk2[${c}], rk3[${c}]);
    v${4 * UNITS - 4 + c} = vec4f(rv0[${c}], rv1[${c}], rv2[${c}], rv3[${c}]);
#}
  }
#for i in 0..(STEP * UNITS + LANES - 1) / LANES {
  let number${i} = min(lane + ${i * LANES}u, STEP * UNITS - 1u);
  let query${i} = number${i} / UNITS;
  let unit${i} = head * UNITS + number${i} % UNITS;
#}

  for (var t = group.x * (4u * LANES); t < P.sequence_length; t += STEP) {
#for i in 0..(STEP * UNITS + LANES - 1) / LANES {
    let row${i} = first + min(t + query${i}, last);
    let q${i} = floats(q[row${i} * P.q_pitch + P.q_start + unit${i}]);
    let g${i} = floats(d_o[row${i} * (P.heads * UNITS) + unit${i}]);
#}
#for t in 0..STEP {
    let t${t} = min(t + ${t}u, last);
    var a${t} = vec4f(0);
    var da${t} = vec4f(-delta[rows + t${t}]);
#for i in 0..UNITS {
#for c in 0..4 {
    a${t} += subgroupBroadcast(q${(t * UNITS + i) / LANES}[${c}], ${(t * UNITS + i) % LANES}u) * k${4 * i + c};
    da${t} += subgroupBroadcast(g${(t * UNITS + i) / LANES}[${c}], ${(t * UNITS + i) % LANES}u) * v${4 * i + c};
#}
#}
#if CAP {
    let bent${t} = tanh(clamp(a${t} / P.cap, vec4f(-10), vec4f(10)));
    a${t} = P.cap * bent${t};
    da${t} *= 1.0 - bent${t} * bent${t};
#}
    // A query past the end counts for nothing, like one before the key.
    let p${t} = select(vec4f(0), exp(a${t} - lse[rows + t${t}]), (s <= vec4u(t${t})) & vec4<bool>(t + ${t}u <= last));
    da${t} *= p${t};
#}
#for i in 0..UNITS {
#for c in 0..4 {
#for t in 0..STEP {
    dv${4 * i + c} += subgroupBroadcast(g${(t * UNITS + i) / LANES}[${c}], ${(t * UNITS + i) % LANES}u) * p${t};
    dk${4 * i + c} += subgroupBroadcast(q${(t * UNITS + i) / LANES}[${c}], ${(t * UNITS + i) % LANES}u) * da${t};
#}
#}
#}
  }

#for i in 0..4 * UNITS {
  dk${i} *= P.scale;
#}
  for (var i = 0u; i < P.units; i++) {
#for j in 0..4 {
    if (s[${j}] < P.sequence_length) {
      dk[k_at${j} + i] = quad(vec4f(dk0[${j}], dk1[${j}], dk2[${j}], dk3[${j}]));
      dv[v_at${j} + i] = quad(vec4f(dv0[${j}], dv1[${j}], dv2[${j}], dv3[${j}]));
    }
#}
#for i in 0..4 * UNITS - 4 {
    dk${i} = dk${i + 4};
    dv${i} = dv${i + 4};
#}
  }
}
