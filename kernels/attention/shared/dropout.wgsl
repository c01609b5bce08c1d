// The mask that dropout puts on the T x T matrix of each head and sequence: a
// weight whose random word is below P.dropped is 0, any other keep_factor()
// times itself. Element (t, s) has word s % 4 of the call for (t, s / 4), so a
// walk along s costs a quarter of a call per pair. Without DROP all weights are
// kept.
#if DROP {
  #include lib/dropout_random
  @group(0) @binding(1) var<storage, read> random: DropoutRandom;
  var<private> stream: DropoutRandom;

  fn mask_words(t: u32, s: u32) -> vec4u {
    let call = t * ((P.sequence_length + 3u) / 4u) + s / 4u;
    return philox(vec4u(call, matrix, stream.step, stream.micro_batch), vec2u(stream.seed, P.site));
  }

  fn keep_factor() -> f32 { return P.keep; }
  fn is_kept(t: u32, s: u32) -> bool { return mask_words(t, s)[s % 4u] >= P.dropped; }
  // Of the keys s .. s + 3, s being a multiple of 4.
  fn are_kept(t: u32, s: u32) -> vec4<bool> { return mask_words(t, s) >= vec4u(P.dropped); }
  // Where calls for one t walk s = 0, 1, 2, .., `words` being kept for the next
  // calls.
  fn is_kept_next(t: u32, s: u32, words: ptr<function, vec4u>) -> bool {
    if (s % 4u == 0u) { *words = mask_words(t, s); }
    return (*words)[s % 4u] >= P.dropped;
  }
#} else {
  fn keep_factor() -> f32 { return 1.0; }
  fn is_kept(t: u32, s: u32) -> bool { return true; }
  fn are_kept(t: u32, s: u32) -> vec4<bool> { return vec4<bool>(true); }
  fn is_kept_next(t: u32, s: u32, words: ptr<function, vec4u>) -> bool { return true; }
#}
