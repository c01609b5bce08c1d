// Column r of products_m: own_m[4 y + r] . other_m[4 x ..], with 64
// multiply-adds for 2 loads of a vec4.
#for m in 0..PRODUCTS {
  fn products${m}(other_start: u32) -> mat4x4f {
    let last = P.sequence_length - 1u;
    #for r in 0..4 {
      var sum${r} = vec4f(0);
    #}
    for (var unit = 0u; unit < UNITS; unit += 4u) {
      let u = invocation % 4u;
      let column = min(unit + u, UNITS - 1u);
      if (invocation < OWN) {
        let quad = invocation / 4u;
        #for j in 0..4 {
          let row${j} = own${m}(min(own_start + 4u * quad + ${j}u, last), column);
        #}
        let columns = transpose(mat4x4f(row0, row1, row2, row3));
        #for c in 0..4 {
          own_slab[16u * (4u * u + ${c}u) + (quad + 2u * u) % 16u] =
            select(vec4f(0), columns[${c}], unit + u < UNITS);
        #}
      } else if (invocation < OWN + OTHER) {
        let quad = (invocation - OWN) / 4u;
        #for j in 0..4 {
          let row${j} = other${m}(min(other_start + 4u * quad + ${j}u, last), column);
        #}
        let columns = transpose(mat4x4f(row0, row1, row2, row3));
        #for c in 0..4 {
          other_slab[8u * (4u * u + ${c}u) + (quad + 2u * u) % 8u] = columns[${c}];
        #}
      }
      workgroupBarrier();
      #for c in 0..16 {
        #let turn = c / 4 * 2
        let own${c} = own_slab[${16 * c}u + (y + ${turn}u) % 16u];
        let other${c} = other_slab[${8 * c}u + (x + ${turn}u) % 8u];
        #for r in 0..4 {
          sum${r} = fma(vec4f(own${c}[${r}]), other${c}, sum${r});
        #}
      #}
      workgroupBarrier();
    }
    return mat4x4f(sum0, sum1, sum2, sum3);
  }
#}
