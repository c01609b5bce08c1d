// Cross-entropy of rows of logits, each row by one workgroup:
//
//   loss[n]   = logsumexp(z[n, 0 .. V]) - z[n, target[n]]
//   GRADIENT  z[n, v] := (softmax(z)[v] - [v = target]) * scale[0]
//   SCALED    the same, times gradient_scale[0]
//
// Rows whose target is not below V are ignored: loss 0, gradient 0. Rows lie
// P.pitch apart (a multiple of four); what pads them is never read as a logit
// and is set to 0 in the gradient.
// Two reads and one write of the row: 12 bytes per logit, bound by memory.
struct Params { rows: u32, vocab_size: u32, pitch: u32, first_row: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read_write> logits: array<logits_vec4>;
@group(0) @binding(2) var<storage, read> target_of: array<u32>;
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
#if SCALED {
  @group(0) @binding(5) var<storage, read> gradient_scale: array<f32>;
#}
#include lib/reduce
#include lib/grid
#include lib/numbers

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group_index(group);
  if (row >= P.rows) { return; }
  let units = P.pitch / 4u;
  let base = row * units;
  let target_id = target_of[P.first_row + row];
  var largest = NEGATIVE_INFINITY;
  var total = 0.0;
  var chosen = 0.0;
  for (var i = lane; i < units; i += WG) {
    let column = vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u);
    let v = select(vec4f(NEGATIVE_INFINITY), vec4f(logits[base + i]), column < vec4u(P.vocab_size));
    let top = max(max(v.x, v.y), max(v.z, v.w));
    if (top > largest) {
      total *= exp(largest - top);
      largest = top;
    }
    total += dot(exp(v - largest), vec4f(1));
    chosen += dot(select(vec4f(0), v, column == vec4u(target_id)), vec4f(1));
  }
  let top = group_max(largest, lane);
  let sum = group_sum(total * exp(largest - top), lane);
  let at_target = group_sum(chosen, lane);
  let counted = target_id < P.vocab_size;
  if (lane == 0u) {
    loss[P.first_row + row] = select(0.0, top + log(sum) - at_target, counted);
  }
  #if GRADIENT {
    var factor = select(0.0, scale[0], counted);
    #if SCALED {
      factor *= gradient_scale[0];
    #}
    let share = factor / sum;
    for (var i = lane; i < units; i += WG) {
      let column = vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u);
      let hit = select(vec4f(0), vec4f(factor), column == vec4u(target_id));
      let p = share * exp(vec4f(logits[base + i]) - top) - hit;
      logits[base + i] = logits_vec4(select(vec4f(0), p, column < vec4u(P.vocab_size)));
    }
  #}
}
