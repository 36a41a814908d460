/** Without this file a plot in a page could only be looked at: no figures under the pointer, no closer look. */
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { visible } from "../../grammar/visible.ts";
import type { Chart, Plot } from "../data/frame.ts";
import { chartSpec } from "./chart_spec.ts";
import { vegaLite } from "./spec.ts";

type Part = Readonly<Record<string, unknown>>;

/** The Vega-Lite of a plot, for other tools: what `save` draws. */
export function plotSpec(plot: Plot | Chart): TopLevelSpec {
  return plot.kind === "plot" ? vegaLite(plot) : chartSpec(plot);
}

/** The same with figures under the pointer, and axes of numbers that are dragged and zoomed; compiled, so that a page needs no compiler. */
export function interactiveVega(plot: Plot | Chart): Readonly<Record<string, unknown>> {
  const spec = plot.kind === "plot" ? plotWithTools(plot) : chartWithTools(plot);
  return compile(spec as unknown as TopLevelSpec, { logger: vega.logger(vega.Error) }).spec as unknown as Readonly<Record<string, unknown>>;
}

/** Along x only: the counts keep their axis. */
const ALONG = [{ name: "zoom", select: { type: "interval", encodings: ["x"] }, bind: "scales" }];
const BOTH = [{ name: "zoom", select: "interval", bind: "scales" }];

function chartWithTools(chart: Chart): Part {
  const spec = chartSpec(chart) as unknown as Part & { readonly encoding: Readonly<Record<string, Part>> };
  const numbers = ["x", "y"].every((axis) => spec.encoding[axis]?.["type"] === "quantitative");
  return { ...spec, encoding: { ...spec.encoding, tooltip: { field: "told", type: "nominal" } }, ...(numbers ? { params: BOTH } : {}) };
}

function plotWithTools(plot: Plot): Part {
  const spec = vegaLite(plot) as unknown as Part & { readonly layer?: readonly Part[]; readonly spec?: Part & { readonly layer: readonly Part[] } };
  const zooming = (layers: readonly Part[]): readonly Part[] => layers.map((layer, at) => (at === layers.length - 1 ? { ...layer, params: ALONG } : layer));
  if (spec.layer === undefined) return { ...spec, spec: { ...spec.spec, layer: zooming(spec.spec!.layer) } };
  return { ...spec, layer: [...zooming(spec.layer), ...(plot.edges.length < 2 ? [] : [underPointer(plot, spec.layer[0]!["encoding"] as Readonly<Record<string, Part>>)])] };
}

/** One unseen bar for each bin, as high as its highest count, that tells what all series have there; on the axes of the others. */
function underPointer(plot: Plot, { x, y, y2 }: Readonly<Record<string, Part>>): Part {
  const values = Array.from({ length: plot.edges.length - 1 }, (_, bin) => ({
    from: plot.edges[bin]!,
    to: plot.edges[bin + 1]!,
    top: Math.max(1, ...plot.series.map(({ counts }) => counts[bin] ?? 0)),
    told: `${shortEdge(plot.edges[bin]!)} to ${shortEdge(plot.edges[bin + 1]!)}: ${plot.series.map(({ name, counts }) => `${visible(name)} ${counts[bin] ?? 0}`).join(", ")}`,
  }));
  return {
    data: { values },
    mark: { type: "bar", opacity: 0, binSpacing: 0, aria: false },
    encoding: {
      x: { ...x, field: "from" },
      x2: { field: "to" },
      y: { ...y, field: "top" },
      y2,
      tooltip: { field: "told", type: "nominal" },
    },
  };
}

const shortEdge = (edge: number): string => String(Number(edge.toPrecision(4)));
