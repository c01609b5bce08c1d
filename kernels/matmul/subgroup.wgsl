// C[M,N] = alpha * op(A) * op(B) (+ bias[N]) (+ C), f32, row-major, with an
// epilogue (matmul/epilogue.wgsl).
//
//   A  [M,K], or [K,M] where TRANSPOSED_A        pitch lda, a multiple of 4
//   B  [K,N], or [N,K] where TRANSPOSED_B        pitch ldb, a multiple of 4
//   C  [M,N]                                     pitch ldc, a multiple of 4
//
// For software Vulkan, where a barrier is a coroutine switch, shared memory is
// slower than a storage load, and arrays of accumulators live on the stack.
// One workgroup is one subgroup of LANES lanes and makes ROWS x 4*LANES of C: a
// lane owns 4 neighbouring columns of all ROWS rows. K goes in steps of 4:
// together the lanes load ROWS x 4 of A, one vec4 per lane and load, and share
// its elements by broadcast; each lane loads its own 4 x 4 of B.
//
// A step is 32 * ROWS * LANES FLOPs for ROWS / LANES + 4 vec4 loads per lane.
// Measured on lavapipe (Mesa 25, AVX2 code, 2 Zen 4 cores, 512^3): 130 GFLOP/s
// with the loads taken out of the loop, 50 to 60 with them. A load costs two
// branches and the code for them per lane and word, so a step of 32 rows is
// 5,000 instructions; WIDE halves the words: 4,000, 65 to 72 GFLOP/s, and 30 %
// less to compile. Anything that lengthens the step loses more than it saves
// (64 rows, 64 columns, K by 8: slower). `a * b + c` is left for the compiler
// to regroup, and what guards an edge is worked out before the loop.
#include matmul/common

// vec4s that a lane loads of a step of A.
#let A_LOADS = ROWS / LANES

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_index) lane: u32) {
  let m0 = tile.y * ROWS;
  let n = tile.x * (4u * LANES) + 4u * lane;
  let lda = P.lda >> 2u;
  let ldb = P.ldb >> 2u;
  // Rows and columns past the edge load the last ones again and are not stored.
  let last_m = P.M - 1u;
  let last_n = P.N - 1u;

  #for r in 0..ROWS {
    var c${r} = vec4f(0);
  #}

  #if TRANSPOSED_A {
    // The ROWS x 4 block of A is ROWS vec4s along M; lane l loads number l,
    // l + LANES, ...
    #for i in 0..A_LOADS {
      let k_of${i} = (lane + ${i} * LANES) / (ROWS / 4u);
      let m_of${i} = min(m0 + (lane + ${i} * LANES) % (ROWS / 4u) * 4u, last_m);
      var a_at${i} = k_of${i} * lda + (m_of${i} >> 2u);
    #}
  #} else {
    #for i in 0..A_LOADS {
      let a_row${i} = min(m0 + lane + ${i} * LANES, last_m) * lda;
    #}
  #}
  #if TRANSPOSED_B {
    #for j in 0..4 {
      let b_row${j} = min(n + ${j}u, last_n) * ldb;
    #}
  #} else {
    var b_at = min(n, last_n) >> 2u;
  #}

  let steps = (P.K + 3u) >> 2u;
  for (var k = 0u; k < steps; k++) {
    #if TRANSPOSED_A {
      #for i in 0..A_LOADS {
        var a${i} = load_a(a_at${i});
        a_at${i} += 4u * lda;
        #if K_TAIL {
          a${i} = select(vec4f(0), a${i}, 4u * k + k_of${i} < P.K);
        #}
      #}
    #} else {
      #for i in 0..A_LOADS {
        var a${i} = load_a(a_row${i} + k);
        #if K_TAIL {
          a${i} = select(vec4f(0), a${i}, vec4u(4u * k) + vec4u(0, 1, 2, 3) < vec4u(P.K));
        #}
      #}
    #}

    #if TRANSPOSED_B {
      #for j in 0..4 {
        var t${j} = load_b(b_row${j} + k);
        #if K_TAIL {
          t${j} = select(vec4f(0), t${j}, vec4u(4u * k) + vec4u(0, 1, 2, 3) < vec4u(P.K));
        #}
      #}
      #for j in 0..4 {
        let b${j} = vec4f(t0[${j}], t1[${j}], t2[${j}], t3[${j}]);
      #}
    #} else {
      #for j in 0..4 {
        var b${j} = load_b(b_at);
        b_at += ldb;
        #if K_TAIL {
          b${j} = select(vec4f(0), b${j}, 4u * k + ${j}u < P.K);
        #}
      #}
    #}

    #for r in 0..ROWS {
      #for j in 0..4 {
        #if TRANSPOSED_A {
          #let PLACE = j * (ROWS / 4) + r / 4
          c${r} += subgroupBroadcast(a${PLACE / LANES}[${r % 4}], ${PLACE % LANES}u) * b${j};
        #} else {
          c${r} += subgroupBroadcast(a${r / LANES}[${j}], ${r % LANES}u) * b${j};
        #}
      #}
    #}
  }

  let shift = bias_of(n);
  #if ACCUMULATE || ACTIVATION || DERIVATIVE || RESIDUAL || !WIDE_C {
    // Unrolled ROWS times, what these load and compute, and stores of f16, would
    // be more code than the product: up to 20 % slower, and 4 times as long to
    // compile. The compiler unrolls what has a constant end.
    var rows: array<vec4f, ROWS>;
    #for r in 0..ROWS {
      rows[${r}] = P.alpha * c${r} + shift;
    #}
    let end = min(ROWS, P.M - m0);
    for (var r = 0u; r < end; r++) {
      store(m0 + r, n, rows[r]);
    }
  #} else {
    #for r in 0..ROWS {
      store(m0 + ${r}u, n, P.alpha * c${r} + shift);
    #}
  #}
}
