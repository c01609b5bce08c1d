// Adam with decoupled weight decay over a flat stretch of all parameters:
//
//   [DECAY_FIRST] p := p - decay * p                     (fairseq, torch)
//   m := b1 m + (1 - b1) g,  v := b2 v + (1 - b2) g^2,    g = clip * gradient
//   p := p - rate * m / (sqrt(v) + eps)
//   [else]        p := p - decay * p                     (Hugging Face's AdamW)
//
// Bias corrections are folded into rate and eps on the host in f64, which
// covers all three published forms. Elements from P.decayed on are not decayed.
// rate, eps, decay and clip are those of `control`; where it says skip, nothing
// changes.
// 1 - beta is rounded from f64 on the host: in f32, 1 - 0.999 is off by 1e-5.
// Where COPY, products read the weights from `copy`, in its type, which this
// pass writes too. 12 FLOPs and 28 bytes per element, and those of the copy:
// bound by memory.
struct Params {
  count: u32,
  decayed: u32,
  beta1: f32,
  beta2: f32,
  one_minus_beta1: f32,
  one_minus_beta2: f32,
}
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(5) var<storage, read> control: Control;
#if COPY {
  @group(0) @binding(6) var<storage, read_write> copy: array<copy_vec4>;
#}
#include optimizer/step_records
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_index(group, lane);
  if (4u * i >= P.count || control.skip != 0u) { return; }
  let g = control.clip * gradient[i];
  let m1 = P.beta1 * m[i] + P.one_minus_beta1 * g;
  let v1 = P.beta2 * v[i] + P.one_minus_beta2 * g * g;
  m[i] = m1;
  v[i] = v1;
  let decay = select(0.0, control.decay, 4u * i < P.decayed);
  var p1 = p[i];
  #if DECAY_FIRST {
    p1 -= decay * p1;
    let updated = p1 - control.rate * m1 / (sqrt(v1) + control.eps);
  #} else {
    p1 -= control.rate * m1 / (sqrt(v1) + control.eps);
    let updated = p1 - decay * p1;
  #}
  p[i] = updated;
  #if COPY {
    copy[i] = copy_vec4(updated);
  #}
}
