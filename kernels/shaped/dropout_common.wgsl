// What the kernels of Shaped Attention with dropout share. Heads are
// HEAD_UNITS units of VW elements wide. The mask m_ts is that of the attention
// kernels at the same site. With it u is no running mean: one lane walks all
// pairs of its row, O(T) per row.
#include lib/vector
struct Params {
  first_sequence: u32, sequence_length: u32, heads: u32,
  site: u32, dropped: u32, keep: f32,
}
@group(0) @binding(0) var<uniform> P: Params;
#include attention/shared/head
