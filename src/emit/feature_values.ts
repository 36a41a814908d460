/** Without this file edits would not know how strongly a feature is active before they change it. */
import { activation, encoderInput, groupOf, preActivation, tilesOf, widened, type Tile } from "./encode.ts";
import { constant, ints, node, scalar, type Graph } from "./graph.ts";
import type { SaeSpec } from "./sae_specs.ts";

/**
 * What an SAE gives of some features, ascending, for rows x f32 [N, d] → f32 [N, features], in the units and with the bits of `tap{i}_value`, 0 where it is
 * not active. Where features compete, those that they compete with are computed as well.
 */
export function valuesOf(graph: Graph, path: string, sae: SaeSpec, x: string, features: readonly number[]): string {
  const values = ofChosen(graph, path, sae, encoderInput(graph, path, sae, x), features);
  if (sae.outputScale === null) return values;
  const factor = constant(graph, "f32", [features.length], Float32Array.from(features, (feature) => sae.outputScale![feature]!));
  return node(graph, `${path}/scaled`, "Mul", [values, factor]);
}

function ofChosen(graph: Graph, path: string, sae: SaeSpec, shifted: string, features: readonly number[]): string {
  switch (sae.kind) {
    case "topk":
    case "groupmax":
      return ofCompeting(graph, path, sae, shifted, features);
    case "standard":
    case "jumprelu":
    case "gated": {
      const [at] = widened(features, sae.dSae, graph.target.parts);
      const tile: Tile = { path: `${path}/chosen`, start: 0, end: at.length, at: { features: constant(graph, "i64", [at.length], at), rows: null } };
      const { value, active } = activation(graph, sae, shifted, tile);
      const all = node(graph, `${path}/all`, "Where", [active, value, scalar(graph, 0)]);
      if (at.length === features.length) return all;
      return node(graph, `${path}/asked`, "Gather", [all, ints(graph, ...features.map((feature) => at.indexOf(feature)))], { axis: 1 });
    }
    default:
      return sae.kind satisfies never;
  }
}

/**
 * Of topk and groupmax: pre where fewer than k of the features that one competes with are above it, those of a lower number also where they are equal to it. Counts
 * of ones are exact, in whatever order they are added.
 */
function ofCompeting(graph: Graph, path: string, sae: SaeSpec, shifted: string, features: readonly number[]): string {
  const group = sae.kind === "groupmax" ? groupOf(sae) : sae.dSae;
  const most = sae.kind === "groupmax" ? 1 : sae.k;
  if (most === null) throw new Error("a topk SAE has a k");
  const tiles = tilesOf(path, sae, graph.target.provider);
  const done = new Map<Tile, string>();
  const pre = (tile: Tile): string => {
    const made = done.get(tile) ?? preActivation(graph, sae, shifted, tile);
    done.set(tile, made);
    return made;
  };
  const columns = features.map((feature) => {
    const own = `${path}/of${feature}`;
    const tile = tiles.find(({ start, end }) => start <= feature && feature < end)!;
    const value = node(graph, `${own}/pre`, "Gather", [pre(tile), ints(graph, feature - tile.start)], { axis: 1 });
    const first = feature - (feature % group);
    /** How many of the features `from`…`to` go before this one, [N, 1]; none of an empty run. */
    const ahead = (from: number, to: number, op: "Greater" | "GreaterOrEqual"): readonly string[] =>
      tiles.flatMap((each) => {
        const [start, end] = [Math.max(from, each.start), Math.min(to, each.end)];
        if (start >= end) return [];
        const name = `${own}/from${start}`;
        const whole = start === each.start && end === each.end;
        const run = whole ? pre(each) : node(graph, `${name}/pre`, "Slice", [pre(each), ints(graph, start - each.start), ints(graph, end - each.start), ints(graph, 1)]);
        const ones = node(graph, `${name}/ones`, "Cast", [node(graph, `${name}/ahead`, op, [run, value])], { to: 1 });
        return [node(graph, name, "ReduceSum", [ones, ints(graph, 1)], { keepdims: 1 })];
      });
    const counts = [...ahead(first, feature, "GreaterOrEqual"), ...ahead(feature + 1, Math.min(first + group, sae.dSae), "Greater")];
    const rank = counts.reduce((sum, count, i) => node(graph, `${own}/rank${i}`, "Add", [sum, count]), scalar(graph, 0));
    const beaten = node(graph, `${own}/beaten`, "GreaterOrEqual", [rank, scalar(graph, most)]);
    const silent = node(graph, `${own}/silent`, "Or", [beaten, node(graph, `${own}/negative`, "LessOrEqual", [value, scalar(graph, 0)])]);
    return node(graph, own, "Where", [silent, scalar(graph, 0), value]);
  });
  return columns.length === 1 ? columns[0]! : node(graph, `${path}/asked`, "Concat", columns, { axis: 1 });
}
