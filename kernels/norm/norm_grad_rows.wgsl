// All gradients of LayerNorm and RMSNorm in one pass: norm_grad.wgsl's of the
// input, and per block of rows norm_param_grad.wgsl's of scale and bias.
//
// A workgroup walks the rows of one block. A lane owns UNITS units of a row,
// which stay in registers with their sums; TAIL: the last of them lies past
// the end for some lanes. reduce/block_sums adds the blocks up.
// 14 FLOPs and 12 bytes per element, 16 where ACCUMULATE: bound by memory.
struct Params { rows: u32, width: u32, eps: f32, blocks: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_vec>;
@group(0) @binding(2) var<storage, read> stats: array<vec2f>;
@group(0) @binding(3) var<storage, read> dy: array<dy_vec>;
@group(0) @binding(4) var<storage, read_write> dx: array<dx_vec>;
@group(0) @binding(5) var<storage, read> scale: array<vecf>;
@group(0) @binding(6) var<storage, read_write> dscale: array<vecf>;
#if BIAS {
  @group(0) @binding(7) var<storage, read_write> dbias: array<vecf>;
#}
#include lib/vector
#include lib/reduce

// Keeps a division by an rms of 0 finite.
const TINY = 1e-30;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let width = f32(P.width);
  #for u in 0..UNITS {
    let i${u} = lane + ${u}u * WG;
    #if TAIL && u == UNITS - 1 {
      let exists = i${u} < units;
      let at${u} = min(i${u}, units - 1u);
    #} else {
      let at${u} = i${u};
    #}
    let scale${u} = scale[at${u}];
    var scale_sum${u} = vecf(0);
    #if BIAS {
      var bias_sum${u} = vecf(0);
    #}
  #}
  let size = (P.rows + P.blocks - 1u) / P.blocks;
  let first = group.x * size;
  let last = min(P.rows, first + size);
  for (var row = first; row < last; row += 1u) {
    let base = row * units;
    let mean = stats[row].x;
    #if CENTRE {
      let inverse = stats[row].y;
    #} else {
      let rms = stats[row].y;
      let inverse = 1.0 / (rms + P.eps);
    #}
    var sum_g = 0.0;
    var sum_gn = 0.0;
    #for u in 0..UNITS {
      let n${u} = (vecf(x[base + at${u}]) - mean) * inverse;
      #if TAIL && u == UNITS - 1 {
        let dy${u} = select(vecf(0), vecf(dy[base + at${u}]), exists);
      #} else {
        let dy${u} = vecf(dy[base + at${u}]);
      #}
      scale_sum${u} += dy${u} * n${u};
      #if BIAS {
        bias_sum${u} += dy${u};
      #}
      let g${u} = dy${u} * scale${u};
      #if CENTRE {
        sum_g += hsum(g${u});
      #}
      sum_gn += hsum(g${u} * n${u});
    #}
    let mean_gn = group_sum(sum_gn, lane) / width;
    #if CENTRE {
      let mean_g = group_sum(sum_g, lane) / width;
    #} else {
      // A row of zeros has no direction: its gradient through the rms is 0.
      let along = mean_gn * (rms + P.eps) / max(rms, TINY);
    #}
    #for u in 0..UNITS {
      #if CENTRE {
        var d${u} = inverse * (g${u} - mean_g - n${u} * mean_gn);
      #} else {
        var d${u} = inverse * (g${u} - n${u} * along);
      #}
      #if TAIL && u == UNITS - 1 {
        if (exists) {
          #if ACCUMULATE {
            d${u} += vecf(dx[base + at${u}]);
          #}
          dx[base + at${u}] = dx_vec(d${u});
        }
      #} else {
        #if ACCUMULATE {
          d${u} += vecf(dx[base + at${u}]);
        #}
        dx[base + at${u}] = dx_vec(d${u});
      #}
    #}
  }
  let block = group.x * units;
  #for u in 0..UNITS {
    if (i${u} < units) {
      dscale[block + i${u}] = scale_sum${u};
      #if BIAS {
        dbias[block + i${u}] = bias_sum${u};
      #}
    }
  #}
}
