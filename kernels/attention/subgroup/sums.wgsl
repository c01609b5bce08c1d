    #for e in 0..4 * UNITS {
      #if PRODUCTS == 1 {
        sum1_${e} *= shrink;
      #}
      #for s in 0..STEP {
        #let part = s * UNITS + e / 4
        #for m in FIRST_SUM..LAST_SUM + 1 {
          sum${m}_${e} +=
            subgroupBroadcast(other${m}_${part / LANES}[${e % 4}], ${part % LANES}u) * weight${m}_${s};
        #}
      #}
    #}
