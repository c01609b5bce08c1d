// Queries and keys, and the score of a pair: all that an attention kernel reads
// apart from values.
//
// q, k and v may be column blocks of wider matrices: P.*_pitch units of VW
// elements from row to row, P.*_start first unit; where PACKED, keys lie in the
// matrix of the queries, where VALUES_PACKED values too. A head has UNITS vec4s of columns (P.units, where that
// must not be unrolled), the last filled up with zeros. The tier defines Scores.
struct Params {
  first_sequence: u32, sequence_length: u32, heads: u32, scale: f32, cap: f32,
  q_pitch: u32, q_start: u32, k_pitch: u32, k_start: u32, v_pitch: u32, v_start: u32,
  units: u32,
  #if DROP {
    site: u32, dropped: u32, keep: f32,
  #}
}
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(2) var<storage, read> q: array<q_vec>;
#if !PACKED {
  @group(0) @binding(3) var<storage, read> k: array<k_vec>;
#}
#include attention/shared/head
#include lib/numbers
#if WIDE {
  #include lib/quad
#}

#for x of q k v {
  fn ${x}_at(row: u32) -> u32 {
    return (first_row + row) * P.${x}_pitch + P.${x}_start + head * HEAD_UNITS;
  }
#}
#for x of q {
  #include attention/shared/load
#}
fn query(t: u32, unit: u32) -> vec4f { return load_q(q_at(t), unit); }
#if PACKED {
  fn key(s: u32, unit: u32) -> vec4f { return load_q(k_at(s), unit); }
#} else {
  #for x of k {
    #include attention/shared/load
  #}
  fn key(s: u32, unit: u32) -> vec4f { return load_k(k_at(s), unit); }
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
