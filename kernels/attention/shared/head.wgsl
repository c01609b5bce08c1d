// The rows of a workgroup: one head of one sequence. Positions, t of a query
// and s of a key, count from the start of the sequence.
//
// o and all that lies like it are [B T, heads d], in units of VW elements,
// HEAD_UNITS per head; lse and delta are [B, heads, T]; sequence 0 of what is
// bound is number P.first_sequence of the batch. Expects P.sequence_length and
// P.heads. Products that all pairs share are computed once: with dropout,
// compilers leave them in the loop over pairs (13 % slower at d = 5 on lavapipe).
#include attention/shared/dropout
var<private> head: u32;
// Number of the T x T matrix.
var<private> matrix: u32;
var<private> first_row: u32;
var<private> first_statistic: u32;

fn enter_head(group: vec3u) {
  head = group.y;
  matrix = (P.first_sequence + group.z) * P.heads + head;
  first_row = group.z * P.sequence_length;
  first_statistic = (group.z * P.heads + head) * P.sequence_length;
  #if DROP {
    stream = random;
  #}
}

fn output_at(t: u32) -> u32 { return ((first_row + t) * P.heads + head) * HEAD_UNITS; }
fn statistic_at(t: u32) -> u32 { return first_statistic + t; }
