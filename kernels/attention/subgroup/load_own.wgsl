    // One unit of each own_m, rows turned to columns, enters the end of the
    // queue.
    #for m in 0..PRODUCTS {
      #for j in 0..4 {
        let row${m}_${j} = own${m}(own_loaded[${j}], unit);
      #}
      let columns${m} = transpose(mat4x4f(row${m}_0, row${m}_1, row${m}_2, row${m}_3));
      #for e in 0..4 * UNITS - 4 {
        own${m}_${e} = own${m}_${e + 4};
      #}
      #for c in 0..4 {
        own${m}_${4 * UNITS - 4 + c} = columns${m}[${c}];
      #}
    #}
