// What Shaped Attention's two kernels without dropout share: their parameters,
// operands and gains. An invocation owns one unit of columns of one sequence and
// walks along t. A gain is a number (P) or, where TRAINED, a tensor of one element
// per head.
#include lib/vector
struct Params { sequences: u32, context: u32, width: u32, span: u32, r: f32, s: f32, c: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> a: array<vecf>;
@group(0) @binding(2) var<storage, read> v: array<vecf>;
#if TRAINED_R {
  @group(0) @binding(3) var<storage, read> resid: array<f32>;
#}
#if TRAINED_S {
  @group(0) @binding(${3 + TRAINED_R}) var<storage, read> skip: array<f32>;
#}
#if TRAINED_C {
  @group(0) @binding(${3 + TRAINED_R + TRAINED_S}) var<storage, read> centre: array<f32>;
#}

struct Gains { r: f32, s: f32, c: f32 }

// Of the head that a unit of columns is in.
fn gains_of(column: u32) -> Gains {
  let head = column * VW / P.span;
  var gains = Gains(P.r, P.s, P.c);
  #if TRAINED_R {
    gains.r = resid[head];
  #}
  #if TRAINED_S {
    gains.s = skip[head];
  #}
  #if TRAINED_C {
    gains.c = centre[head];
  #}
  return gains;
}
