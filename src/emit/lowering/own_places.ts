/** Without this file attention from standard operators would take texts of one length only: each token's place would be counted from that of the batch. */
import { constant, ints, node, type Graph } from "../graph.ts";
import { HIDDEN_NODES, positionsOf, type Standing } from "./standing.ts";

/** Place of each new token in its text, int64 [B, S]; 0 for padding, which stands behind a text. The engine feeds it, to graphs with learned positions too. */
const PLACES = "places";

function places(out: Graph): string {
  if (!out.names.has(PLACES)) {
    out.inputs.push({ name: PLACES, element: "i64", dims: ["B", "T"] });
    out.names.add(PLACES);
  }
  return PLACES;
}

/** A value that is made once for all blocks. */
function once(out: Graph, path: string, op: string, inputs: () => readonly string[], attributes: Readonly<Record<string, number>> = {}): string {
  return out.names.has(path) ? path : node(out, path, op, inputs(), attributes);
}

const at = (name: string): string => `${HIDDEN_NODES}own/${name}`;

/** Numbers of the columns of what is kept, f32 [T]: a text's own tokens are the first of them, without a gap. */
const columns = (out: Graph, total: string): string => once(out, at("columns"), "Slice", () => [positionsOf(out), constant(out, "i32", [1], [0]), total, constant(out, "i32", [1], [0])]);

/** Places as numbers that can be compared, f32 [B, S]. */
const numbers = (out: Graph): string => once(out, at("places"), "Gather", () => [positionsOf(out), places(out)], { axis: 0 });

/** Columns [1, 1, T, 1] before the last token of each text, or behind it: bool [B, 1, T, 1]. */
function beside(out: Graph, total: string, op: "Less" | "Greater"): string {
  const last = once(out, at("last"), "ReduceMax", () => [numbers(out), ints(out, 1)], { keepdims: 0 });
  const ends = once(out, at("ends"), "Unsqueeze", () => [last, ints(out, 1, 2, 3)]);
  const standing = once(out, at("standing"), "Unsqueeze", () => [columns(out, total), ints(out, 1)]);
  return once(out, at(op === "Less" ? "before_last" : "behind_last"), op, () => [standing, ends]);
}

/** Where new tokens stand in texts of any lengths: B texts, one new token each, or all of their tokens and padding behind them. */
export const OWN_PLACES: Standing = {
  /** [B, 1, S, width] */
  rows: (out, path, table) => once(out, `${path}/of_heads`, "Unsqueeze", () => [once(out, path, "Gather", () => [table, places(out)], { axis: 0 }), ints(out, 1)]),

  /** [B, 1, S, T]; what lies behind a text is later than all of its tokens. */
  hidden: (out, total, window) => {
    const queries = once(out, at("queries"), "Unsqueeze", () => [numbers(out), ints(out, 1, 3)]);
    const later = once(out, at("later"), "Greater", () => [columns(out, total), queries]);
    if (window < 0) return [later];
    const oldest = (): string => node(out, at(`oldest${window}`), "Sub", [queries, constant(out, "f32", [1], [window - 1])]);
    return [later, once(out, at(`before${window}`), "Less", () => [columns(out, total), oldest()])];
  },

  /**
   * What is kept [B, G, P, D] and what is new [B, G, S, D] → [B, G, P + S, D], S = 1 or P = 0. Each text's newest token follows its others, and zeros follow it: what padding
   * and other texts have left there is never multiplied, not even by a weight of 0, which would make NaN of what is not finite.
   */
  kept: (out, name, past, fresh, total) => {
    // The optimizer of the runtime moves a transposition behind what follows it, and no kernel of WebGPU turns the masks that it would turn then; it moves none through a Reshape.
    const made = node(out, `${name}/new`, "Reshape", [fresh, ints(out, 0, 0, -1, 0)]);
    const grown = node(out, `${name}/grown`, "Concat", [past, made], { axis: 2 });
    const ended = node(out, `${name}/ended`, "Where", [beside(out, total, "Greater"), constant(out, "f32", [], [0]), made]);
    return node(out, name, "Where", [beside(out, total, "Less"), grown, ended]);
  },
};
