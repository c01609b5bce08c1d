// How four neighbouring floats are loaded and stored. With WIDE they are two
// 64-bit words, the first of each pair in the low half: software drivers load
// word by word, so half as many words are nearly half the time.
#if WIDE {
  alias Quad = vec2<u64>;

  fn floats(q: Quad) -> vec4f {
    let low = vec2u(q);
    let high = vec2u(q >> vec2u(32));
    return bitcast<vec4f>(vec4u(low.x, high.x, low.y, high.y));
  }

  /** Four f16 of one word, subnormals and infinities included. */
  fn halves(q: u64) -> vec4f {
    return vec4f(unpack2x16float(u32(q)), unpack2x16float(u32(q >> 32)));
  }

  fn quad(v: vec4f) -> Quad {
    let u = bitcast<vec4u>(v);
    return Quad(u.xz) | Quad(u.yw) << vec2u(32);
  }
#} else {
  alias Quad = vec4f;

  fn floats(q: Quad) -> vec4f {
    return vec4f(q);
  }

  fn quad(v: vec4f) -> Quad {
    return Quad(v);
  }
#}
