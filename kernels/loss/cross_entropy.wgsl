// Cross-entropy of rows of logits, each row by one workgroup:
//
//   loss[n]   = logsumexp(z[n, 0 .. V]) - z[n, target[n]]
//   GRADIENT  z[n, v] := (softmax(z)[v] - [v = target]) * scale[0]
//   SCALED    the same, times gradient_scale[0]
//
// Rows whose target is not below V are ignored: loss 0, gradient 0. Rows lie
// P.pitch apart (a multiple of four); what pads them is never read as a logit
// and is set to 0 in the gradient.
// Two reads and one write of the row: 12 bytes per f32 logit, bound by memory.
// The first pass finds maximum and sum at once: a lane rescales its sum where
// its maximum grows. A GPU has LOADS vec4s per lane on the way at a time.
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

/** Columns of vec4 number `i` of a row. */
fn columns(i: u32) -> vec4u { return vec4u(4u * i) + vec4u(0u, 1u, 2u, 3u); }

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group_index(group);
  if (row >= P.rows) { return; }
  let units = P.pitch / 4u;
  let base = row * units;
  let target_id = target_of[P.first_row + row];
  // The lane that has the target's logit, and changes it in the gradient, reads
  // it first.
  let place = min(target_id, P.vocab_size - 1u);
  let owner = place / 4u % WG == lane;
  var at_target = 0.0;
  if (owner) { at_target = vec4f(logits[base + place / 4u])[place % 4u]; }

  var largest = NEGATIVE_INFINITY;
  var total = 0.0;
  for (var i = lane; i < units; i += LOADS * WG) {
    #if LOADS == 1 {
      let v = select(vec4f(NEGATIVE_INFINITY), vec4f(logits[base + i]), columns(i) < vec4u(P.vocab_size));
      let top = max(max(v.x, v.y), max(v.z, v.w));
      if (top > largest) {
        total *= exp(largest - top);
        largest = top;
      }
      total += dot(exp(v - largest), vec4f(1));
    #} else {
      var tops = vec4f(largest);
      #for j in 0..LOADS {
        let i${j} = i + ${j}u * WG;
        let stored${j} = vec4f(logits[base + min(i${j}, units - 1u)]);
      #}
      #for j in 0..LOADS {
        let v${j} = select(vec4f(NEGATIVE_INFINITY), stored${j}, columns(i${j}) < vec4u(P.vocab_size));
        tops = max(tops, v${j});
      #}
      let top = max(max(tops.x, tops.y), max(tops.z, tops.w));
      var sums = vec4f(0);
      #for j in 0..LOADS {
        sums += exp(v${j} - top);
      #}
      total = total * exp(largest - top) + dot(sums, vec4f(1));
      largest = top;
    #}
  }
  let top = group_max(largest, lane);
  let sum = group_sum(total * exp(largest - top), lane);
  let counted = target_id < P.vocab_size;
  if (owner) {
    loss[P.first_row + row] = select(0.0, top + log(sum) - at_target, counted);
  }
  #if GRADIENT {
    var factor = select(0.0, scale[0], counted);
    #if SCALED {
      factor *= gradient_scale[0];
    #}
    let share = factor / sum;
    for (var i = lane; i < units; i += LOADS * WG) {
      #for j in 0..LOADS {
        let j${j} = i + ${j}u * WG;
        #if LOADS == 1 {
          let z${j} = vec4f(logits[base + i]);
        #} else {
          let z${j} = vec4f(logits[base + min(j${j}, units - 1u)]);
        #}
      #}
      #for j in 0..LOADS {
        {
          let column = columns(j${j});
          let hit = select(vec4f(0), vec4f(factor), column == vec4u(target_id));
          let p = share * exp(z${j} - top) - hit;
          let stored = logits_vec4(select(vec4f(0), p, column < vec4u(P.vocab_size)));
          #if LOADS == 1 {
            logits[base + i] = stored;
          #} else {
            if (j${j} < units) { logits[base + j${j}] = stored; }
          #}
        }
      #}
    }
  #}
}
