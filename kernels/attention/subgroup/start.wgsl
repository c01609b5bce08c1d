  let last = P.sequence_length - 1u;
  let own = owned_rows(group.x, lane);
  let own_loaded = min(own, vec4u(last));
  #for i in 0..LOADS {
    let part${i} = step_part(${i}u, lane);
  #}
  #for e in 0..4 * UNITS {
    #for m in 0..PRODUCTS {
      var own${m}_${e} = vec4f(0);
    #}
    #for m in FIRST_SUM..LAST_SUM + 1 {
      var sum${m}_${e} = vec4f(0);
    #}
  #}
