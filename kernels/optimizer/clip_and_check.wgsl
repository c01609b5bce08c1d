// What one optimizer step may do, decided on the device by one workgroup:
//
//   norm    = sqrt(sum of the partial sums of squared gradients) / loss scale
//   control = (min(1, max_grad_norm / (norm + eps)) / loss scale, rates, skip)
//   history[slot] = (loss, norm, outcome, loss scale)
//
// A max_grad_norm of 0 means no clipping. `stopped` is set once loss or norm is
// not finite and stays set, so that weights keep the values they had before that
// step. Finiteness is read off the bits: compilers may assume that NaN does not
// occur.
//
// LOSS_SCALING  The loss's gradient was multiplied by the loss scale. A norm that
//   is not finite then is an overflow: this step is skipped, and where the share
//   of overflows since the last change reaches P.tolerance the scale is halved,
//   to P.threshold at least. A scale of P.least or below stops the run instead,
//   as does a loss that is not finite, which no scale changes. The scale is
//   doubled after each P.window steps without an overflow, up to LARGEST_SCALE. A
//   skipped step is no update: the next one has its number, hence its learning
//   rate and bias corrections. The host does not know of it when it submits the
//   next steps, so the rates of the last updates are kept in `recent`, update u in
//   row u mod its length.
struct Params {
  partials: u32,
  clip_eps: f32,
  #if LOSS_SCALING {
    window: u32,
    tolerance: f32,
    threshold: f32,
    least: f32,
  #}
}
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read> loss: array<f32>;
@group(0) @binding(3) var<storage, read> step: StepScalars;
@group(0) @binding(4) var<storage, read_write> control: Control;
@group(0) @binding(5) var<storage, read_write> history: array<HistoryRecord>;
#if LOSS_SCALING {
  @group(0) @binding(6) var<storage, read_write> scaling: LossScaling;
  @group(0) @binding(7) var<storage, read_write> recent: array<UpdateRates>;
#}
#include optimizer/step_records
#include lib/reduce

// All bits set: infinite, or not a number.
const EXPONENT_BITS = 0x7f800000u;

fn finite(x: f32) -> bool {
  return (bitcast<u32>(x) & EXPONENT_BITS) != EXPONENT_BITS;
}

#if LOSS_SCALING {
  // Beyond it 1 / scale is subnormal, which devices may take for 0.
  const LARGEST_SCALE = 0x1p126f;

  // Takes the overflow of a step into account; false where no scale is left.
  fn lower_scale() -> bool {
    var next = scaling;
    next.overflows += 1u;
    next.skipped += 1u;
    // A share that equals the tolerance counts as reached, whichever way its
    // rounding goes.
    let share = f32(next.overflows);
    if (share >= P.tolerance * f32(next.since_rescale) * (1.0 - 1e-6)) {
      next.scale = max(0.5 * next.scale, P.threshold);
      next.since_rescale = 0u;
      next.overflows = 0u;
    }
    if (next.scale <= P.least) { return false; }
    next.since_overflow = 1u;
    next.since_rescale += 1u;
    scaling = next;
    return true;
  }

  fn raise_scale() {
    var next = scaling;
    if (next.since_overflow % P.window == 0u) {
      next.scale = min(2.0 * next.scale, max(next.scale, LARGEST_SCALE));
      next.since_rescale = 0u;
    }
    next.since_overflow += 1u;
    next.since_rescale += 1u;
    scaling = next;
  }
#}

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var i = lane; i < P.partials; i += WG) { total += partial[i]; }
  let squares = group_sum(total, lane);
  if (lane == 0u) {
    var rates = UpdateRates(step.rate, step.eps, step.decay);
    var loss_scale = 1.0;
    var outcome = select(APPLIED, STOPPED, control.stopped != 0u);
    let overflowed = !finite(squares);
    if (!finite(loss[0])) { outcome = STOPPED; }
    #if LOSS_SCALING {
      loss_scale = scaling.scale;
      let rows = arrayLength(&recent);
      recent[step.update % rows] = rates;
      rates = recent[(step.update - (scaling.skipped - step.skipped)) % rows];
      if (outcome == APPLIED) {
        if (!overflowed) {
          raise_scale();
        } else if (lower_scale()) {
          outcome = SKIPPED;
        } else {
          outcome = STOPPED;
        }
      }
    #} else {
      if (overflowed) { outcome = STOPPED; }
    #}
    let unscale = 1.0 / loss_scale;
    let norm = sqrt(squares) * unscale;
    let limit = step.max_grad_norm;
    let clips = limit > 0.0 && norm + P.clip_eps > limit;
    let clip = select(1.0, limit / (norm + P.clip_eps), clips);
    control = Control(
      clip * unscale,
      rates.rate,
      rates.eps,
      rates.decay,
      select(1u, 0u, outcome == APPLIED),
      select(0u, 1u, outcome == STOPPED),
    );
    history[step.history_slot] = HistoryRecord(loss[0], norm, outcome, loss_scale);
  }
}
