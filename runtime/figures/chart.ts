/** Without this file a chart of a million points would fill the memory before anybody saw it. */
import type { Op } from "../../src/ops/op.ts";
import { DataError } from "../data/error.ts";
import type { Chart, Table } from "../data/frame.ts";
import { withoutPlaces } from "../data/table.ts";

/** More marks than this are a smear, and an SVG that no program opens. */
const MOST_MARKS = 20_000;
/** More bars than this have no room for their names. */
const MOST_BARS = 500;

/** The columns that are drawn, checked for size; rows are kept in their order. */
export function chartOf({ mark, x, y, color, title }: Op & { readonly op: "plot" }, table: Table): Chart {
  const most = mark === "bars" ? MOST_BARS : MOST_MARKS;
  if (table.rows > most)
    throw new DataError({ code: "too-many-rows", message: `\`plot ${mark}\` draws at most ${most} rows, and there are ${table.rows}`, help: mark === "bars" ? `take ${most}` : `sample ${most}` });
  const wanted = [x, y, ...(color === null ? [] : [color])];
  return { kind: "chart", mark, title, x, y, color, table: { ...withoutPlaces(table), columns: table.columns.filter(({ name }) => wanted.includes(name)) } };
}
