    // sum_m[4 y + r] += weight_m_r_h . other_m, 32 other rows (h) at a time;
    // weights pass through workgroup memory. Rows that the causal mask hides from
    // all 16 own rows of an invocation's neighbourhood are left out.
    let edge = own_start + y / 4u * 16u;
    #for m in FIRST_SUM..LAST_SUM + 1 {
      for (var begin = other_start; begin < other_start + OTHER; begin += CHUNK) {
        let skipped = begin % 32u;
        if (skipped == 0u) {
          let h = begin % OTHER != 0u;
          #for r in 0..4 {
            let weight${r} = select(weight${m}_${r}_0, weight${m}_${r}_1, h);
          #}
          #for j in 0..4 {
            memory[16u * (4u * x + ${j}u) + (y + 2u * x) % 16u] =
              vec4f(weight0[${j}], weight1[${j}], weight2[${j}], weight3[${j}]);
          #}
        }
        // All loads before the first store: their waits overlap.
        #for i in 0..LOADS {
          let e${i} = invocation + ${128 * i}u;
          let unit${i} = min(first_unit + e${i} % SPAN, UNITS - 1u);
          let loaded${i} = other${m}(min(begin + e${i} / SPAN, last), unit${i});
        #}
        #for i in 0..LOADS {
          memory[SECOND + e${i}] = loaded${i};
        #}
        workgroupBarrier();
        #if KEYS_OWN {
          let low = max(edge, begin) - begin;
          let high = CHUNK;
        #} else {
          let low = 0u;
          let high = min(max(edge + 16u, begin) - begin, CHUNK);
        #}
        for (var row = low; row < high; row += 4u) {
          let weights_at = 16u * (skipped + row) + (y + (skipped + row) / 2u) % 16u;
          #for i in 0..4 {
            let weights${i} = memory[weights_at + ${16 * i}u];
            #for c in 0..COLUMNS {
              let unit${i}_${c} = memory[SECOND + (row + ${i}u) * SPAN + min(x + ${8 * c}u, SPAN - 1u)];
              #for r in 0..4 {
                sum${m}_${r}_${c} = fma(vec4f(weights${i}[${r}]), unit${i}_${c}, sum${m}_${r}_${c});
              #}
            #}
          #}
        }
        workgroupBarrier();
      }
    #}
