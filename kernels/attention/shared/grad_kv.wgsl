// Causal attention, backward, keys and values, with m_ts, p_ts and da_ts as in
// attention/shared/grad_q.wgsl:
//
//   dv_s = sum_t m_ts p_ts do_t,   dk_s = sum_t da_ts q_t / sqrt(d)
//
// over the queries t >= s. dk lies like k, dv like v, in one matrix where
// VALUES_PACKED. 8 d FLOPs per pair.
#include attention/shared/operands
@group(0) @binding(5) var<storage, read> d_o: array<d_o_vec>;
@group(0) @binding(6) var<storage, read> lse: array<f32>;
@group(0) @binding(7) var<storage, read> delta: array<f32>;
@group(0) @binding(8) var<storage, read_write> dk: array<dk_vec>;
#if !VALUES_PACKED {
  @group(0) @binding(9) var<storage, read_write> dv: array<dv_vec>;
#}
#for x of d_o {
  #include attention/shared/load
#}
#for x of dk {
  #include attention/shared/store
#}
#if !VALUES_PACKED {
  #for x of dv {
    #include attention/shared/store
  #}
#}

fn own0(s: u32, unit: u32) -> vec4f { return key(s, unit) * P.scale; }
fn own1(s: u32, unit: u32) -> vec4f { return value(s, unit); }
fn other0(t: u32, unit: u32) -> vec4f { return query(t, unit); }
fn other1(t: u32, unit: u32) -> vec4f { return load_d_o(output_at(t), unit); }
fn store0(s: u32, unit: u32, sum: vec4f) { store_dk(k_at(s), unit, sum * P.scale); }
#if VALUES_PACKED {
  fn store1(s: u32, unit: u32, sum: vec4f) { store_dk(v_at(s), unit, sum); }
#} else {
  fn store1(s: u32, unit: u32, sum: vec4f) { store_dv(v_at(s), unit, sum); }
#}
