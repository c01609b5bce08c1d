// The unit of loads and stores: a vec4 where rows are a multiple of four wide
// (VW = 4), else a scalar (VW = 1). Kernels written in `vecf` serve both.
// Activations are stored as `vecs`, of the element type `elem` that the header
// gives (f32; sums, statistics and parameters are f32 whatever it is):
// `vecf(x[i])` loads one, `vecs(v)` stores it, and neither costs anything in
// f32.
#if VW == 4 {
  alias vecf = vec4f;
  alias vecs = vec4<elem>;
  fn hsum(v: vecf) -> f32 { return (v.x + v.y) + (v.z + v.w); }
  fn hmax(v: vecf) -> f32 { return max(max(v.x, v.y), max(v.z, v.w)); }
#} else {
  alias vecf = f32;
  alias vecs = elem;
  fn hsum(v: vecf) -> f32 { return v; }
  fn hmax(v: vecf) -> f32 { return v; }
#}
