// What one optimizer step may do, decided on the device by one workgroup:
//
//   norm    = sqrt(sum of the partial sums of squared gradients)
//   control = (min(1, max_grad_norm / (norm + 1e-6)), stopped)
//   history[slot] = (loss, norm, stopped)
//
// A max_grad_norm of 0 means no clipping. `stopped` is set once loss or norm
// is not finite and stays set, so that weights keep the values they had before
// that step. Finiteness is read off the bits: compilers may assume that NaN does not
// occur.
struct Params { partials: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read> loss: array<f32>;
@group(0) @binding(3) var<storage, read> step: StepScalars;
@group(0) @binding(4) var<storage, read_write> control: Control;
@group(0) @binding(5) var<storage, read_write> history: array<HistoryRecord>;
#include optimizer/step_records
#include lib/reduce

// As in PyTorch's clip_grad_norm_.
const CLIP_EPS = 1e-6;
// All bits set: infinite, or not a number.
const EXPONENT_BITS = 0x7f800000u;

fn finite(x: f32) -> bool {
  return (bitcast<u32>(x) & EXPONENT_BITS) != EXPONENT_BITS;
}

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var i = lane; i < P.partials; i += WG) { total += partial[i]; }
  let squares = group_sum(total, lane);
  if (lane == 0u) {
    let norm = sqrt(squares);
    let limit = step.max_grad_norm;
    var stopped = control.stopped;
    if (!finite(squares) || !finite(loss[0])) { stopped = 1u; }
    control.clip = select(1.0, min(1.0, limit / (norm + CLIP_EPS)), limit > 0.0);
    control.stopped = stopped;
    history[step.history_slot] = HistoryRecord(loss[0], norm, stopped);
  }
}
