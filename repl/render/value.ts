/** Without this file each kind of result would need its own command to be seen. */
import { counted } from "../../runtime/counted.ts";
import { visible } from "../../grammar/visible.ts";
import type { Acts, Dense, Groups, Single, Table, Tokens, Value } from "../../runtime/data/frame.ts";
import { createColumn, createTable } from "../../runtime/data/table.ts";
import { renderChart } from "./chart.ts";
import { renderContexts } from "./contexts.ts";
import { columns, fitted, padEnd } from "./fit.ts";
import { renderHistogram } from "./histogram.ts";
import { shortNumber } from "./number.ts";
import { SLIM, styled, type RenderOptions } from "./options.ts";
import { renderTable } from "./table.ts";
import { treeText } from "./tree_text.ts";

/** Tokens and documents shown of activations; the summary speaks for the others. */
const FEW = 8;
const STRONGEST = 4;
const BESIDE = "   ";

/** Any value for people: its header (empty: none; broken between facts where it is wider than the terminal), then its body; no line end after the last line. */
export function renderValue(value: Value, header: string, options: RenderOptions): string {
  const body = value.kind === "groups" ? renderGroups(value, options) : renderSingle(value, options);
  return header === "" ? body : `${headerLines(header, options).map((line) => styled("dim", line, options)).join("\n")}\n${body}`;
}

function renderSingle(value: Single, options: RenderOptions): string {
  switch (value.kind) {
    case "table":
      return value.windows === undefined || options.wide === true ? renderTable(value, options) : renderContexts(value.windows, options, value.columns.some(({ name }) => name === "layer"));
    case "chart":
      return renderChart(value, options);
    case "features":
      return renderTable(value.table, options);
    case "tokens":
      return renderTokens(value, options);
    case "acts":
      return renderActs(value, options);
    case "dense":
      return renderDense(value, options);
    case "plot":
      return renderHistogram(value, options);
    case "text":
      return options.window === true && options.wide !== true ? treeText(visible(value.text, { keepNewlines: true }), options.width) : visible(value.text, { keepNewlines: true });
    case "reduced":
      throw new Error("activations that were let go are not shown");
    default:
      return value satisfies never;
  }
}

/** Side by side where whole tables fit, else one below the other, each under its name. */
function renderGroups(groups: Groups, options: RenderOptions): string {
  if (groups.members.length === 0) return "no groups";
  // Windows of tokens take the width there is: of them nothing stands beside another.
  const beside = groups.members.every(({ value }) => value.kind === "features" || (value.kind === "table" && value.windows === undefined)) && options.width >= SLIM && options.spoken !== true && options.wide !== true;
  if (beside) {
    const blocks = groups.members.map(({ name, value }) => [title(name, options), ...renderSingle(value, { ...options, width: Number.MAX_SAFE_INTEGER }).split("\n")]);
    const widths = blocks.map((lines) => Math.max(...lines.map(columns)));
    if (widths.reduce((sum, width) => sum + width + BESIDE.length, -BESIDE.length) <= options.width) {
      const tall = Math.max(...blocks.map((lines) => lines.length));
      return Array.from({ length: tall }, (_, line) => blocks.map((lines, at) => padEnd(lines[line] ?? "", widths[at]!)).join(BESIDE).trimEnd()).join("\n");
    }
  }
  return groups.members.map(({ name, value }) => `${title(name, options)}\n${renderSingle(value, options)}`).join("\n\n");
}

function title(name: string, options: RenderOptions): string {
  return styled("head", oneLine(name, options), options);
}

/** Facts of a header in as few lines as they need: none is dropped, for what is not said is not known. */
function headerLines(header: string, options: RenderOptions): string[] {
  const width = options.wide === true ? 10_000 : options.width;
  const between = options.ascii === true ? ", " : " · ";
  const lines: string[] = [];
  let line = "";
  for (const fact of header.split(" · ").map((each) => oneLine(options.ascii === true ? each.replaceAll("×", "x") : each, options))) {
    const longer = line === "" ? fact : `${line}${between}${fact}`;
    if (line !== "" && columns(longer) > width) {
      lines.push(line);
      line = oneLine(`  ${fact}`, options);
    } else line = longer;
  }
  return [...lines, line];
}

function oneLine(text: string, options: RenderOptions): string {
  return fitted(text, options.wide === true ? 10_000 : options.width, options.ascii);
}

function renderTokens(tokens: Tokens, options: RenderOptions): string {
  const count = Math.min(tokens.ids.length, options.rows ?? FEW);
  const shown = Array.from({ length: count }, (_, row) => row);
  const bar = options.ascii === true ? "|" : "·";
  const table = createTable(tokens.table.origin, [
    createColumn("row", "int", shown),
    createColumn("tokens", "int", shown.map((row) => tokens.ids[row]!.length)),
    createColumn("start", "str", shown.map((row) => Array.from(tokens.ids[row]!.subarray(0, 40), (id) => tokens.piece(id)).join(bar))),
  ]);
  const total = tokens.ids.reduce((sum, ids) => sum + ids.length, 0);
  const cut = tokens.truncated > 0 ? `, ${tokens.truncated} cut` : "";
  return [oneLine(`${counted(tokens.ids.length, "text")} (${tokens.source}), ${counted(total, "token")}${cut}`, options), renderTable(table, options), ...rest(tokens.ids.length - count, "texts", options)].join("\n");
}

function renderActs(acts: Acts, options: RenderOptions): string {
  const rows = unmasked(acts);
  const masked = acts.rows.count - rows.length;
  const summary = createTable("acts", [
    createColumn("layer", "int", acts.taps.map(({ layer }) => layer)),
    createColumn("tokens", "int", acts.taps.map(() => rows.length)),
    createColumn("l0_mean", "float", acts.taps.map(({ csr }) => (rows.length === 0 ? null : rows.reduce((sum, row) => sum + csr.indptr[row + 1]! - csr.indptr[row]!, 0) / rows.length))),
    createColumn("live", "int", acts.taps.map(({ csr }) => liveFeatures(csr, rows))),
    createColumn("features", "int", acts.taps.map(({ csr }) => csr.cols)),
  ]);
  const first = rows.slice(0, options.rows ?? FEW);
  const several = acts.taps.length > 1;
  const columnsShown = acts.taps.map((tap) => createColumn(several ? `layer ${tap.layer}` : "strongest features", "str", first.map((row) => strongest(tap.csr, row, options.precision))));
  const table = createTable("acts", [...placed(acts, first), ...columnsShown]);
  return [
    renderTable(summary, options),
    ...(masked > 0 ? [styled("dim", oneLine(`${counted(masked, "special token")} left out`, options), options)] : []),
    "",
    renderTable(table, { ...options, rows: table.rows }),
    ...rest(rows.length - first.length, "tokens", options),
  ].join("\n");
}

function renderDense(dense: Dense, options: RenderOptions): string {
  const rows = unmasked(dense);
  const shown = rows.slice(0, options.rows ?? FEW);
  const norms = dense.taps.map((tap) => createColumn(`norm at layer ${tap.layer}`, "float", shown.map((row) => Math.hypot(...tap.values.subarray(row * tap.width, (row + 1) * tap.width)))));
  const table = createTable("dense", [...placed(dense, shown), ...norms]);
  const widths = [...new Set(dense.taps.map(({ width }) => width))].join(", ");
  return [oneLine(`${rows.length} positions ${options.ascii === true ? "x" : "×"} ${widths}`, options), renderTable(table, { ...options, rows: table.rows }), ...rest(rows.length - shown.length, "positions", options)].join("\n");
}

function unmasked(value: Acts | Dense): number[] {
  return Array.from({ length: value.rows.count }, (_, row) => row).filter((row) => value.rows.masked[row] === 0);
}

function liveFeatures(csr: Acts["taps"][number]["csr"], rows: readonly number[]): number {
  const seen = new Uint8Array(csr.cols);
  let live = 0;
  for (const row of rows) {
    for (let at = csr.indptr[row]!; at < csr.indptr[row + 1]!; at++) {
      const feature = csr.indices[at]!;
      if (seen[feature] === 0) live++;
      seen[feature] = 1;
    }
  }
  return live;
}

/** `1203 4.21, 88 3.9`: features of one row by value, the lower id first where they tie. */
function strongest(csr: Acts["taps"][number]["csr"], row: number, precision?: number): string {
  const found = Array.from(csr.indices.subarray(csr.indptr[row]!, csr.indptr[row + 1]!), (feature, at) => ({ feature, value: csr.values[csr.indptr[row]! + at]! }));
  found.sort((a, b) => b.value - a.value || a.feature - b.feature);
  return found.slice(0, STRONGEST).map(({ feature, value }) => `${feature} ${shortNumber(value, precision)}`).join(", ");
}

function placed(value: Acts | Dense, rows: readonly number[]): Table["columns"] {
  const { document, position, token } = value.rows;
  return [
    createColumn("row", "int", rows.map((row) => document[row]!)),
    createColumn("position", "int", rows.map((row) => position[row]!)),
    createColumn("token", "str", rows.map((row) => value.tokens.piece(token[row]!))),
  ];
}

function rest(hidden: number, noun: string, options: RenderOptions): string[] {
  return hidden > 0 ? [styled("dim", oneLine(`${options.ascii === true ? "..." : "…"} ${hidden} more ${noun}`, options), options)] : [];
}
