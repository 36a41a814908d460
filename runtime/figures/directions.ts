/** Without this file what a decoder direction lies beside, or promotes, would be numbers without a table. */
import type { PromotedSide } from "../../src/ops/op.ts";
import type { Column } from "../data/frame.ts";
import { createColumn } from "../data/table.ts";
import type { Ranked } from "../kernels/best.ts";

/** What was found of one feature; `last`: of tokens, those whose logits fall. */
export interface OfFeature {
  readonly layer: number | null;
  readonly feature: number;
  readonly first: Ranked;
  readonly last: Ranked | null;
}

interface Line {
  readonly layer: number | null;
  readonly feature: number;
  readonly rank: number;
  readonly id: number;
  readonly value: number;
}

function linesOf({ layer, feature }: OfFeature, { ids, values }: Ranked): readonly Line[] {
  return Array.from(ids, (id, i): Line => ({ layer, feature, rank: i + 1, id, value: values[i]! }));
}

const head = (lines: readonly Line[], layered: boolean): readonly Column[] => [
  ...(layered ? [createColumn("layer", "int", lines.map(({ layer }) => layer))] : []),
  createColumn("feature", "int", lines.map(({ feature }) => feature)),
];

/** Columns feature, rank (from 1), similar (a feature), cosine. */
export function similarTable(found: readonly OfFeature[], layered: boolean): readonly Column[] {
  const lines = found.flatMap((each) => linesOf(each, each.first));
  return [
    ...head(lines, layered),
    createColumn("rank", "int", lines.map(({ rank }) => rank)),
    createColumn("similar", "int", lines.map(({ id }) => id)),
    createColumn("cosine", "float", lines.map(({ value }) => value)),
  ];
}

/** Columns feature, side (promoted or suppressed), rank (from 1 on each side), token_id, token, weight. */
export function promotedTable(found: readonly OfFeature[], layered: boolean, side: PromotedSide, piece: (id: number) => string): readonly Column[] {
  const lines = found.flatMap((each) => [
    ...(side === "suppressed" ? [] : linesOf(each, each.first).map((line) => ({ ...line, side: "promoted" }))),
    ...(side === "promoted" || each.last === null ? [] : linesOf(each, each.last).map((line) => ({ ...line, side: "suppressed" }))),
  ]);
  return [
    ...head(lines, layered),
    createColumn("side", "str", lines.map((line) => line.side)),
    createColumn("rank", "int", lines.map(({ rank }) => rank)),
    createColumn("token_id", "int", lines.map(({ id }) => id)),
    createColumn("token", "str", lines.map(({ id }) => piece(id))),
    createColumn("weight", "float", lines.map(({ value }) => value)),
  ];
}
