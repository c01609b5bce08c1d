    // product_m_r_h: own_m[4 y + r] . other_m[32 h + 4 x ..]. In a function of its
    // own, or with more of it unrolled, lavapipe takes 3 times as long to compile.
    #for m in 0..PRODUCTS {
      #for i in 0..8 {
        var product${m}_${i / 2}_${i % 2} = vec4f(0);
      #}
      for (var unit = 0u; unit < UNITS; unit += 8u) {
        let u = invocation % 8u;
        let quad = invocation / 8u;
        let column = min(unit + u, UNITS - 1u);
        #for j in 0..4 {
          let own_row${j} = own${m}(min(own_start + 4u * quad + ${j}u, last), column);
          let other_row${j} = other${m}(min(other_start + 4u * quad + ${j}u, last), column);
        #}
        let own_columns = transpose(mat4x4f(own_row0, own_row1, own_row2, own_row3));
        let other_columns = transpose(mat4x4f(other_row0, other_row1, other_row2, other_row3));
        let at = 64u * u + (quad + u) % 16u;
        #for c in 0..4 {
          memory[at + ${16 * c}u] = select(vec4f(0), own_columns[${c}], unit + u < UNITS);
          memory[SECOND + at + ${16 * c}u] = other_columns[${c}];
        #}
        workgroupBarrier();
        for (var part = 0u; part < min(UNITS - unit, 8u); part += 2u) {
          #for c in 0..8 {
            let turn${c} = part + ${c / 4}u;
            let columns${c} = 64u * part + ${16 * c}u;
            let own${c} = memory[columns${c} + (y + turn${c}) % 16u];
            let near${c} = memory[SECOND + columns${c} + (x + turn${c}) % 16u];
            let far${c} = memory[SECOND + columns${c} + (x + 8u + turn${c}) % 16u];
            #for r in 0..4 {
              product${m}_${r}_0 = fma(vec4f(own${c}[${r}]), near${c}, product${m}_${r}_0);
              product${m}_${r}_1 = fma(vec4f(own${c}[${r}]), far${c}, product${m}_${r}_1);
            #}
          #}
        }
        workgroupBarrier();
      }
    #}
