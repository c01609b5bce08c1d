// Dropout: y (+)= keep * x where the element's random word is at least
// P.dropped, else 0. The backward pass is the same kernel over dy: the mask is
// a function of seed, site, step, micro-batch and element, and is stored
// nowhere. An invocation owns one vec4, whose words are one call of philox.
// 8 bytes and some 70 integer operations per element.
struct Params { count: u32, first: u32, site: u32, dropped: u32, keep: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_vec4>;
@group(0) @binding(2) var<storage, read_write> y: array<y_vec4>;
@group(0) @binding(3) var<storage, read> random: DropoutRandom;
#include lib/dropout_random
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_index(group, lane);
  if (4u * i >= P.count) { return; }
  let words = philox(
    vec4u(P.first / 4u + i, 0u, random.step, random.micro_batch),
    vec2u(random.seed, P.site),
  );
  // What lies behind the last element must stay as it is (zero in gradients).
  let kept = (words >= vec4u(P.dropped)) & inside(i, P.count);
  let value = select(vec4f(0), P.keep * vec4f(x[i]), kept);
  #if ACCUMULATE {
    y[i] = y_vec4(vec4f(y[i]) + value);
  #} else {
    y[i] = y_vec4(value);
  #}
}
