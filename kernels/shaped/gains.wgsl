// What Shaped Attention's two kernels without dropout share: their parameters,
// operands and gains. An invocation owns one unit of columns of one sequence
// and walks along t. A gain is a number (P) or, where TRAINED, a tensor of one
// element per head.
#include lib/vector
#include lib/grid
struct Params {
  sequences: u32, sequence_length: u32, width: u32, head_dim: u32,
  resid: f32, skip: f32, centre: f32,
}
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> a: array<a_vec>;
@group(0) @binding(2) var<storage, read> v: array<v_vec>;
#if TRAINED_R {
  @group(0) @binding(3) var<storage, read> resid: array<f32>;
#}
#if TRAINED_S {
  @group(0) @binding(4) var<storage, read> skip: array<f32>;
#}
#if TRAINED_C {
  @group(0) @binding(5) var<storage, read> centre: array<f32>;
#}

struct Gains { resid: f32, skip: f32, centre: f32 }

// Of the head that a unit of columns is in.
fn gains_of(column: u32) -> Gains {
  let head = column * VW / P.head_dim;
  var gains = Gains(P.resid, P.skip, P.centre);
  #if TRAINED_R {
    gains.resid = resid[head];
  #}
  #if TRAINED_S {
    gains.skip = skip[head];
  #}
  #if TRAINED_C {
    gains.centre = centre[head];
  #}
  return gains;
}
