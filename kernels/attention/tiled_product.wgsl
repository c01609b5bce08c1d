    // s_m[r] = own_m[4 y + r] . other_m[4 x ..]; 64 multiply-adds for 2 loads of a vec4.
#for m in 0..PRODUCTS {
#for r in 0..4 {
    var s${m}_${r} = vec4f(0);
#}
    for (var u0 = 0u; u0 < UNITS; u0 += 4u) {
      let u = li % 4u;
#if UNITS % 4 != 0 {
      let there = u0 + u < UNITS;
      let column = head * UNITS + min(u0 + u, UNITS - 1u);
#} else {
      let column = head * UNITS + u0 + u;
#}
      if (li < OWN) {
        let quad = li / 4u;
#for j in 0..4 {
        var row${j} = own${m}(first + min(own_start + 4u * quad + ${j}u, last), column);
#if UNITS % 4 != 0 {
        row${j} = select(vec4f(0), row${j}, there);
#}
#}
#for c in 0..4 {
        own_slab[16u * (4u * u + ${c}u) + (quad + 2u * u) % 16u] = vec4f(row0[${c}], row1[${c}], row2[${c}], row3[${c}]);
#}
      } else if (li < OWN + OTHER) {
        let quad = (li - OWN) / 4u;
#for j in 0..4 {
        let row${j} = other${m}(first + min(other_start + 4u * quad + ${j}u, last), column);
#}
#for c in 0..4 {
        other_slab[8u * (4u * u + ${c}u) + (quad + 2u * u) % 8u] = vec4f(row0[${c}], row1[${c}], row2[${c}], row3[${c}]);
#}
      }
      workgroupBarrier();
#for u in 0..4 {
      {
        let a_at = (y + ${2 * u}u) % 16u;
        let b_at = (x + ${2 * u}u) % 8u;
#for c in 0..4 {
        let a${c} = own_slab[${16 * (4 * u + c)}u + a_at];
        let b${c} = other_slab[${8 * (4 * u + c)}u + b_at];
#for r in 0..4 {
        s${m}_${r} = fma(vec4f(a${c}[${r}]), b${c}, s${m}_${r});
#}
#}
      }
#}
      workgroupBarrier();
    }
#}
