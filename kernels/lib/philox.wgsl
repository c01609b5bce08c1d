// Philox 4x32-10, counter-based random numbers (Salmon et al., SC 2011): four
// random words for a counter of four and a key of two, the same as
// src/model/random.ts. WGSL has no wide product: its high word is composed of
// products of halves. Each round takes some 25 integer operations.
const ROUNDS = 10u;
const MULTIPLIERS = vec2u(0xd2511f53u, 0xcd9e8d57u);
const KEY_STEP = vec2u(0x9e3779b9u, 0xbb67ae85u);
const LOW_HALF = 0xffffu;

fn high_word(a: u32, b: u32) -> u32 {
  let low = (a & LOW_HALF) * (b & LOW_HALF);
  let cross = (a >> 16u) * (b & LOW_HALF) + (low >> 16u);
  let other = (a & LOW_HALF) * (b >> 16u) + (cross & LOW_HALF);
  return (a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < ROUNDS; round += 1u) {
    c = vec4u(
      high_word(MULTIPLIERS.y, c.z) ^ c.y ^ k.x,
      MULTIPLIERS.y * c.z,
      high_word(MULTIPLIERS.x, c.x) ^ c.w ^ k.y,
      MULTIPLIERS.x * c.x,
    );
    k += KEY_STEP;
  }
  return c;
}
