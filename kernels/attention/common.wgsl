// What the attention kernels share: their parameters, and where rows lie.
//
// q, k and v may be column blocks of wider matrices: P.*_pitch units of VW
// elements from row to row, P.*_start first unit; where PACKED, keys lie in the
// matrix of the queries. o and its gradient are [B T, heads d], lse and delta
// [B, heads, T]. A head is d = VW * P.units wide (UNITS, where unrolled).
// cap is the identity, or P.cap tanh(a / P.cap) where CAP. Where DROP, a weight
// whose random word is below P.dropped is 0, any other P.keep times itself.
struct Params {
  sequence_length: u32, heads: u32, scale: f32, cap: f32,
  q_pitch: u32, q_start: u32, k_pitch: u32, k_start: u32, v_pitch: u32, v_start: u32,
  units: u32,
#if DROP {
  site: u32, dropped: u32, keep: f32,
#}
}
@group(0) @binding(0) var<uniform> P: Params;
#include lib/numbers
