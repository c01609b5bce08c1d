// What all passes of attention read, queries, keys and values, and what a pass
// makes of them. An invocation owns rows of one side, queries or (in grad_kv)
// keys, and walks the rows of the other side:
//
//   products: product_m = own_m . other_m for m < PRODUCTS, 0 for the scores
//             (q and k), 1 for the weights' gradient (do and v)
//   weights:  from the products of a pair to the weight_m of its other rows
//   sums:     sum_m += weight_m other_m for FIRST_SUM <= m <= LAST_SUM
//
// The pass defines own_m, other_m and, for a finished sum, store_m.
#include attention/shared/scores
#if WIDE {
  @group(0) @binding(4) var<storage, read> v: array<Quad>;
  fn load_v(i: u32) -> Unit { return floats(v[i]); }
#} else {
  @group(0) @binding(4) var<storage, read> v: array<v_vec>;
  fn load_v(i: u32) -> Unit { return Unit(v[i]); }
#}

fn value_at(s: u32) -> u32 { return (first_row + s) * P.v_pitch + P.v_start + head * UNITS; }
fn value(s: u32, unit: u32) -> Unit { return load_v(value_at(s) + unit); }
