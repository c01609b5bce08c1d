// The subgroup tier, for software Vulkan.
//
// One workgroup is one subgroup of LANES lanes and owns 4 * LANES rows of a
// head: a lane has 4 of them side by side in every vec4, so that neither the
// running softmax nor the sums need anything of other lanes. Each own_m and
// sum_m is d named vec4s of a lane. Rows of the other side come STEP at a time:
// together the lanes load them, LOADS units per lane, and share the elements by
// broadcast, each to be used for 4 owned rows.
//
// (1 + T / (4 LANES)) 4 d bytes loaded per query, 4 d stored. A load of 8 lanes
// costs as much as 60 multiply-adds on lavapipe: one lane per query with keys
// at a uniform address is 5 times slower. Owned rows are
// turned to columns, and back, while passing by the end of a queue of d named
// vec4s: unrolled, the loads and stores took 2 s (8 s in the backward passes)
// to compile, since their cost grows with the square of their number, and an
// array with dynamic indices is half again as slow as the queue.
alias Scores = vec4f;

fn owned_rows(tile: u32, lane: u32) -> vec4u {
  return vec4u(tile * (4u * LANES) + 4u * lane) + vec4u(0, 1, 2, 3);
}

// What a lane loads of each step: unit `unit` of row `row`. Number n of a
// step's units is unit n % UNITS of row n / UNITS: load n / LANES of lane n %
// LANES.
struct Part { row: u32, unit: u32 }

fn step_part(load: u32, lane: u32) -> Part {
  let number = min(load * LANES + lane, STEP * UNITS - 1u);
  return Part(number / UNITS, number % UNITS);
}

// The masks of the owned queries where calls walk the keys s = 0, 1, 2, ..
#for j in 0..4 {
  var<private> words${j}: vec4u;
#}
fn masks_next(t: vec4u, s: u32) -> vec4f {
  #if DROP {
    if (s % 4u == 0u) {
      #for j in 0..4 {
        words${j} = mask_words(t[${j}], s);
      #}
    }
    let i = s % 4u;
    return factors(vec4u(words0[i], words1[i], words2[i], words3[i]));
  #} else {
    return vec4f(1);
  #}
}
