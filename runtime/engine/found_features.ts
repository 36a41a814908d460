/** Without this file what several ways of computing find of a row would not become one list. */

export interface Triples {
  readonly row: Int32Array;
  readonly feature: Int32Array;
  readonly value: Float32Array;
  /** Rows, pairs that the bound could not exclude, values computed for them, rows computed densely. */
  readonly counts: Int32Array;
}

export interface Found {
  readonly features: Int32Array[];
  readonly values: Float32Array[];
  candidates: number;
  computed: number;
}

const NONE = new Int32Array(0);
const NOTHING = new Float32Array(0);

export const nothingFound = (rows: number): Found => ({ features: new Array<Int32Array>(rows).fill(NONE), values: new Array<Float32Array>(rows).fill(NOTHING), candidates: 0, computed: 0 });

/** A row's features in order; two runs of one row never share a feature that is active, but padding may repeat it. */
export function addFound(found: Found, row: number, features: Int32Array, values: Float32Array): void {
  const [before, old] = [found.features[row]!, found.values[row]!];
  if (before.length === 0) {
    found.features[row] = features;
    found.values[row] = values;
    return;
  }
  const length = before.length + features.length;
  const made = { features: new Int32Array(length), values: new Float32Array(length) };
  let to = 0;
  for (let a = 0, b = 0; a < before.length || b < features.length; to++) {
    const first = b === features.length || (a < before.length && before[a]! <= features[b]!);
    made.features[to] = first ? before[a]! : features[b]!;
    made.values[to] = first ? old[a]! : values[b]!;
    if (first && b < features.length && before[a] === features[b]) b++;
    if (first) a++;
    else b++;
  }
  found.features[row] = made.features.subarray(0, to);
  found.values[row] = made.values.subarray(0, to);
}

/** Rows in order; `dense`: how many of them were computed densely. */
export function joined({ features, values, candidates, computed }: Found, rows: number, dense: number): Triples {
  const entries = features.reduce((sum, list) => sum + list.length, 0);
  const made = { row: new Int32Array(entries), feature: new Int32Array(entries), value: new Float32Array(entries), counts: Int32Array.of(rows, candidates, computed, dense) };
  let at = 0;
  for (let n = 0; n < rows; n++) {
    made.row.fill(n, at, at + features[n]!.length);
    made.feature.set(features[n]!, at);
    made.value.set(values[n]!, at);
    at += features[n]!.length;
  }
  return made;
}
