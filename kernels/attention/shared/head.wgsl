// The rows of a workgroup: one head of one sequence. Positions, t of a query and
// s of a key, count from the start of the sequence.
//
// o and all that lies like it are [B T, heads d], in units of VW elements, UNITS
// per head; lse and delta are [B, heads, T]. Expects P.context and P.heads.
#include attention/shared/dropout
var<private> head: u32;
var<private> sequence: u32;

fn enter_head(group: vec3u) {
  head = group.y;
  sequence = group.z;
#if DROP {
  stream = vec3u(random[0], random[1], random[2]);
#}
}

fn output_at(t: u32) -> u32 { return ((sequence * P.context + t) * P.heads + head) * UNITS; }
fn statistic_at(t: u32) -> u32 { return (sequence * P.heads + head) * P.context + t; }
