/** Without this file small p-values would be rounded to 0: 1 − Φ(z) loses every digit where Φ(z) is nearly 1. */

/**
 * P(|Z| ≥ |z|) of a standard normal Z, relative error below 1e-12 down to 1e-300.
 * erfc(x), x = |z|/√2: below 1.5 by the series 1 − 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!, above by the continued fraction
 * (Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.6 and 7.1.14).
 */
export function normalTails(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const scale = Math.exp(-x * x) / Math.sqrt(Math.PI);
  return x < 1.5 ? 1 - 2 * scale * series(x) : scale / fraction(x);
}

function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return sum;
}

/** x + (1/2)/(x + 1/(x + (3/2)/(x + …))), from the inside out; 200 steps are far more than x ≥ 1.5 needs. */
function fraction(x: number): number {
  let value = x;
  for (let n = 200; n > 0; n--) value = x + n / 2 / value;
  return value;
}
