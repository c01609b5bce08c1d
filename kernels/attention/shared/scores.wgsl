// Queries and keys, and the score of a pair: all that an attention kernel reads
// apart from values.
//
// q, k and v may be column blocks of wider matrices: P.*_pitch units of VW
// elements from row to row, P.*_start first unit; where PACKED, keys lie in the
// matrix of the queries. A head is d = VW * P.units wide (UNITS, where
// unrolled). The tier gives the types: units are Unit in registers; Scores are one
// pair (f32) or four (vec4f). WIDE: see lib/quad.wgsl.
struct Params {
  first_sequence: u32, sequence_length: u32, heads: u32, scale: f32, cap: f32,
  q_pitch: u32, q_start: u32, k_pitch: u32, k_start: u32, v_pitch: u32, v_start: u32,
  units: u32,
  #if DROP {
    site: u32, dropped: u32, keep: f32,
  #}
}
@group(0) @binding(0) var<uniform> P: Params;
#if WIDE {
  @group(0) @binding(2) var<storage, read> q: array<Quad>;
  fn load_q(i: u32) -> Unit { return floats(q[i]); }
#} else {
  @group(0) @binding(2) var<storage, read> q: array<q_vec>;
  fn load_q(i: u32) -> Unit { return Unit(q[i]); }
#}
#include attention/shared/head
#include lib/numbers

fn query_at(t: u32) -> u32 { return (first_row + t) * P.q_pitch + P.q_start + head * UNITS; }
fn key_at(s: u32) -> u32 { return (first_row + s) * P.k_pitch + P.k_start + head * UNITS; }

fn query(t: u32, unit: u32) -> Unit { return load_q(query_at(t) + unit); }
#if PACKED {
  fn key(s: u32, unit: u32) -> Unit { return load_q(key_at(s) + unit); }
#} else {
  #if WIDE {
    @group(0) @binding(3) var<storage, read> k: array<Quad>;
    fn load_k(i: u32) -> Unit { return floats(k[i]); }
  #} else {
    @group(0) @binding(3) var<storage, read> k: array<k_vec>;
    fn load_k(i: u32) -> Unit { return Unit(k[i]); }
  #}
  fn key(s: u32, unit: u32) -> Unit { return load_k(key_at(s) + unit); }
#}

struct Score { value: Scores, slope: Scores }

// cap(a), which is a, or P.cap tanh(a / P.cap) where CAP, and its derivative.
fn capped(a: Scores) -> Score {
  #if CAP {
    let bent = tanh(clamp(a / P.cap, Scores(-10), Scores(10)));
    return Score(P.cap * bent, 1.0 - bent * bent);
  #} else {
    return Score(a, Scores(1));
  #}
}
