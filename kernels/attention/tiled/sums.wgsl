    // sum_m[4 y + r] += weight_m_r . other_m; weights pass through workgroup
    // memory.
    #for m in FIRST_SUM..LAST_SUM + 1 {
      #for j in 0..4 {
        pairs[16u * (4u * x + ${j}u) + (y + x) % 16u] =
          vec4f(weight${m}_0[${j}], weight${m}_1[${j}], weight${m}_2[${j}], weight${m}_3[${j}]);
      #}
      for (var chunk = 0u; chunk < OTHER; chunk += CHUNK) {
        for (var e = invocation; e < CHUNK * UNITS; e += 128u) {
          own_slab[e] = other${m}(min(other_start + chunk + e / UNITS, last), e % UNITS);
        }
        workgroupBarrier();
        for (var row = 0u; row < CHUNK; row += 4u) {
          let weights_at = 16u * (chunk + row) + (y + (chunk + row) / 4u) % 16u;
          #for i in 0..4 {
            let weights${i} = pairs[weights_at + ${16 * i}u];
            #for h in 0..COLUMNS {
              let unit${i}_${h} = own_slab[(row + ${i}u) * UNITS + min(x + ${8 * h}u, UNITS - 1u)];
              #for r in 0..4 {
                sum${m}_${r}_${h} = fma(vec4f(weights${i}[${r}]), unit${i}_${h}, sum${m}_${r}_${h});
              #}
            #}
          #}
        }
        workgroupBarrier();
      }
    #}
