// What all passes of attention read, queries, keys and values, and what a pass
// makes of them. An invocation owns rows of one side, queries or (KEYS_OWN) keys,
// and walks the rows of the other side:
//
//   products: product_m = own_m . other_m for m < PRODUCTS, 0 for the scores
//             (q and k), 1 for the weights' gradient (do and v)
//   weights:  from the products of a pair to the weight_m of its other rows
//   sums:     sum_m += weight_m other_m for FIRST_SUM <= m <= LAST_SUM
//
// The pass defines own_m, other_m and, for a finished sum, store_m.
#include attention/shared/scores
#if VALUES_PACKED {
  fn value(s: u32, unit: u32) -> vec4f { return load_q(v_at(s), unit); }
#} else {
  @group(0) @binding(4) var<storage, read> v: array<v_vec>;
  #for x of v {
    #include attention/shared/load
  #}
  fn value(s: u32, unit: u32) -> vec4f { return load_v(v_at(s), unit); }
#}
