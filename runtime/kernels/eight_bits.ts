/** Without this file numbers would become eight-bit levels in several ways, with errors that nobody bounds. */

/** v = scale · level + e: what bounds a vector's product with another one. All are rounded up but `scale`, which is exact. */
export interface Bounds {
  readonly scale: number;
  /** ‖v‖ */
  readonly norm: number;
  /** ‖scale · level‖ */
  readonly kept: number;
  /** ‖e‖ */
  readonly error: number;
}

/** Norms are summed in float64, d · 2⁻⁵³ relative at worst: this covers it, and the rounding to float32, for any d below 2²⁹. */
const UP = 1 + 2 ** -22;

/** Near it float64 numbers are whole: adding and taking it away rounds, four times as fast as a branch on the sign. */
const WHOLE = 1.5 * 2 ** 52;

/** The least float32 that is no smaller than a norm summed in float64. */
const roundedUp = (sumOfSquares: number): number => Math.fround(Math.sqrt(sumOfSquares) * UP + 2 ** -140);

/**
 * Symmetric levels −127 … 127 of `values[from + i]`, i < d, into `levels[at + i]`, plus `offset` there.
 * `skip[i]` = 1: dimension i counts as zero (it is taken care of elsewhere) but for `norm`. Any scale and any level would be right, since e
 * is what is left: exact up to float64, as scale · level has 31 bits. Not finite: NaN or infinite norms.
 */
export function quantize(values: Float32Array, from: number, d: number, levels: Int8Array | Uint8Array, at: number, offset: number, skip: Uint8Array | null): Bounds {
  const vector = values.subarray(from, from + d);
  const out = levels.subarray(at, at + d);
  let largest = 0;
  let all = 0;
  for (let i = 0; i < d; i++) {
    const value = vector[i]!;
    all += value * value;
    if (skip !== null && skip[i] === 1) continue;
    const size = Math.abs(value);
    if (size > largest) largest = size;
  }
  // Below, 127 steps would underflow; all levels are 0 then, and the error is the vector itself.
  const fine = largest > 2 ** -100 && Number.isFinite(all);
  const scale = fine ? Math.fround(largest / 127) : 1;
  const steps = fine ? 1 / scale : 0;
  let squares = 0;
  let lost = 0;
  for (let i = 0; i < d; i++) {
    const value = skip !== null && skip[i] === 1 ? 0 : vector[i]!;
    // To the nearest whole number: at most 127, as value · steps is at most 127 and a few roundings.
    const level = value * steps + WHOLE - WHOLE;
    out[i] = level + offset;
    squares += level * level;
    const left = value - scale * level;
    lost += left * left;
  }
  return { scale, norm: roundedUp(all), kept: roundedUp(squares * scale * scale), error: roundedUp(lost) };
}
