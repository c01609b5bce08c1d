  #for i in 0..4 * COLUMNS {
    #let r = i % 4
    #let c = i / 4
    if (own[${r}] < P.sequence_length && x + ${8 * c}u < min(SPAN, UNITS - first_unit)) {
      #for m in FIRST_SUM..LAST_SUM + 1 {
        store${m}(own[${r}], first_unit + x + ${8 * c}u, sum${m}_${r}_${c});
      #}
    }
  #}
