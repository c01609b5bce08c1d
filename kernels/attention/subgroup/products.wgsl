    // product_m_s of the owned rows and row other_start + s.
    #for i in 0..LOADS {
      let row${i} = min(other_start + part${i}.row, last);
      let other0_${i} = other0(row${i}, part${i}.unit);
      let other1_${i} = other1(row${i}, part${i}.unit);
    #}
    #for s in 0..STEP {
      var product0_${s} = vec4f(0);
      var product1_${s} = vec4f(0);
      #for e in 0..4 * UNITS {
        #let part = s * UNITS + e / 4
        #for m in 0..PRODUCTS {
          product${m}_${s} +=
            subgroupBroadcast(other${m}_${part / LANES}[${e % 4}], ${part % LANES}u) * own${m}_${e};
        #}
      #}
    #}
