  // The sums leave the front of the queue, columns turned to rows.
  for (var unit = 0u; unit < P.units; unit++) {
    #for m in FIRST_SUM..LAST_SUM + 1 {
      let rows${m} = transpose(mat4x4f(sum${m}_0, sum${m}_1, sum${m}_2, sum${m}_3));
      #for j in 0..4 {
        if (own[${j}] < P.sequence_length) { store${m}(own[${j}], unit, rows${m}[${j}]); }
      #}
      #for e in 0..4 * UNITS - 4 {
        sum${m}_${e} = sum${m}_${e + 4};
      #}
    #}
  }
