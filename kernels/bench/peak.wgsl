// The most multiply-adds per second that a kernel can reach here: the limit
// with which the others are compared. No memory is read inside the loop.
//
//   c_i = c_i * factor + addend     P.turns * UNROLL times, in CHAINS registers
//
// Chains do not depend on each other, so that latency hides; the one store at
// the end keeps the work alive. Values approach addend / (1 - factor) and stay
// normal numbers. 2 * turns * UNROLL * CHAINS FLOPs per invocation. Eleven
// chains are the most that 16 vector registers hold next to those of the loop:
// on two cores lavapipe reaches 144 GFLOP/s with 8 chains, 180 with 11, 36
// with 12.
struct Params { turns: u32, factor: f32, addend: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let factor = P.factor;
  let addend = P.addend;
  #for i in 0..CHAINS {
    var c${i} = f32(id.x + ${i}u);
  #}
  for (var turn = 0u; turn < P.turns; turn++) {
    #for u in 0..UNROLL {
      #for i in 0..CHAINS {
        c${i} = fma(c${i}, factor, addend);
      #}
    #}
  }
  var sum = 0.0;
  #for i in 0..CHAINS {
    sum += c${i};
  #}
  out[id.x] = sum;
}
