// The unit of loads and stores: a vec4 where rows are a multiple of four wide
// (VW = 4), else a scalar (VW = 1). Kernels written in `vecf` serve both.
// Variable `x` is declared as `array<x_vec>` (`src/gpu/wgsl.ts`): `vecf(x[i])`
// loads one, `x_vec(v)` is what is stored, and neither costs anything in f32.
#if VW == 4 {
  alias vecf = vec4f;
  fn hsum(v: vecf) -> f32 { return (v.x + v.y) + (v.z + v.w); }
  fn hmax(v: vecf) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
#} else {
  alias vecf = f32;
  fn hsum(v: vecf) -> f32 { return v; }
  fn hmax(v: vecf) -> f32 { return v; }
#}
