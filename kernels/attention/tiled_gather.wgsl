    // sum_m[4 y + r] += w_m[r][.] * source_m[.]; w goes round through workgroup memory.
#for m in 0..GATHERS {
#for j in 0..4 {
    pairs[16u * (4u * x + ${j}u) + (y + x) % 16u] = vec4f(w${m}_0[${j}], w${m}_1[${j}], w${m}_2[${j}], w${m}_3[${j}]);
#}
    for (var c0 = 0u; c0 < OTHER; c0 += CHUNK) {
      for (var e = li; e < CHUNK * UNITS; e += 128u) {
        own_slab[e] = source${m}(first + min(other_start + c0 + e / UNITS, last), head * UNITS + e % UNITS);
      }
      workgroupBarrier();
      for (var j = 0u; j < CHUNK; j += 4u) {
        let w_at = 16u * (c0 + j) + (y + (c0 + j) / 4u) % 16u;
#for i in 0..4 {
        let w${i} = pairs[w_at + ${16 * i}u];
#for h in 0..(UNITS + 7) / 8 {
        let b${i}_${h} = own_slab[(j + ${i}u) * UNITS + unit${h}];
#for r in 0..4 {
        sum${m}_${r}_${h} = fma(vec4f(w${i}[${r}]), b${i}_${h}, sum${m}_${r}_${h});
#}
#}
#}
      }
      workgroupBarrier();
    }
#}
