  #for i in 0..4 * COLUMNS {
    #let r = i % 4
    #let h = i / 4
    if (own[${r}] < P.sequence_length && x + ${8 * h}u < UNITS) {
      #for m in FIRST_SUM..LAST_SUM + 1 {
        store${m}(own[${r}], x + ${8 * h}u, sum${m}_${r}_${h});
      #}
    }
  #}
