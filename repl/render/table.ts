/** Without this file results would be objects on a screen instead of a table that fits it. */
import type { Column, Table } from "../../runtime/data/frame.ts";
import { columns as columnsOf, fitted, listed, padEnd, padStart } from "./fit.ts";
import { cellText } from "./number.ts";
import { SLIM, styled, type RenderOptions } from "./options.ts";
import { counted } from "../../runtime/counted.ts";

const GAP = "  ";
/** Rows shown where nothing else was asked for, and records, which take a line for each column. */
const ROWS = 20;
const RECORDS = 6;
/** Text is never squeezed below this to keep one more column. */
const LEAST = 12;

/**
 * A table as lines without a final line end, none longer than `width` unless `wide`: numbers to the right, first and last
 * rows with the count between, columns that do not fit named below. Under 60 columns, where not all fits: one record after another, and fewer of them.
 */
export function renderTable(table: Table, options: RenderOptions): string {
  const picked = pick(table.rows, options.rows ?? ROWS);
  if (table.columns.length === 0) return `${counted(table.rows, "row")}, no columns`;
  const blocks = table.columns.map((column) => blockOf(column, picked, options));
  const whole = blocks.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length);
  if (options.width < SLIM && whole > options.width && options.wide !== true) return records(table, pick(table.rows, options.rows ?? RECORDS), options);
  const { shown, dropped } = fit(blocks, options);
  const lines = [shown.map(({ head, width, right }) => styled("head", align(cell(head, width, options), width, right), options)).join(GAP)];
  if (options.spoken !== true) lines.push(styled("dim", shown.map(({ width }) => (options.ascii === true ? "-" : "─").repeat(width)).join(GAP), options));
  picked.rows.forEach((_, at) => {
    if (at === picked.head && picked.hidden > 0) lines.push(styled("dim", more(picked.hidden, options), options));
    lines.push(shown.map(({ cells, width, right, nulls }) => style(align(cell(cells[at]!, width, options), width, right), nulls[at]!, options)).join(GAP).trimEnd());
  });
  if (picked.hidden > 0 && picked.head === picked.rows.length) lines.push(styled("dim", more(picked.hidden, options), options));
  if (table.rows === 0) lines.push(styled("dim", "no rows", options));
  if (dropped.length > 0) {
    const lead = `+${counted(dropped.length, "column")}:`;
    lines.push(...listed(lead, dropped.map(({ head }) => head), options.width).map((line) => styled("dim", line, options)));
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}

interface Picked {
  readonly rows: readonly number[];
  /** How many of `rows` come from the start. */
  readonly head: number;
  readonly hidden: number;
}

function pick(total: number, most: number): Picked {
  if (total <= most) return { rows: Array.from({ length: total }, (_, i) => i), head: total, hidden: 0 };
  const tail = Math.floor(most / 2);
  const head = most - tail;
  return { rows: Array.from({ length: most }, (_, i) => (i < head ? i : total - most + i)), head, hidden: total - most };
}

interface Block {
  readonly head: string;
  readonly cells: readonly string[];
  readonly nulls: readonly boolean[];
  readonly right: boolean;
  readonly width: number;
  /** How narrow the column may get. */
  readonly least: number;
}

function blockOf(column: Column, picked: Picked, options: RenderOptions): Block {
  const limit = options.wide === true ? Number.MAX_SAFE_INTEGER : options.width;
  const right = column.type === "int" || column.type === "float";
  const head = cell(column.name, limit, options);
  const cells = picked.rows.map((row) => cell(cellText(column, row, options.precision), limit, options));
  const nulls = picked.rows.map((row) => column.valid !== null && column.valid[row] === 0);
  const body = cells.reduce((most, text) => Math.max(most, columnsOf(text)), 1);
  const width = Math.max(body, columnsOf(head));
  // A number that is cut is a wrong number; a long name over short cells may be.
  return { head, cells, nulls, right, width, least: Math.min(width, right ? Math.max(body, LEAST) : LEAST) };
}

function cell(text: string, width: number, options: RenderOptions): string {
  return fitted(text, Math.min(width, 1_000_000), options.ascii);
}

/** As many columns from the left as fit at their least widths; what is left over goes to the columns that want more, narrowest first. */
function fit(blocks: readonly Block[], options: RenderOptions): { shown: Block[]; dropped: Block[] } {
  if (options.wide === true) return { shown: [...blocks], dropped: [] };
  let used = 0;
  let count = 0;
  for (const block of blocks) {
    const need = (count === 0 ? 0 : GAP.length) + block.least;
    if (count > 0 && used + need > options.width) break;
    used += need;
    count++;
  }
  const shown = blocks.slice(0, count).map((block) => ({ ...block, width: Math.min(block.least, options.width) }));
  let spare = Math.max(0, options.width - used);
  const wanting = shown.map((block, at) => ({ block, want: blocks[at]!.width - block.width })).filter(({ want }) => want > 0).sort((a, b) => a.want - b.want);
  wanting.forEach(({ block, want }, at) => {
    const given = Math.min(want, Math.floor(spare / (wanting.length - at)));
    block.width += given;
    spare -= given;
  });
  return { shown, dropped: blocks.slice(count) };
}

function align(text: string, width: number, right: boolean): string {
  return right ? padStart(text, width) : padEnd(text, width);
}

function style(text: string, isNull: boolean, options: RenderOptions): string {
  return isNull ? styled("dim", text, options) : text;
}

function more(hidden: number, options: RenderOptions): string {
  return fitted(`${options.ascii === true ? "..." : "…"} ${counted(hidden, "more row")}`, options.width, options.ascii);
}

/** One line per cell, under the number of its row. */
function records(table: Table, picked: Picked, options: RenderOptions): string {
  const { width } = options;
  const names = Math.min(Math.floor(width / 2), Math.max(...table.columns.map(({ name }) => columnsOf(fitted(name, width)))));
  const dash = options.ascii === true ? "-" : "─";
  const lines: string[] = [];
  picked.rows.forEach((row, at) => {
    if (at === picked.head && picked.hidden > 0) lines.push(styled("dim", more(picked.hidden, options), options));
    const title = fitted(`${dash}${dash} row ${row + 1} `, width, options.ascii);
    lines.push(styled("dim", title + dash.repeat(Math.max(0, width - columnsOf(title))), options));
    for (const column of table.columns) {
      lines.push(`${styled("head", padEnd(fitted(column.name, names, options.ascii), names), options)} ${fitted(cellText(column, row, options.precision), Math.max(1, width - names - 1), options.ascii)}`);
    }
  });
  if (picked.hidden > 0 && picked.head === picked.rows.length) lines.push(more(picked.hidden, options));
  if (table.rows === 0) lines.push(...listed("no rows; columns", table.columns.map(({ name }) => name), width));
  return lines.join("\n");
}
