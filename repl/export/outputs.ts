/** Without this file each format of a report would decide for itself what a result looks like. */
import { visible } from "../../grammar/visible.ts";
import type { ContextWindow, Chart, Plot, Single, Table, Value } from "../../runtime/data/frame.ts";
import type { SessionEvent } from "../../runtime/session/session_port.ts";
import { cellText } from "../render/number.ts";
import { renderValue } from "../render/value.ts";

type Result = Extract<SessionEvent, { kind: "result" }>;

/** Rows of a table as text, every cell harmless. */
export interface Rows {
  readonly kind: "rows";
  readonly columns: readonly { readonly name: string; readonly numeric: boolean }[];
  /** null: no value. */
  readonly cells: readonly (readonly (string | null)[])[];
  /** Rows of the result that are not shown. */
  readonly hidden: number;
}

export interface Drawing {
  readonly kind: "drawing";
  readonly svg: string;
  /** Vega-Lite, for other tools. */
  readonly spec: object;
  /** Compiled, with tools: see `interactive.ts`. */
  readonly vega: object;
}

/** Places where a feature fires, with how much, from 0 to 5, at each token. */
export interface Contexts {
  readonly kind: "contexts";
  readonly places: readonly { readonly about: string; readonly pieces: readonly { readonly text: string; readonly heat: number; readonly firing: boolean; readonly special: boolean }[] }[];
}

export interface Plain {
  readonly kind: "plain";
  readonly text: string;
}

/** One result: what it is, and its parts; several where it is groups. */
export interface Output {
  readonly header: string;
  readonly parts: readonly { readonly name: string | null; readonly body: Rows | Drawing | Contexts | Plain }[];
  /** As a terminal shows it, without colours. */
  readonly text: string;
}

const MOST_ROWS = 50;

export async function outputOf({ value, header, display }: Result): Promise<Output> {
  const rows = display.rows ?? MOST_ROWS;
  const { precision } = display;
  const members = value.kind === "groups" ? value.members : [{ name: null, value }];
  const parts: Output["parts"][number][] = [];
  for (const member of members) parts.push({ name: member.name === null ? null : visible(member.name), body: await bodyOf(member.value, rows, precision) });
  return { header: visible(header), parts, text: textOf(value, rows, precision) };
}

function textOf(value: Value, rows: number, precision: number | undefined): string {
  return renderValue(value, "", { width: 100, color: false, rows, ...(precision === undefined ? {} : { precision }) });
}

async function bodyOf(value: Single, most: number, precision: number | undefined): Promise<Output["parts"][number]["body"]> {
  switch (value.kind) {
    case "table":
      return value.windows === undefined ? rowsOf(value, most, precision) : contextsOf(value.windows, most);
    case "features":
      return rowsOf(value.table, most, precision);
    case "plot":
    case "chart":
      return drawingOf(value);
    default:
      return { kind: "plain", text: textOf(value, most, precision) };
  }
}

function rowsOf(table: Table, most: number, precision: number | undefined): Rows {
  const shown = Math.min(table.rows, most);
  return {
    kind: "rows",
    columns: table.columns.map(({ name, type }) => ({ name: visible(name), numeric: type === "int" || type === "float" })),
    cells: Array.from({ length: shown }, (_, row) => table.columns.map((column) => (column.valid !== null && column.valid[row] === 0 ? null : visible(cellText(column, row, precision))))),
    hidden: table.rows - shown,
  };
}

async function drawingOf(plot: Plot | Chart): Promise<Drawing> {
  const [{ renderSvg }, { interactiveVega, plotSpec }] = await Promise.all([import("../../runtime/plot/vega.ts"), import("../../runtime/plot/interactive.ts")]);
  return { kind: "drawing", svg: (await renderSvg(plot)).trimEnd(), spec: plotSpec(plot), vega: interactiveVega(plot) };
}

function contextsOf(windows: readonly ContextWindow[], most: number): Contexts {
  return {
    kind: "contexts",
    places: windows.slice(0, most).map(({ feature, layer, activation, row, position, pieces, firing, activations, special, label }) => {
      const counted = activations.map((each, at) => (special?.[at] === true ? 0 : (each ?? 0)));
      const largest = Math.max(activation, ...counted);
      return {
        about: `feature ${feature} at layer ${layer}${label === undefined ? "" : ` (${visible(label)})`}: ${Number(activation.toPrecision(4))} in row ${row}, position ${position}`,
        pieces: pieces.map((text, at) => ({ text: visible(text), heat: largest > 0 ? Math.max(0, Math.min(5, Math.ceil((5 * counted[at]!) / largest))) : 0, firing: at === firing, special: special?.[at] === true })),
      };
    }),
  };
}
