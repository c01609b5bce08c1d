// Sum and maximum over the workgroup's WG lanes, the same value in every lane.
// Where subgroups have a fixed size WG is that size, and no memory is used
// (on lavapipe a barrier turns the kernel into coroutines, 10 times slower).
// Elsewhere a tree in workgroup memory. Both orders are fixed.
#if SUBGROUPS {
  fn group_sum(value: f32, lane: u32) -> f32 { return subgroupAdd(value); }
  fn group_max(value: f32, lane: u32) -> f32 { return subgroupMax(value); }
#} else {
  var<workgroup> lanes: array<f32, WG>;

  fn group_sum(value: f32, lane: u32) -> f32 {
    lanes[lane] = value;
    for (var step = WG / 2u; step > 0u; step = step / 2u) {
      workgroupBarrier();
      if (lane < step) { lanes[lane] += lanes[lane + step]; }
    }
    workgroupBarrier();
    let total = lanes[0];
    workgroupBarrier();
    return total;
  }

  fn group_max(value: f32, lane: u32) -> f32 {
    lanes[lane] = value;
    for (var step = WG / 2u; step > 0u; step = step / 2u) {
      workgroupBarrier();
      if (lane < step) { lanes[lane] = max(lanes[lane], lanes[lane + step]); }
    }
    workgroupBarrier();
    let largest = lanes[0];
    workgroupBarrier();
    return largest;
  }
#}
