// Gain-weighted sum of up to three branches: y (+)= sum_i g_i * x_i.
// A gain is a number (P.g0 ...) or, where TRAINED_i, a tensor of one element.
// A thread handles one vec4. 2 FLOPs and 4 bytes a branch and element: memory.
struct Params { count: u32, g0: f32, g1: f32, g2: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<elem>>;
#for i in 0..BRANCHES {
@group(0) @binding(${2 + i}) var<storage, read> x${i}: array<vec4<elem>>;
#}
#for i in 0..GAINS {
@group(0) @binding(${2 + BRANCHES + i}) var<storage, read> gain${i}: array<f32>;
#}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * 65535u + group.x) * WG + lane;
  if (4u * i >= P.count) { return; }
  var total = vec4f(0);
#for b in 0..BRANCHES {
#if (TRAINED / (1 * (b == 0) + 2 * (b == 1) + 4 * (b == 2))) % 2 == 1 {
  total += gain${(b > 0) * (TRAINED % 2) + (b > 1) * (TRAINED / 2 % 2)}[0] * vec4f(x${b}[i]);
#} else {
  total += P.g${b} * vec4f(x${b}[i]);
#}
#}
#if ONTO {
  // What lies behind the last element must stay as it is (zero in gradients).
  let inside = vec4u(0u, 1u, 2u, 3u) < vec4u(P.count - 4u * i);
  y[i] += vec4<elem>(select(vec4f(0), total, inside));
#} else {
  y[i] = vec4<elem>(total);
#}
}
