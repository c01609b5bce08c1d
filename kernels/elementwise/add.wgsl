// y += x, elementwise over P.count elements. One thread a vec4.
// 1 FLOP, 12 bytes an element: bound by memory.
struct Params { count: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<elem>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<elem>>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * 65535u + group.x) * WG + lane;
  if (4u * i < P.count) {
    // What lies behind the last element must stay as it is (zero in gradients).
    let inside = vec4u(0u, 1u, 2u, 3u) < vec4u(P.count - 4u * i);
    y[i] += select(vec4<elem>(0), x[i], inside);
  }
}
