    // product_m_r: own_m[4 y + r] . other_m[4 x ..], with 64 multiply-adds for 2
    // loads of a vec4. In a separate function lavapipe unrolls the loop over
    // units at d = 32, and compiling takes 3 times as long.
    #for m in 0..PRODUCTS {
      #for r in 0..4 {
        var product${m}_${r} = vec4f(0);
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
            product${m}_${r} = fma(vec4f(own${c}[${r}]), other${c}, product${m}_${r});
          #}
        #}
        workgroupBarrier();
      }
    #}
