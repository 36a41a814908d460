/** Without this file one massive activation would leave eight bits of nothing to all other dimensions. */

/** A dimension outlies where it is this many times a row's root mean square; normal values of 16,384 dimensions stay below 5. */
const OUTLYING = 8;
/** Dimensions at most: each costs a float32 product with every feature. */
const MOST = 16;

/** Dimensions of rows `block` of x [·, d] that outlie in some row, ascending, given ‖x‖² of each row; the most outlying where they are many. NaN never outlies. */
export function outlyingDimensions(x: Float32Array, d: number, sizes: Float64Array, block: Uint32Array): readonly number[] {
  const worst = new Map<number, number>();
  for (const row of block) {
    const bar = OUTLYING * Math.sqrt(sizes[row]! / d);
    if (!(bar > 0)) continue;
    for (let i = 0; i < d; i++) {
      const size = Math.abs(x[row * d + i]!);
      if (size > bar) worst.set(i, Math.max(worst.get(i) ?? 0, size / bar));
    }
  }
  const chosen = [...worst].sort(([a, left], [b, right]) => right - left || a - b).slice(0, MOST);
  return chosen.map(([dim]) => dim).sort((a, b) => a - b);
}
