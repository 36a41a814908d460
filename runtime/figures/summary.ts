/** Without this file groups could not be summed up: statistics, histograms, counts. */
import type { Op } from "../../src/ops/op.ts";
import type { ColumnSchema } from "../../src/ops/schema.ts";
import type { Measured, Plot, Series, Single, Table } from "../data/frame.ts";
import { labelColumns, type Member } from "../data/group_labels.ts";
import { createColumn } from "../data/table.ts";
import { overallOf } from "../kernels/accumulate.ts";
import { bagHistogram, countedIntegers, integerHistogram, numberHistogram } from "../kernels/histogram.ts";
import { spreadOfCounts } from "../kernels/statistics.ts";
import { factsOf, stateOf, widthOf } from "./measured.ts";

/** One row per group and layer. */
export function statisticsTable(op: Op & { readonly op: "statistics" }, members: readonly Member<Measured>[], keys: readonly ColumnSchema[] | null): Table {
  const rows = members.flatMap(({ value, ...label }) => value.taps.map((tap, t) => ({ ...label, layer: tap.layer, figures: figuresOf(value, t, op.threshold) })));
  const layered = members.some(({ value }) => value.taps.length > 1);
  return {
    kind: "table",
    rows: rows.length,
    origin: "stats",
    columns: [
      ...labelColumns(rows, keys),
      ...(layered ? [createColumn("layer", "int", rows.map((row) => row.layer))] : []),
      createColumn("documents", "int", rows.map((row) => row.figures.texts)),
      createColumn("tokens", "int", rows.map((row) => row.figures.tokens)),
      createColumn("l0_mean", "float", rows.map((row) => row.figures.l0.mean)),
      createColumn("mean_active", "float", rows.map((row) => row.figures.mean)),
      createColumn("max", "float", rows.map((row) => row.figures.max)),
      createColumn("never_active", "float", rows.map((row) => row.figures.neverActive)),
      createColumn("l0_sd", "float", rows.map((row) => row.figures.l0.sd)),
      createColumn("l0_median", "float", rows.map((row) => row.figures.l0.p50)),
      createColumn("live", "int", rows.map((row) => row.figures.live)),
      createColumn("masked", "int", rows.map((row) => row.figures.masked)),
    ],
  };
}

function figuresOf(measured: Measured, tap: number, threshold: number): Figures {
  const { texts, masked } = factsOf(measured);
  const { live, mean, max } = overallOf(stateOf(measured, tap, "features", threshold).sums);
  const { n: tokens, ...l0 } = spreadOfCounts(stateOf(measured, tap, "l0", threshold).counts);
  const cols = widthOf(measured, tap);
  return { texts, tokens, masked, l0, mean, max, live, neverActive: cols === 0 ? 0 : (cols - live) / cols };
}

interface Figures {
  readonly texts: number;
  /** Rows that count. */
  readonly tokens: number;
  readonly masked: number;
  readonly l0: { readonly mean: number | null; readonly sd: number | null; readonly p50: number | null };
  /** Over active (token, feature) pairs. */
  readonly mean: number | null;
  readonly max: number | null;
  readonly live: number;
  readonly neverActive: number;
}

function isMeasured(value: Single): value is Measured {
  return value.kind === "acts" || value.kind === "reduced";
}

export function histogramPlot(op: Op & { readonly op: "histogram" }, members: readonly Member[]): Plot {
  const named = members.flatMap(({ name, value }): { name: string; value: Single; tap: number }[] => {
    const taps = isMeasured(value) ? value.taps : [null];
    return taps.map((tap, t) => ({ name: taps.length > 1 && tap !== null ? `${name === null ? "" : `${name} `}layer ${tap.layer}` : (name ?? "all"), value, tap: t }));
  });
  const made = (edges: Float64Array, counts: readonly Float64Array[], unit: string, quantity: string): Plot => {
    const series: Series[] = named.map(({ name }, i) => ({ name, counts: counts[i]!, total: counts[i]!.reduce((sum, each) => sum + each, 0) }));
    return { kind: "plot", title: members.length > 1 ? `${quantity} by group` : quantity, unit, quantity, edges, series, overlay: op.overlay, log: op.log, ...(op.share === true ? { share: true } : {}) };
  };
  if (members.every(({ value }) => isMeasured(value))) {
    const measured = named.map(({ value, tap }) => ({ value: value as Measured, tap }));
    if (op.of === "l0") {
      const { edges, counts } = countedIntegers(measured.map(({ value, tap }) => stateOf(value, tap, "l0", op.threshold).counts), op.bins);
      return made(edges, counts, "tokens", "Active features per token (L0)");
    }
    const { edges, counts } = bagHistogram(measured.map(({ value, tap }) => stateOf(value, tap, "values", op.threshold).bag), op.bins);
    return made(edges, counts, "active (token, feature) pairs", "Activation when active");
  }
  const columns = named.map(({ value }) => {
    const table = value.kind === "features" ? value.table : value;
    const column = table.kind === "table" ? table.columns.find((each) => each.name === op.of) : undefined;
    if (column === undefined || column.type === "str") throw new Error(`no numbers in ${op.of}`);
    const kept = Array.from(column.values).filter((each, i) => (column.valid === null || column.valid[i] === 1) && Number.isFinite(each));
    return { whole: column.type !== "float", kept };
  });
  // Differences of whole numbers further apart than that are no whole numbers any more.
  const ends = columns.map(({ kept }) => kept.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)] as const, [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const));
  const whole = columns.every((column) => column.whole) && Math.max(...ends.map(([, high]) => high)) - Math.min(...ends.map(([low]) => low)) < 2 ** 53;
  const { edges, counts } = whole ? integerHistogram(columns.map(({ kept }) => kept), op.bins) : numberHistogram(columns.map(({ kept }) => Float64Array.from(kept)), op.bins);
  return made(edges, counts, "rows", op.of);
}

/** Documents, tokens that count, and active (token, feature) pairs. */
export function countActivations(members: readonly Member[], keys: readonly ColumnSchema[] | null): Table {
  const rows = members.map(({ value }) => {
    switch (value.kind) {
      case "tokens":
        return { documents: value.ids.length, tokens: value.ids.reduce((sum, ids) => sum + ids.length, 0), active: null };
      case "dense":
        return { documents: value.tokens.ids.length, tokens: value.rows.masked.reduce((sum, masked) => sum + 1 - masked, 0), active: null };
      case "acts":
      case "reduced": {
        const { texts, positions, masked } = factsOf(value);
        return { documents: texts, tokens: positions - masked, active: value.taps.reduce((sum, _, tap) => sum + overallOf(stateOf(value, tap, "features", 0).sums).active, 0) };
      }
      default:
        throw new Error(`count of ${value.kind}`);
    }
  });
  return {
    kind: "table",
    rows: rows.length,
    origin: "count",
    columns: [
      ...labelColumns(members, keys),
      createColumn("documents", "int", rows.map((row) => row.documents)),
      createColumn("tokens", "int", rows.map((row) => row.tokens)),
      ...(rows.some((row) => row.active !== null) ? [createColumn("active", "int", rows.map((row) => row.active ?? 0))] : []),
    ],
  };
}
