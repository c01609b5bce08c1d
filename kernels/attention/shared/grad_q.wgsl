// Causal attention, backward, queries; p is recomputed from lse:
//
//   delta_t = do_t . o_t                             (kept for the keys' kernel)
//   p_ts    = exp(a_ts - lse_t)
//   da_ts   = p_ts (m_ts do_t . v_s - delta_t) cap'(..)
//   dq_t    = sum_s da_ts k_s / sqrt(d)
//
// cap' = 1 - (a / cap)^2 for the soft cap, else 1; m is the mask of the forward
// pass, computed again. dq lies like q. 6 d FLOPs per pair.
#include attention/shared/operands
@group(0) @binding(5) var<storage, read> o: array<o_vec>;
@group(0) @binding(6) var<storage, read> d_o: array<d_o_vec>;
@group(0) @binding(7) var<storage, read> lse: array<f32>;
@group(0) @binding(8) var<storage, read_write> delta: array<f32>;
@group(0) @binding(9) var<storage, read_write> dq: array<dq_vec>;
#for x of o d_o {
  #include attention/shared/load
#}
#for x of dq {
  #include attention/shared/store
#}

fn output(t: u32, unit: u32) -> vec4f { return load_o(output_at(t), unit); }
fn own0(t: u32, unit: u32) -> vec4f { return query(t, unit) * P.scale; }
fn own1(t: u32, unit: u32) -> vec4f { return load_d_o(output_at(t), unit); }
fn other0(s: u32, unit: u32) -> vec4f { return key(s, unit); }
fn other1(s: u32, unit: u32) -> vec4f { return value(s, unit); }
fn store0(t: u32, unit: u32, sum: vec4f) { store_dq(q_at(t), unit, sum * P.scale); }

fn lse_of(t: vec4u) -> vec4f {
  let at = vec4u(first_statistic) + t;
  return vec4f(lse[at.x], lse[at.y], lse[at.z], lse[at.w]);
}
