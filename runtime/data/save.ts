/** Without this file `save` would have to know formats, plots and disks. */
import type { SaveFormat } from "../../src/ops/op.ts";
import { atomicWrite, type WriteOptions } from "./atomic_write.ts";
import type { Chart, Plot, Value } from "./frame.ts";
import { formatRows, type RowOptions } from "./write.ts";

/** Write a value under its format and say what was written: `1,234 bytes csv`. Only plots, or groups of one plot, are svg. Throws DataError. */
export async function saveValue(value: Value, path: string, format: SaveFormat, options: WriteOptions & Pick<RowOptions, "raw"> = {}): Promise<string> {
  let formulas = 0;
  const { bytes } = await atomicWrite(path, await content(value, format, { raw: options.raw === true, onFormula: () => formulas++ }), options);
  return `${bytes} bytes ${format}${formulas === 0 ? "" : `, ${formulas} ${formulas === 1 ? "cell" : "cells"} with ' in front, so that no spreadsheet runs what they hold (--raw-csv leaves them as they are)`}`;
}

async function content(value: Value, format: SaveFormat, rows: RowOptions): Promise<Iterable<string | Uint8Array>> {
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
