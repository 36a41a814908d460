/** Without this file nobody would know whether two lists of top features differ for a reason or by a tie. */
import type { Op } from "../../src/ops/op.ts";
import type { Acts, Features, Table, Value } from "../data/frame.ts";
import { rankFeatures } from "../figures/features.ts";

/** How sure a list of top features is: the score of the last that is in it and of the first that is not. */
export interface Margin {
  readonly group: string | null;
  /** Null where layers are ranked together, or there is one. */
  readonly layer: number | null;
  readonly by: string;
  readonly asked: number;
  /** In rank order, `layer:feature` where layers are ranked together; cut at MOST_LISTED. */
  readonly features: readonly (number | string)[];
  /** Score of each of them. */
  readonly scores: readonly number[];
  /** Null: no other feature is active. */
  readonly next: number | null;
  /** last - next: how much would have to change until another feature comes in. */
  readonly margin: number | null;
}

const MOST_LISTED = 200;

/** The margins of one `top`: one for each group, and where it ranks by layer for each layer. */
export function marginsOf(op: Op & { readonly op: "rank" }, value: Value): readonly Margin[] {
  const members = value.kind === "groups" ? value.members : [{ name: null, value }];
  return members.flatMap(({ name, value: single }) => (single.kind === "features" ? ofFeatures(op, name, single) : []));
}

function ofFeatures(op: Op & { readonly op: "rank" }, group: string | null, features: Features): Margin[] {
  const more = rankFeatures({ ...op, count: op.count + 1 }, features).table;
  const layers = numbers(more, "layer");
  const ids = numbers(more, "feature")!;
  const score = numbers(more, op.by)!;
  const rows = Array.from(ids, (_, row) => row);
  const lists = layers === null || op.per === "all" ? [{ layer: null, rows }] : [...new Set(layers)].map((layer) => ({ layer, rows: rows.filter((row) => layers[row] === layer) }));
  return lists.map(({ layer, rows: own }): Margin => {
    const inside = own.slice(0, op.count);
    const last = inside.at(-1);
    const next = own[op.count];
    const rounded = (row: number): number => Number(score[row]!.toPrecision(6));
    const listed = inside.slice(0, MOST_LISTED);
    return {
      group,
      layer,
      by: op.by,
      asked: op.count,
      features: listed.map((row) => (layers !== null && layer === null ? `${layers[row]}:${ids[row]}` : ids[row]!)),
      scores: listed.map(rounded),
      next: next === undefined ? null : rounded(next),
      margin: next === undefined || last === undefined ? null : Number((score[last]! - score[next]!).toPrecision(6)),
    };
  });
}

function numbers(table: Table, name: string): Float64Array | null {
  const found = table.columns.find((column) => column.name === name);
  return found !== undefined && (found.type === "int" || found.type === "float") ? found.values : null;
}

/** Activations so near the threshold that another device may see them on its other side. */
export interface NearThreshold {
  readonly within: number;
  readonly count: number;
  /** The first of them, in the order of the texts. */
  readonly places: readonly { readonly feature: number; readonly layer: number; readonly row: number; readonly position: number; readonly activation: number }[];
}

/** How near is near: what float32 sums of a model differ by from device to device. */
const NEAR = 1e-3;
const MOST_PLACES = 20;

/** The active places that are within 0.001 above the threshold; null for values without activations. */
export function nearThreshold(value: Value, threshold: number): NearThreshold | null {
  const members = value.kind === "groups" ? value.members : [{ name: null, value }];
  const acts = members.map(({ value: single }) => single).filter((single): single is Acts => single.kind === "acts");
  if (acts.length === 0) return null;
  let count = 0;
  const places: NearThreshold["places"][number][] = [];
  for (const { rows, taps } of acts) {
    for (const { layer, csr } of taps) {
      let row = 0;
      csr.values.forEach((activation, at) => {
        if (!(activation > threshold && activation <= threshold + NEAR)) return;
        count++;
        if (places.length === MOST_PLACES) return;
        while (at >= csr.indptr[row + 1]!) row++;
        places.push({ feature: csr.indices[at]!, layer, row: rows.document[row]!, position: rows.position[row]!, activation: Number(activation.toPrecision(4)) });
      });
    }
  }
  return { within: NEAR, count, places };
}
