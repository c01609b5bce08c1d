/** Which positions does fairseq use where none are learned? @module */

/**
 * fairseq's sinusoids: first half sines, second half cosines, frequency j =
 * 10000^(−j / (D/2 − 1)); an odd last column and the padding's row are 0.
 *
 * @returns `[rows, D]`
 */
export function sinusoids(
  rows: number,
  D: number,
  paddingRow?: number,
): Float32Array<ArrayBuffer> {
  const half = Math.floor(D / 2), table = new Float32Array(rows * D);
  for (let t = 0; t < rows; t++) {
    if (t === paddingRow) continue;
    for (let j = 0; j < half; j++) {
      const angle = t * 10000 ** (-j / (half - 1));
      table[t * D + j] = Math.sin(angle);
      table[t * D + half + j] = Math.cos(angle);
    }
  }
  return table;
}
