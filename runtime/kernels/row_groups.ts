/** Without this file rows that share candidates would each fetch the same weights. */

/** Rows computed together, and the union of their features, ascending and at least as many as a product needs. */
export interface RowGroup {
  readonly rows: Uint32Array;
  readonly features: Uint32Array;
}

/**
 * Cost of one run over t rows and U features, in units of one multiplied row and feature: fetching a feature's weights costs as much as 28
 * rows of products, a run as much as 700 (measured at d = 4096 on AVX-512, rows 2 … 128, features 200 … 4,000).
 */
const FETCH = 28;
const RUN = 700;

const cost = (rows: number, features: number, least: number): number => RUN + Math.max(features, least) * (FETCH + Math.max(rows, 2));

/** Features that so many rows want that one run over all rows is cheaper than fetching them for each: ascending, enough for a product, or none. */
export function commonFeatures(rows: Uint32Array, lists: readonly Uint32Array[], width: number, least: number): Uint32Array {
  const wanted = new Uint32Array(width);
  for (const row of rows) for (const feature of lists[row]!) wanted[feature] = wanted[feature]! + 1;
  const bar = (FETCH + rows.length) / (FETCH + 3);
  const common: number[] = [];
  for (let feature = 0; feature < width; feature++) if (wanted[feature]! > bar) common.push(feature);
  return Uint32Array.from(common.length < least ? [] : common);
}

/** Put neighbours together as long as that makes each cheaper. `lists[n]`: features of row n, ascending, below `width`. */
export function groupRows(rows: Uint32Array, lists: readonly Uint32Array[], width: number, least: number): readonly RowGroup[] {
  const groups: RowGroup[] = [];
  const stamp = new Uint32Array(width);
  let members: number[] = [];
  let union: number[] = [];
  let wanted = 0;
  let mark = 0;
  const close = (): void => {
    if (members.length > 0) groups.push({ rows: Uint32Array.from(members), features: padded(union, stamp, mark, least) });
    members = [];
    union = [];
    wanted = 0;
    mark++;
  };
  close();
  for (const row of rows) {
    const list = lists[row]!;
    const fresh = list.reduce((count, feature) => count + (stamp[feature] === mark ? 0 : 1), 0);
    if (members.length > 0) {
      const now = cost(members.length, union.length, least);
      const more = cost(members.length + 1, union.length + fresh, least) - now;
      // Above the group's own mean for so many candidates, another group would serve the row better, if not alone, then with the next.
      if (more > cost(1, list.length, least) || more > (now * list.length) / wanted) close();
    }
    members.push(row);
    wanted += list.length;
    for (const feature of list) {
      if (stamp[feature] === mark) continue;
      stamp[feature] = mark;
      union.push(feature);
    }
  }
  close();
  return groups;
}

/** More features, where a product would be too narrow: they are computed too, and are silent. */
function padded(union: number[], stamp: Uint32Array, mark: number, least: number): Uint32Array {
  for (let other = 0; union.length < least; other++) {
    if (stamp[other] === mark) continue;
    union.push(other);
  }
  return Uint32Array.from(union).sort();
}
