/** Without this file `save` would have to know formats, plots and disks. */
import type { SaveFormat } from "../../src/ops/op.ts";
import { atomicWrite, type WriteOptions } from "./atomic_write.ts";
import type { Chart, Plot, Table, Value } from "./frame.ts";
import { formatPieces, formatRows, type RowFormat, type RowOptions } from "./write.ts";

/** Write a value under its format and say what was written: `1,234 bytes csv`. Only plots, or groups of one plot, are svg. Throws DataError. */
export async function saveValue(value: Value, path: string, format: SaveFormat, options: SaveOptions = {}): Promise<string> {
  return written(path, format, (rows) => content(value, format, rows), options);
}

/** The same of rows that come in tables of equal columns, at least one, which are let go of as they are written. */
export async function saveRows(pieces: AsyncIterable<Table>, path: string, format: RowFormat, options: SaveOptions = {}): Promise<string> {
  return written(path, format, async (rows) => formatPieces(pieces, format, rows), options);
}

type SaveOptions = WriteOptions & Pick<RowOptions, "raw">;
type Chunks = Parameters<typeof atomicWrite>[1];

async function written(path: string, format: SaveFormat, chunks: (rows: RowOptions) => Promise<Chunks>, options: SaveOptions): Promise<string> {
  let formulas = 0;
  const { bytes } = await atomicWrite(path, await chunks({ raw: options.raw === true, onFormula: () => formulas++ }), options);
  return `${bytes} bytes ${format}${formulas === 0 ? "" : `, ${formulas} ${formulas === 1 ? "cell" : "cells"} with ' in front, so that no spreadsheet runs what they hold (--raw-csv leaves them as they are)`}`;
}

async function content(value: Value, format: SaveFormat, rows: RowOptions): Promise<Chunks> {
  switch (format) {
    case "svg":
      return [await drawing(value)];
    case "parquet": {
      const { parquetBytes } = await import("./write_parquet.ts");
      return parquetBytes(value);
    }
    default:
      return formatRows(value, format, rows);
  }
}

async function drawing(value: Value): Promise<string> {
  const single = value.kind === "groups" && value.members.length === 1 ? value.members[0]!.value : value;
  const plot: Plot | Chart | null = single.kind === "plot" || single.kind === "chart" ? single : null;
  if (plot === null) throw new Error(`a value of kind ${value.kind} is no plot`);
  const { renderSvg } = await painter();
  return renderSvg(plot);
}

/** Vega takes a while to load and few sessions draw. */
const painter = (): Promise<typeof import("../plot/vega.ts")> => import("../plot/vega.ts");

/** Begin to load what draws, while others compute what will be drawn. What fails is told when it is drawn. */
export function loadPainter(): void {
  painter().catch(() => {});
}
