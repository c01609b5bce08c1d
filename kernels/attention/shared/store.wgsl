// The counterpart of attention/shared/load.wgsl.
fn store_${x}(row: u32, unit: u32, v: vec4f) {
  #if WIDE {
    ${x}[row + unit] = quad(v);
  #} else {
    #if VW == 4 {
      ${x}[row + unit] = ${x}_vec(v);
    #} else {
      for (var i = 4u * unit; i < min(4u * unit + 4u, HEAD_UNITS); i += 1u) {
        ${x}[row + i] = ${x}_vec(v[i % 4u]);
      }
    #}
  #}
}
