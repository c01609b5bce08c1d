    #for e in 0..4 * UNITS {
      #if PRODUCTS == 1 {
        sum1_${e} *= shrink;
      #}
      #for s in 0..STEP {
        #for m in FIRST_SUM..LAST_SUM + 1 {
          sum${m}_${e} += subgroupBroadcast(other${m}_${(s * UNITS + e / 4) / LANES}[${e % 4}], ${(s * UNITS + e / 4) % LANES}u) * weight${m}_${s};
        #}
      #}
    #}
