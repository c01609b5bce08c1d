/** Token and position embeddings in float64. @module */

/** Rows of width D in sequences of T; see `EmbeddingAttrs` for the rest. */
export interface EmbedShape {
  T: number;
  D: number;
  first: number;
  scale: number;
  padding?: number | undefined;
}

/** y[n] = scale · table[token[n]] + positions[n % T + first] */
export function embed(
  tokens: Uint32Array, // [B·T]
  table: Float64Array, // [V, D]
  positions: Float64Array | undefined, // [≥ first + T, D]
  { T, D, first, scale }: EmbedShape,
): Float64Array {
  const y = new Float64Array(tokens.length * D);
  tokens.forEach((token, n) => {
    for (let i = 0; i < D; i++) {
      y[n * D + i] = scale * table[token * D + i] +
        (positions ? positions[(n % T + first) * D + i] : 0);
    }
  });
  return y;
}

/**
 * dtable[v] = scale · Σ_{token[n] = v} dy[n], dpositions[t + first] = Σ_b dy[b,
 * t]
 */
export function embedGradient(
  dy: Float64Array, // [B·T, D]
  tokens: Uint32Array,
  sizes: { table: number; positions: number }, // elements
  { T, D, first, scale, padding }: EmbedShape,
): { table: Float64Array; positions: Float64Array } {
  const table = new Float64Array(sizes.table);
  const positions = new Float64Array(sizes.positions);
  tokens.forEach((token, n) => {
    for (let i = 0; i < D; i++) {
      if (token !== padding) table[token * D + i] += scale * dy[n * D + i];
      if (positions.length) {
        positions[(n % T + first) * D + i] += dy[n * D + i];
      }
    }
  });
  return { table, positions };
}
