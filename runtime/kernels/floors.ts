/** Without this file the screen would not know how small a product leaves a feature silent. `screen.ts` derives the bound. */
import type { SaeSpec } from "../../src/emit/sae_specs.ts";

const U = 2 ** -24;

export function gamma(d: number): number {
  const n = 2 * d + 8;
  return (n * U) / (1 - n * U);
}

export const tiny = (d: number): number => (2 * d + 8) * 2 ** -125;

/** One rounding after the sum (a product with a scale), and the float64 arithmetic here. */
const ROUNDED = 1 + 2 ** -22;

/** Per feature: active only if x·w ≥ level · slope + floor. `level` is 0 but for topk, where it is the row's k-th largest value so far. */
export interface Floors {
  readonly floor: Float64Array;
  readonly slope: Float64Array;
  /** topk: value ≥ (x·w + base) · lowScale from below; 0 where nothing is known. */
  readonly base: Float64Array;
  readonly lowScale: Float64Array;
}

/** Floors of every kind, from the same vectors that the graph uses. A feature that no floor is known for gets −∞ and is always computed. */
export function floorsOf(sae: SaeSpec): Floors {
  const { dSae: m, dIn: d } = sae;
  const g = gamma(d);
  const small = tiny(d);
  const made: Floors = { floor: new Float64Array(m), slope: new Float64Array(m), base: new Float64Array(m), lowScale: new Float64Array(m) };
  for (let j = 0; j < m; j++) {
    const bias = sae.bias[j]!;
    /** Least x·w with fl(x·w + b) ≥ t. */
    const least = (t: number, b: number): number => t - b - g * Math.abs(b) - small - Math.abs(t) * 2 ** -40;
    if (sae.kind === "gated") {
      const gate = least(0, sae.gateBias![j]!);
      const stretch = sae.magnitudeScale![j]!;
      // fl(raw · stretch) + bias > 0 as well; one more rounding lies in the product.
      const magnitude = stretch > 0 ? (-bias >= 0 ? -bias / (stretch * ROUNDED) : (-bias / stretch) * ROUNDED) - (g * Math.abs(bias)) / stretch - small / Math.min(1, stretch) : Number.NEGATIVE_INFINITY;
      made.floor[j] = Math.max(gate, Number.isFinite(magnitude) ? magnitude : gate);
      continue;
    }
    const scale = sae.preScale === null ? 1 : sae.preScale[j]!;
    const usable = scale > 2 ** -60 && scale < 2 ** 60;
    const bar = sae.kind === "jumprelu" && sae.threshold !== null ? Math.max(sae.threshold[j]!, 0) : 0;
    made.floor[j] = usable && Number.isFinite(bar) ? least(bar / (scale * ROUNDED), bias) : Number.NEGATIVE_INFINITY;
    if (sae.kind !== "topk" || !usable) continue;
    made.slope[j] = 1 / (scale * ROUNDED);
    made.base[j] = bias - g * Math.abs(bias) - small;
    made.lowScale[j] = scale / ROUNDED;
  }
  return made;
}
