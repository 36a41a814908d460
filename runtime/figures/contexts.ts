/** Without this file places where features fire would be row numbers instead of text. */
import type { Op } from "../../src/ops/op.ts";
import type { Acts, ActsTap, ContextWindow, Features, Table } from "../data/frame.ts";
import { createColumn, createTable } from "../data/table.ts";
import { listedFeatures } from "./features.ts";
import { strongestPlaces, valueAt } from "../kernels/contexts.ts";

interface Line extends ContextWindow {
  readonly layer: number;
  readonly rank: number;
  readonly row: number;
  readonly position: number;
}

/**
 * acts → one row per window: columns feature, rank (from 1), activation, row, position (both from 0, of the firing token), before, token,
 * after (texts), activations (JSON list, one value per token of the window; null where the model was not read). Several layers: `layer` first.
 */
export function contextsTable(op: Op & { readonly op: "contexts" }, input: Acts | Features): Table {
  const acts = input.kind === "features" ? input.acts : input;
  if (acts.kind === "reduced") throw new Error("places are looked for in activations that were let go");
  const lines = acts.taps.flatMap((tap) => {
    const features = op.features ?? (input.kind === "features" ? listedFeatures(input, tap.layer) : []);
    return strongestPlaces(tap.csr, acts.rows, features, op.count, op.threshold)
      .flatMap(({ feature, rows, values }) => rows.map((row, i) => line(acts, tap, feature, row, values[i]!, i + 1, op.window)));
  });
  const ints = (name: string, of: (line: Line) => number): Table["columns"][number] => createColumn(name, "int", lines.map(of));
  const texts = (name: string, of: (line: Line) => string): Table["columns"][number] => createColumn(name, "str", lines.map(of));
  const table = createTable("contexts", [
    ...(acts.taps.length > 1 ? [ints("layer", ({ layer }) => layer)] : []),
    ints("feature", ({ feature }) => feature),
    ints("rank", ({ rank }) => rank),
    createColumn("activation", "float", lines.map(({ activation }) => activation)),
    ints("row", ({ row }) => row),
    ints("position", ({ position }) => position),
    texts("before", ({ pieces, firing }) => pieces.slice(0, firing).join("")),
    texts("token", ({ pieces, firing }) => pieces[firing]!),
    texts("after", ({ pieces, firing }) => pieces.slice(firing + 1).join("")),
    texts("activations", ({ activations }) => JSON.stringify(activations)),
  ]);
  return { ...table, windows: lines };
}

function line(acts: Acts, tap: ActsTap, feature: number, row: number, activation: number, rank: number, window: number): Line {
  const { document, position } = acts.rows;
  const text = document[row]!;
  const at = position[row]!;
  const ids = acts.tokens.ids[text]!;
  const from = Math.max(0, at - window);
  const to = Math.min(ids.length, at + window + 1);
  const activations = Array.from({ length: to - from }, (_, i): number | null => {
    // Rows of a document lie side by side; where its positions were cut, a neighbour is another token.
    const other = row + from + i - at;
    const read = other >= 0 && other < acts.rows.count && document[other] === text && position[other] === from + i;
    return read ? valueAt(tap.csr, other, feature) : null;
  });
  return { layer: tap.layer, feature, rank, activation, row: text, position: at, pieces: [...acts.tokens.pieces(ids.subarray(from, at)), acts.tokens.piece(ids[at]!), ...acts.tokens.pieces(ids.subarray(at + 1, to))], firing: at - from, activations };
}
