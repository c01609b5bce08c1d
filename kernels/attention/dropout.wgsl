// The mask over the T x T matrix of each head and sequence (`row`): element
// (t, s) has word s % 4 of the call for (t, s / 4), so a walk along s costs a
// quarter of a call a pair. Expects P.sequence_length, P.site and P.dropped.
#include lib/dropout_random

// Seed, step, micro-batch.
fn mask_words(random: vec3u, row: u32, t: u32, s: u32) -> vec4u {
  let at = t * ((P.sequence_length + 3u) / 4u) + s / 4u;
  return philox(vec4u(at, row, random.y, random.z), vec2u(random.x, P.site));
}
