// What one optimizer step may do, decided on the device by one workgroup:
//
//   norm    = sqrt(sum of the partial sums of squared gradients)
//   control = (min(1, max_norm / (norm + 1e-6)), bad)     (max_norm 0: no clipping)
//   history[slot] = (loss, norm, bad, 0)
//
// `bad` is set once loss or norm is not finite and stays set, so that weights
// keep the values they had before the first bad step. Finiteness is read off
// the bits: compilers may assume that NaN does not occur.
// step = (lr, rate, eps, decay, slot, max_norm).
struct Params { partials: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read> loss: array<f32>;
@group(0) @binding(3) var<storage, read> step: array<f32>;
@group(0) @binding(4) var<storage, read_write> control: array<f32>;
@group(0) @binding(5) var<storage, read_write> history: array<vec4f>;
#include lib/reduce

fn finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var i = lane; i < P.partials; i += WG) { total += partial[i]; }
  let squares = group_sum(total, lane);
  if (lane == 0u) {
    let norm = sqrt(squares);
    let limit = step[5];
    var bad = control[1];
    if (!finite(squares) || !finite(loss[0])) { bad = 1.0; }
    control[0] = select(1.0, min(1.0, limit / (norm + 1e-6)), limit > 0.0);
    control[1] = bad;
    history[u32(step[4])] = vec4f(loss[0], norm, bad, 0.0);
  }
}
