// Four columns of ${x}, unit `unit` of the row of a head that starts at `row`:
// a vec4 as it lies there, or (VW = 1) four elements, 0 past the head's end.
fn load_${x}(row: u32, unit: u32) -> vec4f {
  #if WIDE {
    return floats(${x}[row + unit]);
  #} else {
    #if VW == 4 {
      return vec4f(${x}[row + unit]);
    #} else {
      let at = row + 4u * unit;
      let left = vec4u(HEAD_UNITS - 4u * unit);
      let all = vec4f(f32(${x}[at]), f32(${x}[at + 1u]), f32(${x}[at + 2u]), f32(${x}[at + 3u]));
      return select(vec4f(0), all, vec4u(0, 1, 2, 3) < left);
    #}
  #}
}
