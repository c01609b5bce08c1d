// The mask that dropout puts on the T x T matrix of each head and sequence: the
// factor of a weight whose random word is below P.dropped is 0, of any other
// P.keep. Element (t, s) has word s % 4 of the call for (t, s / 4), so a walk
// along s costs a quarter of a call per pair. Without DROP all factors are 1.
#if DROP {
  #include lib/dropout_random
  @group(0) @binding(1) var<storage, read> random: DropoutRandom;
  var<private> stream: DropoutRandom;

  fn mask_words(t: u32, s: u32) -> vec4u {
    let call = t * ((P.sequence_length + 3u) / 4u) + s / 4u;
    return philox(vec4u(call, matrix, stream.step, stream.micro_batch), vec2u(stream.seed, P.site));
  }
  fn factors(words: vec4u) -> vec4f { return select(vec4f(0), vec4f(P.keep), words >= vec4u(P.dropped)); }

  // Of the keys s .. s + 3, s being a multiple of 4.
  fn masks(t: u32, s: u32) -> vec4f { return factors(mask_words(t, s)); }
  fn mask_at(t: u32, s: u32) -> f32 { return masks(t, s)[s % 4u]; }
  // Where calls for one t walk s = 0, 1, 2, .., `words` being kept for the next
  // calls.
  fn mask_next(t: u32, s: u32, words: ptr<function, vec4u>) -> f32 {
    if (s % 4u == 0u) { *words = mask_words(t, s); }
    return factors(*words)[s % 4u];
  }
#} else {
  fn masks(t: u32, s: u32) -> vec4f { return vec4f(1); }
#}
