// Sizes, pitches and factors that every matmul kernel takes.
struct Params {
  M: u32,
  N: u32,
  K: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  k_part: u32,
  alpha: f32,
  // Of the epilogue.
  slope: f32,
  gain: f32,
  skip: f32,
  // Columns with a bias, from the first on.
  biased: u32,
}
