  let last = P.sequence_length - 1u;
  let own = vec4u(own_start + 4u * y) + vec4u(0, 1, 2, 3);
  #for m in FIRST_SUM..LAST_SUM + 1 {
    #for i in 0..4 * COLUMNS {
      var sum${m}_${i % 4}_${i / 4} = vec4f(0);
    #}
  #}
