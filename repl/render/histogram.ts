/** Without this file two distributions could only be compared by saving a picture. */
import { heightsOf, unitOf, type Plot } from "../../runtime/data/frame.ts";
import { columns, fitted, padEnd, padStart } from "./fit.ts";
import { shortNumber } from "./number.ts";
import { NARROW, styled, type RenderOptions, type Style } from "./options.ts";
import { counted } from "../../runtime/counted.ts";

const EIGHTHS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** Glyphs differ, not only colours: the first group, the second, and where both reach. */
const BLOCKS = { first: "█", second: "░", both: "▓" } as const;
const LETTERS = { first: "#", second: "o", both: "@" } as const;
const OVERLAY_ROWS = 12;
const SINGLE_ROWS = 8;
const STACKED_ROWS = 5;
const LIST_BINS = 10;

/** A plot as lines without a final line end: axes, n, bin width and what lies outside the bins are always said. Under 40 columns: a sentence and a list per group. */
export function renderHistogram(plot: Plot, options: RenderOptions): string {
  const { width } = options;
  const title = styled("head", fitted(plot.title, width, options.ascii), options);
  if (plot.edges.length < 2 || plot.series.length === 0) return [title, ...plot.series.map((series) => fitted(`${series.name}  n = ${series.total}`, width, options.ascii)), "no values"].join("\n");
  if (width < NARROW || options.spoken === true) return [title, ...asLists(plot, options)].join("\n");
  const labels = Math.max(5, columns(shortNumber(tallest(plot)))) + 1;
  const merged = merge(plot, width - labels - 2);
  const cell = Math.max(1, Math.min(8, Math.floor((width - labels - 2) / (merged.edges.length - 1))));
  const heights = merged.series.map((series) => heightsOf(series, merged));
  const frame: Frame = { plot: merged, heights, labels, cell, top: tallest(merged), options };
  const lines = [title];
  if (merged.overlay && merged.series.length === 2) {
    const glyphs = options.ascii === true ? LETTERS : BLOCKS;
    merged.series.forEach((_, at) => lines.push(legend(frame, at, glyphs[at === 0 ? "first" : "second"])));
    lines.push(`${styled("both", glyphs.both.repeat(2), options)} both`);
    lines.push(...overlaid(frame), ...axis(frame));
  } else {
    merged.series.forEach((_, at) => {
      lines.push(legend(frame, at, ""));
      lines.push(...single(frame, heights[at]!, merged.series.length > 1 ? STACKED_ROWS : SINGLE_ROWS));
      if (at === merged.series.length - 1) lines.push(...axis(frame));
    });
  }
  lines.push(...foot(merged, options));
  return lines.map((line) => line.trimEnd()).join("\n");
}

interface Frame {
  readonly plot: Plot;
  /** Of each series, by bin. */
  readonly heights: readonly Float64Array[];
  /** Columns left of the axis. */
  readonly labels: number;
  /** Columns of one bin. */
  readonly cell: number;
  /** The largest height of any bin. */
  readonly top: number;
  readonly options: RenderOptions;
}

function tallest(plot: Plot): number {
  let most = plot.share === true ? 0 : 1;
  for (const series of plot.series) for (const height of heightsOf(series, plot)) most = Math.max(most, height);
  return most === 0 ? 1 : most;
}

/** The same counts in at most `most` bins: neighbours put together, equally many each. */
function merge(plot: Plot, most: number): Plot {
  const bins = plot.edges.length - 1;
  const by = Math.ceil(bins / Math.max(1, most));
  if (by === 1) return plot;
  const count = Math.ceil(bins / by);
  const edges = Float64Array.from({ length: count + 1 }, (_, at) => plot.edges[Math.min(at * by, bins)]!);
  const series = plot.series.map((each) => ({ ...each, counts: Float64Array.from({ length: count }, (_, at) => sum(each.counts.subarray(at * by, (at + 1) * by))) }));
  return { ...plot, edges, series };
}

const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);

/** Height of a count in units of a bar of height 1. */
function share(count: number, { top, plot }: Frame): number {
  return plot.log ? Math.log1p(count) / Math.log1p(top) : count / top;
}

function legend({ plot, options }: Frame, at: number, glyph: string): string {
  const series = plot.series[at]!;
  const outside = series.total - sum(series.counts);
  const text = `${series.name}  n = ${series.total}${outside > 0 ? `, ${outside} outside the bins` : ""}`;
  return `${glyph === "" ? "" : `${styled(styleOf(at), glyph.repeat(2), options)} `}${fitted(text, options.width - 3, options.ascii)}`;
}

const styleOf = (at: number): Style => (at === 0 ? "first" : "second");

function overlaid(frame: Frame): string[] {
  const { options, cell } = frame;
  const glyphs = options.ascii === true ? LETTERS : BLOCKS;
  const bars = frame.heights.map((each) => Array.from(each, (count) => height(share(count, frame), OVERLAY_ROWS)));
  return rows(frame, OVERLAY_ROWS, (level) =>
    bars[0]!.map((first, bin) => {
      const a = first >= level;
      const b = bars[1]![bin]! >= level;
      const kind = a && b ? "both" : a ? "first" : b ? "second" : null;
      return kind === null ? " ".repeat(cell) : styled(kind, glyphs[kind].repeat(cell), options);
    }),
  );
}

/** Whole rows, but at least one for a bin that is not empty. */
function height(part: number, rows: number): number {
  return part === 0 ? 0 : Math.max(1, Math.round(part * rows));
}

function single(frame: Frame, counts: Float64Array, size: number): string[] {
  const { cell, options } = frame;
  if (options.ascii === true) {
    const heights = Array.from(counts, (count) => height(share(count, frame), size));
    return rows(frame, size, (level) => heights.map((tall) => (tall >= level ? LETTERS.first : " ").repeat(cell)));
  }
  const eighths = Array.from(counts, (count) => height(share(count, frame), size * 8));
  return rows(frame, size, (level) => eighths.map((tall) => styled("first", EIGHTHS[Math.max(0, Math.min(8, tall - (level - 1) * 8))]!.repeat(cell), options)));
}

/** Lines from the top down, with the count at the top and in the middle. */
function rows(frame: Frame, size: number, cells: (level: number) => string[]): string[] {
  const { labels, options, top, plot } = frame;
  const bar = options.ascii === true ? "|" : "│";
  const middle = Math.ceil(size / 2);
  return Array.from({ length: size }, (_, at) => {
    const level = size - at;
    const count = level === size ? top : level === middle ? (plot.log ? Math.expm1((middle / size) * Math.log1p(top)) : (top * middle) / size) : null;
    const label = count === null ? "" : shortNumber(count, 3);
    return `${padStart(label, labels)} ${styled("dim", bar, options)}${cells(level).join("")}`;
  });
}

/** The line under the bars and as many edges as fit below it. */
function axis({ plot, labels, cell, options }: Frame): string[] {
  const bins = plot.edges.length - 1;
  const [corner, line] = options.ascii === true ? ["+", "-"] : ["└", "─"];
  const names = Array.from(plot.edges, (edge) => shortNumber(edge));
  const widest = Math.max(...names.map(columns)) + 2;
  const every = Math.max(1, Math.ceil(widest / cell));
  let under = "";
  for (let at = 0; at <= bins; at += every) {
    const name = names[at]!;
    const from = labels + 2 + at * cell;
    if (from + columns(name) > options.width) break;
    under = padEnd(under, from) + name;
  }
  return [`${padStart("0", labels)} ${styled("dim", corner! + line!.repeat(bins * cell), options)}`, under];
}

function foot(plot: Plot, options: RenderOptions): string[] {
  const bins = plot.edges.length - 1;
  const widths = Array.from({ length: bins }, (_, at) => plot.edges[at + 1]! - plot.edges[at]!);
  const first = widths[0]!;
  const equal = widths.slice(0, -1).every((width) => Math.abs(width - first) <= 1e-6 * first);
  const bin = `${counted(bins, "bin")}${equal ? ` of width ${shortNumber(first)}` : ""}`;
  const text = `x: ${plot.quantity}, ${bin}; y: ${unitOf(plot)}${plot.log ? ", log scale" : ""}`;
  return text.split(" ").reduce<string[]>(gather(options.width), []).map((line) => styled("dim", fitted(line, options.width, options.ascii), options));
}

/** Words put together into lines that fit. */
function gather(width: number): (lines: string[], word: string) => string[] {
  return (lines, word) => {
    const last = lines.at(-1);
    if (last !== undefined && columns(last) + 1 + columns(word) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
    return lines;
  };
}

function asLists(plot: Plot, options: RenderOptions): string[] {
  const { width, ascii } = options;
  const merged = merge(plot, LIST_BINS);
  const lines: string[] = [];
  for (const series of merged.series) {
    const { name, counts, total } = series;
    const figures = Array.from(heightsOf(series, merged), (each) => (merged.share === true ? shortNumber(each, 3) : String(each)));
    let peak = 0;
    counts.forEach((count, at) => (peak = count > counts[peak]! ? at : peak));
    const outside = total - sum(counts);
    const range = (at: number): string => `${shortNumber(merged.edges[at]!)} to ${shortNumber(merged.edges[at + 1]!)}`;
    const sentence = `${name}: ${total} ${plot.unit}, most (${figures[peak]}) with ${plot.quantity} from ${range(peak)}${outside > 0 ? `, ${outside} outside` : ""}.`;
    lines.push(...sentence.split(" ").reduce<string[]>(gather(width), []).map((line) => fitted(line, width, ascii)));
    const names = Math.max(...Array.from(counts, (_, at) => columns(range(at))));
    const widest = Math.max(...figures.map(columns));
    figures.forEach((figure, at) => lines.push(fitted(`  ${padEnd(range(at), names)}  ${padStart(figure, widest)}`, width, ascii)));
  }
  return lines;
}
