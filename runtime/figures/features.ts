/** Without this file ranks, overlaps and unions of features would be numbers without a table. */
import type { Op } from "../../src/ops/op.ts";
import type { Column, Features, Groups, Table, Measured } from "../data/frame.ts";
import { overlap, union } from "../kernels/overlap.ts";
import { factsOf, totalsOf } from "./measured.ts";
import { rankTotals, type Ranked } from "../kernels/rank.ts";

const ints = (name: string, values: ArrayLike<number>): Column => ({ name, type: "int", values: Float64Array.from(values), valid: null });

/** A float column; NaN means there is no value. */
function floats(name: string, values: ArrayLike<number>): Column {
  const array = Float64Array.from(values);
  const missing = array.some(Number.isNaN);
  return { name, type: "float", values: array, valid: missing ? Uint8Array.from(array, (value) => (Number.isNaN(value) ? 0 : 1)) : null };
}
const strs = (name: string, values: readonly string[]): Column => ({ name, type: "str", values, valid: null });

/** acts → the features that rank first, over all layers together or for each. */
export function rankFeatures(op: Op & { readonly op: "rank" }, input: Measured | Features): Features {
  const acts = input.kind === "features" ? input.acts : input;
  const lists = acts.taps.map((tap, t) => ({ layer: tap.layer, ranked: rankTotals(totalsOf(acts, t, op.threshold), { count: op.count, by: op.by, descending: true }) }));
  const entries = lists.flatMap(({ layer, ranked }) => Array.from(ranked.features, (_, i) => ({ layer, i, ranked })));
  if (op.per === "all" && lists.length > 1) {
    entries.sort((a, b) => b.ranked.score[b.i]! - a.ranked.score[a.i]! || a.layer - b.layer || a.ranked.features[a.i]! - b.ranked.features[b.i]!);
    entries.length = Math.min(entries.length, op.count);
  }
  const pick = (of: (ranked: Ranked) => ArrayLike<number>): number[] => entries.map(({ ranked, i }) => of(ranked)[i]!);
  const columns: Column[] = [
    ...(lists.length > 1 ? [ints("layer", entries.map(({ layer }) => layer))] : []),
    ints("feature", pick((ranked) => ranked.features)),
    ints("count", pick((ranked) => ranked.count)),
    floats("mean", pick((ranked) => ranked.mean)),
    floats("max", pick((ranked) => ranked.max)),
    ...(op.by === "sum" ? [floats("sum", pick((ranked) => ranked.sum))] : []),
    ...(op.by === "frac" ? [floats("frac", pick((ranked) => ranked.frac))] : []),
  ];
  return { kind: "features", table: { kind: "table", rows: entries.length, columns, origin: factsOf(acts).origin }, acts };
}

/** Features of a list by layer: one set where there is one layer. */
function listed(features: Features): ReadonlyMap<number, Uint32Array> {
  const column = (name: string): Float64Array | null => {
    const found = features.table.columns.find((each) => each.name === name);
    return found !== undefined && found.type === "int" ? found.values : null;
  };
  const ids = column("feature")!;
  const layers = column("layer");
  const only = features.acts.taps[0]!.layer;
  const sets = new Map<number, number[]>(features.acts.taps.map((tap) => [tap.layer, []]));
  ids.forEach((id, i) => sets.get(layers === null ? only : layers[i]!)!.push(id));
  return new Map([...sets].map(([layer, members]) => [layer, Uint32Array.from(members)]));
}

/** Each pair of groups: sizes, shared features, Jaccard index |A ∩ B| / |A ∪ B|. */
export function overlapTable(groups: Groups<Features>): Table {
  const pairs = groups.members.flatMap((a, i) => groups.members.slice(i + 1).map((b) => ({ a, b })));
  const layered = (groups.members[0]?.value.acts.taps.length ?? 1) > 1;
  const rows = pairs.map(({ a, b }) => {
    const left = listed(a.value);
    const right = listed(b.value);
    let sizeA = 0;
    let sizeB = 0;
    const shared: string[] = [];
    for (const [layer, set] of left) {
      const found = overlap(set, right.get(layer) ?? new Uint32Array(0));
      sizeA += found.sizes[0];
      sizeB += found.sizes[1];
      for (const feature of found.intersection) shared.push(layered ? `${layer}:${feature}` : String(feature));
    }
    const all = sizeA + sizeB - shared.length;
    return { a: a.name, b: b.name, sizeA, sizeB, shared, jaccard: all === 0 ? Number.NaN : shared.length / all };
  });
  return {
    kind: "table",
    rows: rows.length,
    origin: "overlap",
    columns: [
      strs("a", rows.map((row) => row.a)),
      strs("b", rows.map((row) => row.b)),
      ints("size_a", rows.map((row) => row.sizeA)),
      ints("size_b", rows.map((row) => row.sizeB)),
      ints("shared", rows.map((row) => row.shared.length)),
      floats("jaccard", rows.map((row) => row.jaccard)),
      strs("features", rows.map((row) => row.shared.join(" "))),
    ],
  };
}

/** Every feature that any group lists, with its true count in each group's activations. */
export function unionTable(groups: Groups<Features>, threshold: number): Table {
  const acts = groups.members.map(({ value }) => value.acts);
  const lists = groups.members.map(({ value }) => listed(value));
  const taps = acts[0]!.taps;
  const layers: number[] = [];
  const features: number[] = [];
  const counts: number[][] = groups.members.map(() => []);
  taps.forEach((tap, t) => {
    const found = acts.map((each) => totalsOf(each, t, threshold));
    for (const feature of union(lists.map((list) => list.get(tap.layer) ?? new Uint32Array(0)))) {
      layers.push(tap.layer);
      features.push(feature);
      found.forEach((each, g) => counts[g]!.push(each.count[feature]!));
    }
  });
  return {
    kind: "table",
    rows: features.length,
    origin: "union",
    columns: [
      ...(taps.length > 1 ? [ints("layer", layers)] : []),
      ints("feature", features),
      ...groups.members.map(({ name }, g) => ints(name, counts[g]!)),
    ],
  };
}
