/** Without this file a plot could not be opened in any other Vega-Lite tool. */
import type { TopLevelSpec } from "vega-lite";
import { visible } from "../../grammar/visible.ts";
import { heightsOf, unitOf, type Plot } from "../data/frame.ts";
import { counted } from "../counted.ts";

/** Blue, vermilion, green, purple, orange, sky: told apart by colour-blind readers (Okabe and Ito). */
export const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
/** The first group is a filled shape, the others are outlines with their own dashes: distinct in grey too. */
const FILLS = [0.42, 0.08, 0.08, 0.08, 0.08, 0.08];
const DASHES = [[1, 0], [6, 3], [2, 2], [9, 3, 2, 3], [4, 4], [1, 4]];
/** Empty bins stand here on a logarithmic axis. */
const FLOOR = 0.5;

/** Plot → Vega-Lite: steps over shared edges with one colour, fill and dash per series; data and literal text only, no expressions. */
export function vegaLite(plot: Plot): TopLevelSpec {
  const labels = plot.series.map((series) => `${visible(series.name)} (n = ${series.total})`);
  const steps = plot.series.flatMap((series, at) => stepsOf(plot, heightsOf(series, plot), labels[at]!, at));
  const many = plot.series.length > 1;
  const facets = many && !plot.overlay;
  const cycle = <T>(values: readonly T[]): T[] => labels.map((_, at) => values[at % values.length]!);
  const by = { field: "series", type: "nominal" as const, sort: labels };
  const legend = many && !facets ? { orient: "top" as const, title: null, symbolSize: 700, symbolStrokeWidth: 2, labelLimit: 400, columnPadding: 24 } : null;
  const top = Math.max(1, ...plot.series.map((series) => largest(series.counts)));
  const ticks = plot.log ? Array.from({ length: Math.floor(Math.log10(top)) + 1 }, (_, power) => 10 ** power) : null;
  const place = {
    x: { field: "x", type: "quantitative" as const, title: visible(plot.quantity), scale: { zero: false, nice: false, padding: 0 }, axis: { tickCount: 8 } },
    y: {
      field: "y",
      type: "quantitative" as const,
      title: plot.log ? `${visible(plot.unit)} (log scale)` : visible(unitOf(plot)),
      stack: null,
      scale: plot.log ? { type: "log" as const, domain: [FLOOR, top * 1.15], nice: false } : { domainMin: 0, nice: true },
      axis: ticks === null ? { tickCount: facets ? 4 : 6 } : { values: ticks },
    },
  };
  const shape = {
    layer: [
      ...labels.map((_, at) => ({
        transform: [{ filter: { field: "index", equal: at } }],
        mark: { type: "area" as const, interpolate: "step-after" as const, fill: COLOURS[at % COLOURS.length]!, fillOpacity: FILLS[at % FILLS.length]!, aria: false },
        encoding: { ...place, y2: { datum: plot.log ? FLOOR : 0 } },
      })),
      {
        mark: { type: "line" as const, interpolate: "step-after" as const, strokeWidth: 1.9, strokeJoin: "miter" as const },
        encoding: {
          ...place,
          // Vega-Lite would make an expression of titles, and leave their backslashes as they are.
          description: { field: "series", type: "nominal" as const },
          order: { field: "order", type: "quantitative" as const },
          color: { ...by, scale: { domain: labels, range: cycle(COLOURS) }, legend },
          strokeDash: { ...by, scale: { domain: labels, range: cycle(DASHES) }, legend },
        },
      },
    ],
  };
  const size = { width: 560, height: facets ? 150 : 300 };
  const head = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 16,
    title: { text: visible(plot.title), subtitle: binsOf(plot, many ? null : (labels[0] ?? null)), anchor: "start" as const, fontSize: 15, subtitleColor: "#555", offset: 12 },
    data: { values: steps },
    config: CONFIG,
  };
  if (!facets) return { ...head, ...size, ...shape };
  return { ...head, facet: { row: { ...by, title: null, header: { labelOrient: "top", labelAnchor: "start", labelAngle: 0, labelFontSize: 12, labelPadding: 4, labelLimit: 400 } } }, spec: { ...size, ...shape }, spacing: 14 };
}

/** Looks that all plots share. */
export const CONFIG = {
  font: "Helvetica, Arial, sans-serif",
  view: { stroke: null },
  axis: { grid: true, gridColor: "#e6e6e6", domainColor: "#666", tickColor: "#666", labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal" as const, titlePadding: 8 },
  axisX: { grid: false },
  legend: { labelFontSize: 12, padding: 0 },
};

interface Corner {
  readonly series: string;
  readonly index: number;
  readonly order: number;
  readonly x: number;
  readonly y: number;
}

/** Corners of one series: up from the floor, each edge with the count to its right, and down at the last edge. */
function stepsOf(plot: Plot, counts: Float64Array, series: string, index: number): Corner[] {
  const floor = plot.log ? FLOOR : 0;
  const corner = (x: number, y: number, order: number): Corner => ({ series, index, order, x, y });
  const edges = Array.from(plot.edges, (x, at) => corner(x, Math.max(floor, counts[at] ?? floor), at + 1));
  return edges.length === 0 ? [] : [corner(plot.edges[0]!, floor, 0), ...edges];
}

function largest(counts: Float64Array): number {
  let most = 0;
  for (const count of counts) if (count > most) most = count;
  return most;
}

function binsOf(plot: Plot, label: string | null): string {
  const bins = plot.edges.length - 1;
  if (bins < 1) return label === null ? "no values" : `${label} · no values`;
  const widths = Array.from({ length: bins }, (_, at) => plot.edges[at + 1]! - plot.edges[at]!);
  const equal = widths.every((width) => Math.abs(width - widths[0]!) <= 1e-6 * Math.abs(widths[0]!));
  const bin = `${counted(bins, "bin")}${equal ? ` of width ${Number(widths[0]!.toPrecision(3))}` : ""}`;
  return label === null ? bin : `${label} · ${bin}`;
}
