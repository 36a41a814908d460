/** Without this file places where features fire would be row numbers instead of text. */
import type { Op } from "../../src/ops/op.ts";
import type { Acts, ActsTap, ContextWindow, Features, Table } from "../data/frame.ts";
import { createColumn, createTable } from "../data/table.ts";
import { listedFeatures } from "./features.ts";
import { readingsOf } from "./measured.ts";
import { strongestPlaces, valueAt } from "../kernels/contexts.ts";

/** Tokens that a character of UTF-8 may be spelt with. */
const MOST_BYTES = 4;
/** Features named in one notice. */
const MOST_NAMED = 8;

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
  return { ...table, windows: lines, foundIn: readingsOf(acts) };
}

/** Features that were named and fire nowhere, in words; null where all fire. */
export function silentNotice(label: string, name: string | null, { features, threshold }: Op & { readonly op: "contexts" }, { taps }: Acts, { windows = [] }: Table): string | null {
  const fires = new Set(windows.map(({ layer, feature }) => `${layer}:${feature}`));
  const silent = taps.flatMap(({ layer }) => (features ?? []).filter((feature) => !fires.has(`${layer}:${feature}`)).map((feature) => `feature ${feature}${taps.length > 1 ? ` of layer ${layer}` : ""}`));
  if (silent.length === 0) return null;
  const shown = silent.slice(0, MOST_NAMED);
  const more = silent.length > shown.length ? ` and ${silent.length - shown.length} more` : "";
  return `${label}: ${shown.join(", ")}${more} ${silent.length === 1 ? "fires" : "fire"} nowhere above ${threshold}${name === null ? " in these texts" : ` in ${name}`}`;
}

function line(acts: Acts, tap: ActsTap, feature: number, row: number, activation: number, rank: number, window: number): Line {
  const { document, position } = acts.rows;
  const text = document[row]!;
  const at = position[row]!;
  const ids = acts.tokens.ids[text]!;
  const from = Math.max(0, at - window);
  const to = Math.min(ids.length, at + window + 1);
  const read = Array.from({ length: to - from }, (_, i): number | null => {
    // Rows of a document lie side by side; where its positions were cut, a neighbour is another token.
    const other = row + from + i - at;
    return other >= 0 && other < acts.rows.count && document[other] === text && position[other] === from + i ? other : null;
  });
  const activations = read.map((other) => (other === null ? null : valueAt(tap.csr, other, feature)));
  const special = read.map((other) => other !== null && acts.rows.masked[other] === 1);
  return { layer: tap.layer, feature, rank, activation, row: text, position: at, pieces: piecesAround(acts.tokens, ids, from, to, at), firing: at - from, activations, special };
}

/** Tokens of a window as text. A character that several of them spell stands where the firing one is, if it is among them: it is what fires there. */
function piecesAround(tokens: Acts["tokens"], ids: Int32Array, from: number, to: number, at: number): readonly string[] {
  // A window may begin or end within a character.
  const before = Math.min(from, MOST_BYTES - 1);
  const pieces = tokens.pieces(ids.subarray(from - before, to + MOST_BYTES - 1)).slice(before, before + to - from);
  const firing = at - from;
  if (pieces[firing] !== "" || tokens.piece(ids[at]!) === "") return pieces;
  const first = pieces.findLastIndex((piece, i) => i < firing && piece !== "");
  if (first < 0) return pieces;
  [pieces[first], pieces[firing]] = ["", pieces[first]!];
  return pieces;
}
