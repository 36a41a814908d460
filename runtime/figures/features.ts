/** Without this file ranks, overlaps and unions of features would be numbers without a table. */
import type { Op } from "../../src/ops/op.ts";
import type { Column, Features, Groups, Measured, Table } from "../data/frame.ts";
import { createColumn } from "../data/table.ts";
import { overlap, union } from "../kernels/overlap.ts";
import { factsOf, totalsOf } from "./measured.ts";
import { rankTotals, type Ranked } from "../kernels/rank.ts";

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
    ...(lists.length > 1 ? [createColumn("layer", "int", entries.map(({ layer }) => layer))] : []),
    createColumn("feature", "int", pick((ranked) => ranked.features)),
    createColumn("count", "int", pick((ranked) => ranked.count)),
    createColumn("mean", "float", pick((ranked) => ranked.mean)),
    createColumn("max", "float", pick((ranked) => ranked.max)),
    ...(op.by === "sum" ? [createColumn("sum", "float", pick((ranked) => ranked.sum))] : []),
    ...(op.by === "frac" ? [createColumn("frac", "float", pick((ranked) => ranked.frac))] : []),
  ];
  return { kind: "features", table: { kind: "table", rows: entries.length, columns, origin: factsOf(acts).origin }, acts };
}

/** The features of a list that belong to a layer, in the order of the list; where there is one layer, all. */
export function listedFeatures({ table, acts }: Features, layer: number): readonly number[] {
  const numbers = (name: string): Float64Array | null => {
    const found = table.columns.find((column) => column.name === name);
    return found !== undefined && found.type === "int" ? found.values : null;
  };
  const layers = acts.taps.length > 1 ? numbers("layer") : null;
  return [...(numbers("feature") ?? [])].filter((_, i) => layers === null || layers[i] === layer);
}

/** The same as a set. */
const setOf = (features: Features, layer: number): Uint32Array => Uint32Array.from(listedFeatures(features, layer));

/** Each pair of groups: sizes, shared features, Jaccard index |A ∩ B| / |A ∪ B|. */
export function overlapTable(groups: Groups<Features>): Table {
  const pairs = groups.members.flatMap((a, i) => groups.members.slice(i + 1).map((b) => ({ a, b })));
  const layered = (groups.members[0]?.value.acts.taps.length ?? 1) > 1;
  const rows = pairs.map(({ a, b }) => {
    let sizeA = 0;
    let sizeB = 0;
    const shared: string[] = [];
    for (const { layer } of a.value.acts.taps) {
      const found = overlap(setOf(a.value, layer), setOf(b.value, layer));
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
      createColumn("a", "str", rows.map((row) => row.a)),
      createColumn("b", "str", rows.map((row) => row.b)),
      createColumn("size_a", "int", rows.map((row) => row.sizeA)),
      createColumn("size_b", "int", rows.map((row) => row.sizeB)),
      createColumn("shared", "int", rows.map((row) => row.shared.length)),
      createColumn("jaccard", "float", rows.map((row) => row.jaccard)),
      createColumn("features", "str", rows.map((row) => row.shared.join(" "))),
    ],
  };
}

/** Every feature that any group lists, with its true count in each group's activations. */
export function unionTable(groups: Groups<Features>, threshold: number): Table {
  const acts = groups.members.map(({ value }) => value.acts);
  const taps = acts[0]!.taps;
  const layers: number[] = [];
  const features: number[] = [];
  const counts: number[][] = groups.members.map(() => []);
  taps.forEach((tap, t) => {
    const found = acts.map((each) => totalsOf(each, t, threshold));
    for (const feature of union(groups.members.map(({ value }) => setOf(value, tap.layer)))) {
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
      ...(taps.length > 1 ? [createColumn("layer", "int", layers)] : []),
      createColumn("feature", "int", features),
      ...groups.members.map(({ name }, g) => createColumn(name, "int", counts[g]!)),
    ],
  };
}
