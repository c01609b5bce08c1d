// C[M,N] = alpha * op(A) * op(B) (+ bias[N]) (+ C), row-major, in f32.
//
//   A  [M,K], or [K,M] where TRANSPOSED_A        pitch lda, a multiple of 4
//   B  [K,N], or [N,K] where TRANSPOSED_B        pitch ldb, a multiple of 4
//   C  [M,N]                                     pitch ldc, a multiple of 4
//
// For GPUs. A workgroup makes BM x BN of C and walks K in slabs of BK held in
// workgroup memory, both as [BK][tile]: whichever layout A and B have, four
// neighbouring rows of A, or columns of B, are one vec4 there. An invocation
// owns TM x TN of C, as quads of 4 rows and of 4 columns spread over the tile,
// so that 32 neighbouring invocations (8 across, 4 down) read 128 consecutive
// bytes of B and 64 of A at once: no bank conflict. The next slab is loaded to
// registers while this one is multiplied, so its latency is hidden.
//
// A slab is 2 BM BN BK FLOPs for (BM + BN) BK 4 bytes: 16 to 32 FLOPs per byte.
// 8 x 8 per invocation is 64 accumulators next to 16 operands and up to 16
// words on the way, which leaves two workgroups of 256 on an SM of 65,536
// registers. The slab loop's body is unrolled: its first index is constant, and
// what clamps the second is the same for all BK and leaves the loop.
#include matmul/common

const TX = BN / TN;
// Neighbouring invocations that share rows and columns, see above.
const ACROSS = 8u;
const DOWN = 4u;
const INVOCATIONS = (BM / TM) * (BN / TN);
// Loads of an invocation for a slab of A and of B, and vec4s across its
// columns.
#let A_LOADS = BM * BK / 4 / ((BM / TM) * (BN / TN))
#let B_LOADS = BN * BK / 4 / ((BM / TM) * (BN / TN))
#let COLUMN_QUADS = TN / 4

// One vec4 of padding per row halves the conflicts of the transposing stores.
var<workgroup> As: array<array<vec4f, BM / 4u + 1u>, BK>;
var<workgroup> Bs: array<array<vec4f, BN / 4u + 1u>, BK>;

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

fn keep_a(e: u32, v: vec4f) {
  #if TRANSPOSED_A {
    As[e / (BM / 4u)][e % (BM / 4u)] = v;
  #} else {
    let m = e / (BK / 4u);
    let k = e % (BK / 4u) * 4u;
    #for j in 0..4 {
      As[k + ${j}u][m / 4u][m % 4u] = v[${j}];
    #}
  #}
}

fn keep_b(e: u32, v: vec4f) {
  #if TRANSPOSED_B {
    let n = e / (BK / 4u);
    let k = e % (BK / 4u) * 4u;
    #for j in 0..4 {
      Bs[k + ${j}u][n / 4u][n % 4u] = v[${j}];
    #}
  #} else {
    Bs[e / (BN / 4u)][e % (BN / 4u)] = v;
  #}
}

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let m0 = tile.y * BM;
  let n0 = tile.x * BN;
  let block = invocation / (ACROSS * DOWN);
  let tx = block % (TX / ACROSS) * ACROSS + invocation % ACROSS;
  let ty = block / (TX / ACROSS) * DOWN + invocation % (ACROSS * DOWN) / ACROSS;

  #for r in 0..TM {
    #for h in 0..COLUMN_QUADS {
      var c${r}_${h} = vec4f(0);
    #}
  #}
  #for i in 0..A_LOADS {
    var next_a${i} = piece_of_a(invocation + ${i}u * INVOCATIONS, m0, 0u);
  #}
  #for i in 0..B_LOADS {
    var next_b${i} = piece_of_b(invocation + ${i}u * INVOCATIONS, n0, 0u);
  #}

  for (var k0 = 0u; k0 < P.K; k0 += BK) {
    #for i in 0..A_LOADS {
      keep_a(invocation + ${i}u * INVOCATIONS, next_a${i});
    #}
    #for i in 0..B_LOADS {
      keep_b(invocation + ${i}u * INVOCATIONS, next_b${i});
    #}
    workgroupBarrier();
    if (k0 + BK < P.K) {
      #for i in 0..A_LOADS {
        next_a${i} = piece_of_a(invocation + ${i}u * INVOCATIONS, m0, k0 + BK);
      #}
      #for i in 0..B_LOADS {
        next_b${i} = piece_of_b(invocation + ${i}u * INVOCATIONS, n0, k0 + BK);
      #}
    }
    #for k in 0..BK {
      {
        #for q in 0..TM / 4 {
          let a${q} = As[${k}][ty + ${q}u * (BM / TM)];
        #}
        #for h in 0..COLUMN_QUADS {
          let b${h} = Bs[${k}][tx + ${h}u * TX];
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

  #for h in 0..COLUMN_QUADS {
    let column${h} = n0 + 4u * (tx + ${h}u * TX);
    let shift${h} = bias_of(column${h});
  #}
  #for r in 0..TM {
    #for h in 0..COLUMN_QUADS {
      store(
        m0 + 4u * (ty + ${r / 4}u * (BM / TM)) + ${r % 4}u,
        column${h},
        P.alpha * c${r}_${h} + shift${h},
      );
    #}
  #}
}
