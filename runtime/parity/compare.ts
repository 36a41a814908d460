/** Without this file two lists of features could only be called alike or different. */
import type { Csr } from "../kernels/csr.ts";
import type { FeatureAt } from "./exact_pre.ts";

/** A feature that is active on one side only. */
export interface Flip extends FeatureAt {
  readonly side: "ours" | "theirs";
  readonly value: number;
}

/** Counts and differences over some rows. */
export interface Agreement {
  readonly tokens: number;
  readonly both: number;
  readonly onlyOurs: number;
  readonly onlyTheirs: number;
  /** both / (both + onlyOurs + onlyTheirs), over all rows together. */
  readonly jaccard: number;
  /** The same for each row: 1st percentile and median, nearest rank. */
  readonly jaccardP1: number;
  readonly jaccardP50: number;
  /** Share of rows with exactly the same features. */
  readonly exactSets: number;
  /** Differences of values where both are active, and only there. */
  readonly maxAbsolute: number;
  readonly relativeP50: number;
  readonly relativeP99: number;
  readonly relativeMax: number;
}

export interface Compared {
  readonly agreement: Agreement;
  readonly flips: readonly Flip[];
  /** Features and rows that differ most: by one-sided activations, then by the largest relative difference. */
  readonly worstFeatures: readonly { readonly feature: number; readonly flips: number; readonly relative: number }[];
  readonly worstRows: readonly { readonly row: number; readonly flips: number; readonly relative: number }[];
}

const WORST = 5;

/** Compare features row by row. `rows` chooses which rows count. */
export function compareFeatures(ours: Csr, theirs: Csr, rows: readonly number[]): Compared {
  const flips: Flip[] = [];
  const relative: number[] = [];
  const perRow: number[] = [];
  const byFeature = new Map<number, { flips: number; relative: number }>();
  const byRow = new Map<number, { flips: number; relative: number }>();
  const note = (map: typeof byFeature, id: number, flip: number, difference: number): void => {
    const known = map.get(id) ?? { flips: 0, relative: 0 };
    map.set(id, { flips: known.flips + flip, relative: Math.max(known.relative, difference) });
  };
  let both = 0;
  let exact = 0;
  let maxAbsolute = 0;
  for (const row of rows) {
    let [a, b] = [ours.indptr[row]!, theirs.indptr[row]!];
    const [aEnd, bEnd] = [ours.indptr[row + 1]!, theirs.indptr[row + 1]!];
    let shared = 0;
    const before = flips.length;
    while (a < aEnd || b < bEnd) {
      const left = a < aEnd ? ours.indices[a]! : Infinity;
      const right = b < bEnd ? theirs.indices[b]! : Infinity;
      if (left === right) {
        const [x, y] = [ours.values[a++]!, theirs.values[b++]!];
        const difference = Math.abs(x - y);
        const ratio = difference / Math.max(Math.abs(x), Math.abs(y));
        maxAbsolute = Math.max(maxAbsolute, difference);
        relative.push(ratio);
        note(byFeature, left, 0, ratio);
        note(byRow, row, 0, ratio);
        shared++;
      } else {
        const ourSide = left < right;
        const feature = Math.min(left, right);
        flips.push({ row, feature, side: ourSide ? "ours" : "theirs", value: ourSide ? ours.values[a++]! : theirs.values[b++]! });
        note(byFeature, feature, 1, 0);
        note(byRow, row, 1, 0);
      }
    }
    const all = shared + flips.length - before;
    perRow.push(all === 0 ? 1 : shared / all);
    if (flips.length === before) exact++;
    both += shared;
  }
  const onlyOurs = flips.filter(({ side }) => side === "ours").length;
  const union = both + flips.length;
  const rank = (values: number[], p: number): number => (values.length === 0 ? 0 : values.sort((x, y) => x - y)[Math.max(0, Math.ceil(p * values.length) - 1)]!);
  const worst = (map: typeof byFeature): { id: number; flips: number; relative: number }[] => [...map].map(([id, one]) => ({ id, ...one })).sort((x, y) => y.flips - x.flips || y.relative - x.relative || x.id - y.id).slice(0, WORST);
  return {
    agreement: {
      tokens: rows.length, both, onlyOurs, onlyTheirs: flips.length - onlyOurs, jaccard: union === 0 ? 1 : both / union, jaccardP1: rank(perRow, 0.01), jaccardP50: rank(perRow, 0.5), exactSets: rows.length === 0 ? 1 : exact / rows.length,
      maxAbsolute, relativeP50: rank(relative, 0.5), relativeP99: rank(relative, 0.99), relativeMax: rank(relative, 1),
    },
    flips,
    worstFeatures: worst(byFeature).map(({ id, ...rest }) => ({ feature: id, ...rest })),
    worstRows: worst(byRow).map(({ id, ...rest }) => ({ row: id, ...rest })),
  };
}

/** |a − b| / |b| of each row of width d, in float64. */
export function relativeErrors(ours: Float32Array, theirs: Float32Array, d: number): Float64Array {
  return Float64Array.from({ length: theirs.length / d }, (_, row) => {
    let difference = 0;
    let size = 0;
    for (let at = row * d; at < (row + 1) * d; at++) {
      difference += (ours[at]! - theirs[at]!) ** 2;
      size += theirs[at]! ** 2;
    }
    return size === 0 ? (difference === 0 ? 0 : Infinity) : Math.sqrt(difference / size);
  });
}
