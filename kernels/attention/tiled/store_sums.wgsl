  #for i in 0..4 * COLUMNS {
    if (own[${i % 4}] < P.context && x + ${i / 4 * 8}u < UNITS) {
      #for m in FIRST_SUM..LAST_SUM + 1 {
        store${m}(own[${i % 4}], x + ${i / 4 * 8}u, sum${m}_${i % 4}_${i / 4});
      #}
    }
  #}
