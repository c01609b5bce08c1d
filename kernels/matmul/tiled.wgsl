// C[M,N] = alpha * op(A) * op(B) (+ bias[N]) (+ C), row-major, f32 arithmetic,
// with an epilogue (matmul/epilogue.wgsl).
//
//   A  [M,K], or [K,M] where TRANSPOSED_A        pitch lda, a multiple of 4
//   B  [K,N], or [N,K] where TRANSPOSED_B        pitch ldb, a multiple of 4
//   C  [M,N]                                     pitch ldc, a multiple of 4
//
// SPLIT: workgroups z = 0, 1, ... each take P.k_part of K, and C is a scratch
// [z, M, N] of their plain sums, which matmul/reduce.wgsl adds up.
//
// SUM_A, SUM_B (transposed A, plain B): the workgroups that read the first
// columns of B, or rows of A, also add the other matrix up over K, into row z of
// sums [SUM_ROWS, M or N]; the other rows are zeroed.
//
// For GPUs. A workgroup makes BM x BN of C and walks K in slabs of BK held in
// workgroup memory, as [BK][tile]: whichever layout A and B have, four
// neighbouring rows of A, or columns of B, are one vec4 there. An invocation
// owns TM x TN of C, as quads of 4 rows and of 4 columns spread over the tile.
// The next slab is loaded to registers while this one is multiplied, so its
// latency is hidden. With two STAGES there is also room for it in workgroup
// memory, and one barrier per slab is enough.
//
// A slab is 2 BM BN BK FLOPs for (BM + BN) BK 4 bytes: 16 to 32 FLOPs per byte.
// 8 x 8 per invocation is 64 accumulators next to 16 operands and up to 16
// words on the way, which leaves two workgroups of 256 on an SM of 65,536
// registers. The slab loop's body is unrolled: its first index is constant, and
// what clamps the second is the same for all BK and leaves the loop.
#include matmul/common

#if SUM_A || SUM_B {
  @group(0) @binding(6) var<storage, read_write> sums: array<vec4f>;
#}

const TX = BN / TN;
const TY = BM / TM;
const INVOCATIONS = TX * TY;
#let T = BM / TM * (BN / TN)
// 32 neighbouring invocations make ACROSS x DOWN blocks. They are numbered so
// that i and i ^ 1 share their columns of B, and i and i ^ 2 their rows of A: a
// GPU reads 128 bits per lane from workgroup memory in half the passes then.
const ACROSS = ${4 + 4 * (BN / TN % 8 == 0)}u;
const DOWN = 32u / ACROSS;
// Rows of tiles that are walked together, column by column, so that what they
// read of B stays in the cache.
const BAND = 8u;
// vec4s in a slab of A and of B, and loads of an invocation for them: where
// they do not divide, the last load is for some invocations only.
const A_QUADS = BM * BK / 4u;
const B_QUADS = BN * BK / 4u;
#let A_LOADS = (BM * BK / 4 + T - 1) / T
#let B_LOADS = (BN * BK / 4 + T - 1) / T
#let COLUMN_QUADS = TN / 4

// One vec4 of padding per row halves the conflicts of the transposing stores.
var<workgroup> As: array<array<array<vec4f, BM / 4u + 1u>, BK>, STAGES>;
var<workgroup> Bs: array<array<array<vec4f, BN / 4u + 1u>, BK>, STAGES>;

/** Zeroes what lies at or past K of four values from `k` on along K. */
fn along_k(k: u32, v: vec4f) -> vec4f {
  #if K_TAIL {
    return select(vec4f(0), v, vec4u(k) + vec4u(0, 1, 2, 3) < vec4u(P.K));
  #} else {
    return v;
  #}
}

/** Zeroes four values of one `k` where it lies at or past K. */
fn across_k(k: u32, v: vec4f) -> vec4f {
  #if K_TAIL {
    return select(vec4f(0), v, k < P.K);
  #} else {
    return v;
  #}
}

/** Number `e` of the vec4s of A's slab at `k0`; past M the last again. */
fn piece_of_a(e: u32, m0: u32, k0: u32) -> vec4f {
  #if A_LOADS * T > BM * BK / 4 {
    if (e >= A_QUADS) { return vec4f(0); }
  #}
  #if TRANSPOSED_A {
    let k = k0 + e / (BM / 4u);
    let m = min(m0 + e % (BM / 4u) * 4u, P.M - 1u);
    return across_k(k, load_a(k * (P.lda >> 2u) + (m >> 2u)));
  #} else {
    let k = k0 + e % (BK / 4u) * 4u;
    let m = min(m0 + e / (BK / 4u), P.M - 1u);
    return along_k(k, load_a(m * (P.lda >> 2u) + (k >> 2u)));
  #}
}

/** Number `e` of the vec4s of B's slab at `k0`; past N the last again. */
fn piece_of_b(e: u32, n0: u32, k0: u32) -> vec4f {
  #if B_LOADS * T > BN * BK / 4 {
    if (e >= B_QUADS) { return vec4f(0); }
  #}
  #if TRANSPOSED_B {
    let k = k0 + e % (BK / 4u) * 4u;
    let n = min(n0 + e / (BK / 4u), P.N - 1u);
    return along_k(k, load_b(n * (P.ldb >> 2u) + (k >> 2u)));
  #} else {
    let k = k0 + e / (BN / 4u);
    let n = min(n0 + e % (BN / 4u) * 4u, P.N - 1u);
    return across_k(k, load_b(k * (P.ldb >> 2u) + (n >> 2u)));
  #}
}

fn keep_a(stage: u32, e: u32, v: vec4f) {
  #if A_LOADS * T > BM * BK / 4 {
    if (e >= A_QUADS) { return; }
  #}
  #if TRANSPOSED_A {
    As[stage][e / (BM / 4u)][e % (BM / 4u)] = v;
  #} else {
    let m = e / (BK / 4u);
    let k = e % (BK / 4u) * 4u;
    #for j in 0..4 {
      As[stage][k + ${j}u][m / 4u][m % 4u] = v[${j}];
    #}
  #}
}

fn keep_b(stage: u32, e: u32, v: vec4f) {
  #if B_LOADS * T > BN * BK / 4 {
    if (e >= B_QUADS) { return; }
  #}
  #if TRANSPOSED_B {
    let n = e / (BK / 4u);
    let k = e % (BK / 4u) * 4u;
    #for j in 0..4 {
      Bs[stage][k + ${j}u][n / 4u][n % 4u] = v[${j}];
    #}
  #} else {
    Bs[stage][e / (BN / 4u)][e % (BN / 4u)] = v;
  #}
}

#if SUM_A || SUM_B {
  /** Row `z` of every `parts` rows of sums, each `quads` wide. */
  fn put_sum(total: vec4f, at: u32, quads: u32, z: u32, parts: u32) {
    sums[z * quads + at] = total;
    for (var row = z + parts; row < SUM_ROWS; row += parts) {
      sums[row * quads + at] = vec4f(0);
    }
  }
#}

@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) invocation: u32,
) {
  let tiles_m = (P.M + BM - 1u) / BM;
  let tiles_n = (P.N + BN - 1u) / BN;
  let id = group.y * tiles_n + group.x;
  let band = id / (BAND * tiles_n) * BAND;
  let band_rows = min(BAND, tiles_m - band);
  let within = id - band * tiles_n;
  let m0 = (band + within % band_rows) * BM;
  let n0 = within / band_rows * BN;

  let block = invocation / 32u;
  let lane = invocation % 32u;
  let tx = block % (TX / ACROSS) * ACROSS + lane / 2u % ACROSS;
  let ty = block / (TX / ACROSS) * DOWN + lane / (2u * ACROSS) * 2u + lane % 2u;

  #if SPLIT {
    let k_begin = group.z * P.k_part;
    let k_end = min(P.K, k_begin + P.k_part);
  #} else {
    let k_begin = 0u;
    let k_end = P.K;
  #}

  #for r in 0..TM {
    #for h in 0..COLUMN_QUADS {
      var c${r}_${h} = vec4f(0);
    #}
  #}
  #for i in 0..A_LOADS {
    #if SUM_A {
      var sum${i} = vec4f(0);
    #}
    let place_a${i} = invocation + ${i}u * INVOCATIONS;
    var next_a${i} = piece_of_a(place_a${i}, m0, k_begin);
  #}
  #for i in 0..B_LOADS {
    #if SUM_B {
      var sum${i} = vec4f(0);
    #}
    let place_b${i} = invocation + ${i}u * INVOCATIONS;
    var next_b${i} = piece_of_b(place_b${i}, n0, k_begin);
  #}
  #if STAGES == 2 {
    #for i in 0..A_LOADS {
      keep_a(0u, place_a${i}, next_a${i});
      #if SUM_A {
        sum${i} += next_a${i};
      #}
    #}
    #for i in 0..B_LOADS {
      keep_b(0u, place_b${i}, next_b${i});
      #if SUM_B {
        sum${i} += next_b${i};
      #}
    #}
    if (k_begin + BK < k_end) {
      #for i in 0..A_LOADS {
        next_a${i} = piece_of_a(place_a${i}, m0, k_begin + BK);
      #}
      #for i in 0..B_LOADS {
        next_b${i} = piece_of_b(place_b${i}, n0, k_begin + BK);
      #}
    }
    workgroupBarrier();
    var turn = 0u;
  #}

  for (var k0 = k_begin; k0 < k_end; k0 += BK) {
    #if STAGES == 2 {
      let now = turn & 1u;
      let other = now ^ 1u;
      turn += 1u;
      if (k0 + BK < k_end) {
        #for i in 0..A_LOADS {
          keep_a(other, place_a${i}, next_a${i});
          #if SUM_A {
            sum${i} += next_a${i};
          #}
        #}
        #for i in 0..B_LOADS {
          keep_b(other, place_b${i}, next_b${i});
          #if SUM_B {
            sum${i} += next_b${i};
          #}
        #}
      }
    #} else {
      let now = 0u;
      #for i in 0..A_LOADS {
        keep_a(now, place_a${i}, next_a${i});
        #if SUM_A {
          sum${i} += next_a${i};
        #}
      #}
      #for i in 0..B_LOADS {
        keep_b(now, place_b${i}, next_b${i});
        #if SUM_B {
          sum${i} += next_b${i};
        #}
      #}
      workgroupBarrier();
    #}
    if (k0 + STAGES * BK < k_end) {
      #for i in 0..A_LOADS {
        next_a${i} = piece_of_a(place_a${i}, m0, k0 + STAGES * BK);
      #}
      #for i in 0..B_LOADS {
        next_b${i} = piece_of_b(place_b${i}, n0, k0 + STAGES * BK);
      #}
    }
    #for k in 0..BK {
      {
        #for q in 0..TM / 4 {
          let a${q} = As[now][${k}][ty + ${q}u * TY];
        #}
        #for h in 0..COLUMN_QUADS {
          let b${h} = Bs[now][${k}][tx + ${h}u * TX];
        #}
        #for r in 0..TM {
          #for h in 0..COLUMN_QUADS {
            c${r}_${h} = fma(vec4f(a${r / 4}[${r % 4}]), b${h}, c${r}_${h});
          #}
        #}
      }
    #}
    workgroupBarrier();
  }

  #if SUM_A {
    #for i in 0..A_LOADS {
      keep_a(0u, place_a${i}, sum${i});
    #}
    workgroupBarrier();
    if (n0 == 0u && invocation < BM / 4u && m0 + 4u * invocation < P.M) {
      var total = vec4f(0);
      #for k in 0..BK {
        total += As[0][${k}][invocation];
      #}
      put_sum(total, m0 / 4u + invocation, P.M / 4u, group.z, groups.z);
    }
  #}
  #if SUM_B {
    #for i in 0..B_LOADS {
      keep_b(0u, place_b${i}, sum${i});
    #}
    workgroupBarrier();
    if (m0 == 0u && invocation < BN / 4u && n0 + 4u * invocation < P.N) {
      var total = vec4f(0);
      #for k in 0..BK {
        total += Bs[0][${k}][invocation];
      #}
      put_sum(total, n0 / 4u + invocation, P.N / 4u, group.z, groups.z);
    }
  #}
  #for h in 0..COLUMN_QUADS {
    let column${h} = n0 + 4u * (tx + ${h}u * TX);
  #}
  #if SPLIT {
    #for r in 0..TM {
      {
        let row = m0 + 4u * (ty + ${r / 4}u * TY) + ${r % 4}u;
        let at = (group.z * P.M + row) * (P.ldc >> 2u);
        #for h in 0..COLUMN_QUADS {
          if (row < P.M && column${h} < P.N) { store_c(at + (column${h} >> 2u), c${r}_${h}); }
        #}
      }
    #}
  #} else {
    #for h in 0..COLUMN_QUADS {
      let shift${h} = bias_of(column${h});
    #}
    #for r in 0..TM {
      #for h in 0..COLUMN_QUADS {
        store(
          m0 + 4u * (ty + ${r / 4}u * TY) + ${r % 4}u,
          column${h},
          P.alpha * c${r}_${h} + shift${h},
        );
      #}
    #}
  #}
}
