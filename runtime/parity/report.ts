/** Without this file a comparison would end in numbers that nobody has judged. */
import type { SaeSpec } from "../../src/emit/sae_specs.ts";
import type { Csr } from "../kernels/csr.ts";
import { compareFeatures, relativeErrors, type Agreement, type Compared, type Flip } from "./compare.ts";
import type { Dump } from "./dump.ts";
import { exactPre } from "./exact_pre.ts";

/** A flip with the arithmetic behind it: pre-activations in float64 from each side's own residual. */
export interface ExplainedFlip extends Flip {
  readonly oursPre: number;
  readonly theirsPre: number;
  readonly threshold: number;
  /** |pre − threshold| on our side. */
  readonly margin: number;
  /** How far float32 may be from the exact value: 8·ε·Σ|x·w|. */
  readonly bound: number;
  /** Null where rounding explains it; else which side is wrong, in words. */
  readonly wrong: string | null;
}

export interface Gate {
  readonly name: string;
  readonly passed: boolean;
  readonly found: string;
  readonly wanted: string;
}

export interface Report {
  /** Rows after the first position of each text; first positions have activations of their own and are apart. */
  readonly agreement: Agreement;
  readonly firstPositions: Agreement;
  readonly residual: { readonly median: number; readonly worst: number; readonly firstWorst: number };
  readonly l0: { readonly ours: number; readonly theirs: number };
  /** Null for kinds of SAE whose limit depends on the other features of a row: their flips are counted, not explained. */
  readonly flips: { readonly count: number; readonly unexplained: readonly ExplainedFlip[]; readonly largestMargin: number } | null;
  readonly worstFeatures: Compared["worstFeatures"];
  readonly worstPositions: readonly { readonly text: number; readonly position: number; readonly flips: number; readonly relative: number }[];
  readonly gates: readonly Gate[];
}

/** What each dtype of the other side's model allows (float32: measured summation orders differ by 1e-6; bf16: flips of 0.3 to 1 % of what is active). */
const LIMITS = {
  float32: { median: 1e-5, worst: 1e-4, jaccard: 0.9999, l0: 0.001, value: 1e-4 },
  half: { median: 2e-2, worst: 0.2, jaccard: 0.98, l0: 0.01, value: 0.1 },
} as const;

const EPSILON = 2 ** -23;

/** Compare our residuals and features of a dump's texts with those in it. */
export async function report(dump: Dump, sae: SaeSpec, residual: Float32Array, features: Csr): Promise<Report> {
  const limits = dump.meta["model_dtype"] === "float32" ? LIMITS.float32 : LIMITS.half;
  const starts = new Set<number>();
  let at = 0;
  for (const ids of dump.documents) {
    starts.add(at);
    at += ids.length;
  }
  const rows = Array.from({ length: at }, (_, row) => row).filter((row) => !starts.has(row));
  const compared = compareFeatures(features, dump.features, rows);
  const first = compareFeatures(features, dump.features, [...starts]);
  const errors = relativeErrors(residual, dump.residual, dump.width);
  const later = rows.map((row) => errors[row]!).sort((a, b) => a - b);
  const { median, worst } = { median: later[later.length >> 1] ?? 0, worst: later.at(-1) ?? 0 };
  const flips = await explain([...compared.flips, ...first.flips], sae, residual, dump, errors, limits.worst);
  const l0 = (csr: Csr): number => rows.reduce((sum, row) => sum + csr.indptr[row + 1]! - csr.indptr[row]!, 0) / Math.max(1, rows.length);
  const l0s = { ours: l0(features), theirs: l0(dump.features) };
  const gate = (name: string, found: number, limit: number, least = false): Gate => ({ name, passed: least ? found >= limit : found <= limit, found: short(found), wanted: `${least ? "≥" : "≤"} ${short(limit)}` });
  return {
    agreement: compared.agreement,
    firstPositions: first.agreement,
    residual: { median, worst, firstWorst: Math.max(0, ...[...starts].map((row) => errors[row]!)) },
    l0: l0s,
    flips,
    worstFeatures: compared.worstFeatures,
    worstPositions: compared.worstRows.map(({ row, ...rest }) => ({ ...textAt(row, dump), ...rest })),
    gates: [
      gate("relative L2 of residuals, median", median, limits.median),
      gate("relative L2 of residuals, worst token", worst, limits.worst),
      gate("relative difference of values, p99", compared.agreement.relativeP99, limits.value),
      gate("Jaccard over all features", compared.agreement.jaccard, limits.jaccard, true),
      gate("difference of L0, relative", l0s.theirs === 0 ? Math.abs(l0s.ours) : Math.abs(l0s.ours - l0s.theirs) / l0s.theirs, limits.l0),
      ...(flips === null ? [] : [gate("unexplained flips", flips.unexplained.length, 0)]),
    ],
  };
}

/**
 * A flip is explained where each side did what exact arithmetic on its own residual says, but for rounding, and the two residuals differ no more than
 * their dtype allows. One that is not is a mistake of one of the two programs, however good all other figures are.
 */
async function explain(flips: readonly Flip[], sae: SaeSpec, residual: Float32Array, dump: Dump, errors: Float64Array, worst: number): Promise<Report["flips"]> {
  const [ours, theirs] = [await exactPre(sae, residual, flips), await exactPre(sae, dump.residual, flips)];
  if (ours === null || theirs === null) return null;
  const all = flips.map((flip, i): ExplainedFlip => {
    const [a, b] = [ours[i]!, theirs[i]!];
    const bound = 8 * EPSILON * Math.max(a.magnitude, b.magnitude);
    const odd = (active: boolean, pre: number): boolean => (active ? pre <= a.threshold - bound : pre > a.threshold + bound);
    const wrong = odd(flip.side === "ours", a.pre) ? "ours does not follow from our residual" : odd(flip.side === "theirs", b.pre) ? "theirs does not follow from their residual" : errors[flip.row]! > worst ? "the residuals differ" : null;
    return { ...flip, oursPre: a.pre, theirsPre: b.pre, threshold: a.threshold, margin: Math.abs(a.pre - a.threshold), bound, wrong };
  });
  return { count: all.length, unexplained: all.filter(({ wrong }) => wrong !== null), largestMargin: Math.max(0, ...all.map(({ margin }) => margin)) };
}

/** Text and position, both from 0. */
function textAt(row: number, dump: Dump): { readonly text: number; readonly position: number } {
  let left = row;
  const text = dump.documents.findIndex(({ length }) => {
    if (left < length) return true;
    left -= length;
    return false;
  });
  return { text, position: left };
}

export function short(value: number): string {
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6) ? value.toExponential(2) : String(Number(value.toPrecision(6)));
}
