// What a product does with an element of C before it stores it, where `side` is
// a second matrix of the same shape and pitch:
//
//   ACTIVATION  C = f(v); where KEEP also side = v, for f's derivative
//   DERIVATIVE  C = v * f'(side): the gradient before an activation
//   RESIDUAL    C = P.gain * v + P.skip * side
//
// A pass of its own would read v again and write once more: 8 bytes per
// element, or 4 with KEEP. KIND and FROM_OUTPUT: see lib/activations.
#if ACTIVATION || DERIVATIVE {
  #include lib/activations
#}

/** What is stored for `v`; `s` are the elements of `side` there. */
fn finished(v: vec4f, s: vec4f) -> vec4f {
  #if ACTIVATION {
    return f(v);
  #}
  #if DERIVATIVE {
    return v * derivative(s);
  #}
  #if RESIDUAL {
    return P.gain * v + P.skip * s;
  #}
  #if !ACTIVATION && !DERIVATIVE && !RESIDUAL {
    return v;
  #}
}
