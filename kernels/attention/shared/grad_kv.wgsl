// Causal attention, backward, keys and values, with m_ts, p_ts and da_ts as in
// attention/shared/grad_q.wgsl:
//
//   dv_s = sum_t m_ts p_ts do_t,   dk_s = sum_t da_ts q_t / sqrt(d)
//
// over the queries t >= s. dk lies like k, dv like v. 8 d FLOPs per pair.
#include attention/shared/operands
#if WIDE {
  @group(0) @binding(5) var<storage, read> d_o: array<Quad>;
  fn load_d_o(i: u32) -> Unit { return floats(d_o[i]); }
#} else {
  @group(0) @binding(5) var<storage, read> d_o: array<d_o_vec>;
  fn load_d_o(i: u32) -> Unit { return Unit(d_o[i]); }
#}
@group(0) @binding(6) var<storage, read> lse: array<f32>;
@group(0) @binding(7) var<storage, read> delta: array<f32>;
#if WIDE {
  @group(0) @binding(8) var<storage, read_write> dk: array<Quad>;
  fn keep_dk(i: u32, unit: Unit) { dk[i] = quad(unit); }
#} else {
  @group(0) @binding(8) var<storage, read_write> dk: array<dk_vec>;
  fn keep_dk(i: u32, unit: Unit) { dk[i] = dk_vec(unit); }
#}
#if WIDE {
  @group(0) @binding(9) var<storage, read_write> dv: array<Quad>;
  fn keep_dv(i: u32, unit: Unit) { dv[i] = quad(unit); }
#} else {
  @group(0) @binding(9) var<storage, read_write> dv: array<dv_vec>;
  fn keep_dv(i: u32, unit: Unit) { dv[i] = dv_vec(unit); }
#}

fn own0(s: u32, unit: u32) -> Unit { return key(s, unit) * P.scale; }
fn own1(s: u32, unit: u32) -> Unit { return value(s, unit); }
fn other0(t: u32, unit: u32) -> Unit { return query(t, unit); }
fn other1(t: u32, unit: u32) -> Unit { return load_d_o(output_at(t) + unit); }
fn store0(s: u32, unit: u32, sum: Unit) { keep_dk(key_at(s) + unit, sum * P.scale); }
fn store1(s: u32, unit: u32, sum: Unit) { keep_dv(value_at(s) + unit, sum); }
