// Dropout: y (+)= keep * x where the element's random word is at least
// P.dropped, else 0. The backward pass is the same kernel over dy: the mask is a
// function of seed, site, step, micro-batch and element, and is stored nowhere.
// A thread handles one vec4, whose words are one call of philox.
// 8 bytes and some 70 integer operations an element.
struct Params { count: u32, first: u32, site: u32, dropped: u32, keep: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
// Seed, step, micro-batch.
@group(0) @binding(3) var<storage, read> random: array<u32>;
#include lib/philox

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * 65535u + group.x) * WG + lane;
  if (4u * i >= P.count) { return; }
  let words = philox(
    vec4u(P.first / 4u + i, 0u, random[1], random[2]),
    vec2u(random[0], P.site),
  );
  // What lies behind the last element must stay as it is (zero in gradients).
  let inside = vec4u(0u, 1u, 2u, 3u) < vec4u(P.count - 4u * i);
  let kept = select(vec4f(0), P.keep * x[i], (words >= vec4u(P.dropped)) & inside);
#if ONTO {
  y[i] += kept;
#} else {
  y[i] = kept;
#}
}
