// Causal attention, forward, without a T x T buffer:
//
//   a_ts = cap(q_t . k_s / sqrt(d)),  o_t = sum_s m_ts softmax_s(a_t) v_s
//   lse_t = log sum_s exp(a_ts)                  (kept for the backward pass)
//
// m is the mask of dropout, 0 or 1 / (1 - p), where DROP, else 1.
// 4 d FLOPs per pair (t, s), half the pairs masked.
#include attention/shared/operands
@group(0) @binding(5) var<storage, read_write> o: array<o_vec>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;
#for x of o {
  #include attention/shared/store
#}

fn own0(t: u32, unit: u32) -> vec4f { return query(t, unit) * P.scale; }
fn other0(s: u32, unit: u32) -> vec4f { return key(s, unit); }
fn other1(s: u32, unit: u32) -> vec4f { return value(s, unit); }
fn store1(t: u32, unit: u32, sum: vec4f) { store_o(output_at(t), unit, sum); }

// The running softmax of an invocation's queries: the largest score so far, and
// the sum of exp(score - largest).
var<private> largest: Scores = Scores(NEGATIVE_INFINITY);
var<private> total: Scores = Scores(0);

// Makes `top` the largest score; returns what to multiply sums up to now by.
fn raise_largest(top: Scores) -> Scores {
  let shrink = exp(largest - top);
  largest = top;
  total *= shrink;
  return shrink;
}
