// Backward of shaped/shaped.wgsl. With u_t the running mean of v:
//
//   da_t = r dy_t
//   dv_t (+)= s dy_t - c * sum over t' >= t of dy_t' / (t' + 1)
//   dr += dy . a,  ds += dy . v,  dc -= dy . u      (per head)
//
// First forward along t for the gains' sums (left per sequence and column, each
// [sequences, width]; reduce/segment_sum adds them up), then backward for dv.
// 12 FLOPs and 28 bytes per element: bound by memory.
#include shaped/gains
@group(0) @binding(6) var<storage, read> dy: array<dy_vec>;
@group(0) @binding(7) var<storage, read_write> da: array<da_vec>;
@group(0) @binding(8) var<storage, read_write> dv: array<dv_vec>;
#if TRAINED_R {
  @group(0) @binding(9) var<storage, read_write> dr: array<vecf>;
#}
#if TRAINED_S {
  @group(0) @binding(10) var<storage, read_write> ds: array<vecf>;
#}
#if TRAINED_C {
  @group(0) @binding(11) var<storage, read_write> dc: array<vecf>;
#}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let i = flat_index(group, lane);
  if (i >= P.sequences * units) { return; }
  let column = i % units;
  let first = i / units * P.sequence_length * units + column;
  let gain = gains_of(column);
  #if TRAINED_R + TRAINED_S + TRAINED_C > 0 {
    var sum = vecf(0);
    var sum_r = vecf(0);
    var sum_s = vecf(0);
    var sum_c = vecf(0);
    var forward = first;
    for (var t = 1u; t <= P.sequence_length; t += 1u) {
      let g = vecf(dy[forward]);
      let value = vecf(v[forward]);
      sum += value;
      sum_r += g * vecf(a[forward]);
      sum_s += g * value;
      sum_c -= g * sum / f32(t);
      forward += units;
    }
  #}
  #if TRAINED_R {
    dr[i] = sum_r;
  #}
  #if TRAINED_S {
    ds[i] = sum_s;
  #}
  #if TRAINED_C {
    dc[i] = sum_c;
  #}
  var later = vecf(0);
  var at = first + P.sequence_length * units;
  for (var t = P.sequence_length; t > 0u; t -= 1u) {
    at -= units;
    let g = vecf(dy[at]);
    later += g / f32(t);
    da[at] = da_vec(gain.resid * g);
    dv[at] = dv_vec(gain.skip * g - gain.centre * later);
  }
}
