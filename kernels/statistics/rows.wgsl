// What the outlier statistics need of each of R rows of D elements, and the
// rows less their mean:
//
//   y = x - mean(x),  moments = (sum y^2, sum y^4, max |y|, median |y|)
//
// The median of an even count is the lower middle value: the largest value v
// with at most P.median_rank elements below it, found bit by bit from the top,
// as the bits of floats from 0 up sort like integers. One workgroup per row; a
// lane reads only what it wrote itself, so no barrier is needed in between. It
// takes 31 passes over a row that stays in cache: 70 FLOPs and 8 bytes per
// element.
struct Params { rows: u32, width: u32, median_rank: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_elem>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> moments: array<vec4f>;
#include lib/reduce
#include lib/grid

// Bits of a float without its sign.
const MAGNITUDE_BITS = 31u;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group_index(group);
  if (row >= P.rows) { return; }
  let base = row * P.width;
  var total = 0.0;
  for (var i = lane; i < P.width; i += WG) { total += f32(x[base + i]); }
  let mean = group_sum(total, lane) / f32(P.width);
  var second = 0.0;
  var fourth = 0.0;
  var largest = 0.0;
  for (var i = lane; i < P.width; i += WG) {
    let centred = f32(x[base + i]) - mean;
    y[base + i] = centred;
    let square = centred * centred;
    second += square;
    fourth += square * square;
    largest = max(largest, abs(centred));
  }
  second = group_sum(second, lane);
  fourth = group_sum(fourth, lane);
  largest = group_max(largest, lane);
  var median = 0u;
  for (var step = 0u; step < MAGNITUDE_BITS; step += 1u) {
    let candidate = median | (1u << (MAGNITUDE_BITS - 1u - step));
    var below = 0.0;
    for (var i = lane; i < P.width; i += WG) {
      below += select(0.0, 1.0, bitcast<u32>(abs(y[base + i])) < candidate);
    }
    if (u32(group_sum(below, lane)) <= P.median_rank) { median = candidate; }
  }
  if (lane == 0u) { moments[row] = vec4f(second, fourth, largest, bitcast<f32>(median)); }
}
