/** Without this file `save` would have to know formats, plots and disks. */
import type { SaveFormat } from "../../src/ops/op.ts";
import { atomicWrite, startDraft, type Draft, type WriteOptions } from "../data/atomic_write.ts";
import type { Chart, Plot, Table, Value } from "../data/frame.ts";
import { tableChunks } from "../data/to_table.ts";
import { formatRows, portions, rowEncoder, type Encoder, type RowFormat, type RowOptions } from "../data/write.ts";
import { counted } from "../counted.ts";

/** Formats of rows: they can be written while the rows come. */
export type RowsFormat = RowFormat | "parquet";

export type SaveOptions = WriteOptions & Pick<RowOptions, "raw">;

/** Write a value under its format and say what was written: `1,234 bytes csv`. Only plots, or groups of one plot, are svg. Throws DataError. */
export async function saveValue(value: Value, path: string, format: SaveFormat, options: SaveOptions = {}): Promise<string> {
  switch (format) {
    case "svg": {
      const { bytes } = await atomicWrite(path, [await drawing(value)], options);
      return told(bytes, format, 0);
    }
    case "parquet":
      return saveRows(tableChunks(value), path, format, options);
    default: {
      let formulas = 0;
      const { bytes } = await atomicWrite(path, formatRows(value, format, { raw: options.raw === true, onFormula: () => formulas++ }), options);
      return told(bytes, format, formulas);
    }
  }
}

/** The same of rows that come in tables of equal columns, at least one, which are let go of as they are written. */
export async function saveRows(pieces: Iterable<Table> | AsyncIterable<Table>, path: string, format: RowsFormat, options: SaveOptions = {}): Promise<string> {
  const saving = await startSaving(path, format, options);
  try {
    for await (const piece of pieces) await saving.put(piece);
    return await saving.commit();
  } finally {
    await saving.discard();
  }
}

/** A file whose rows are on their way. */
export interface Saving extends Pick<Draft, "discard"> {
  /** Rows of a table of the same columns as the first. Throws DataError. */
  put(table: Table): Promise<void>;
  /** There are no more, and at least one table was put: what was written, as `saveValue` says it. Throws DataError. */
  commit(): Promise<string>;
}

/** Begin a file of rows; until `commit` its name holds what it held. Throws DataError. */
export async function startSaving(path: string, format: RowsFormat, options: SaveOptions = {}): Promise<Saving> {
  let formulas = 0;
  const encoder = await encoderOf(format, { raw: options.raw === true, onFormula: () => formulas++ });
  const draft = await startDraft(path, options);
  return {
    put: (table) =>
      draft.tried(async () => {
        for (const portion of format === "parquet" ? [table] : portions(table)) await draft.write(encoder.piece(portion));
      }),
    commit: () =>
      draft.tried(async () => {
        await draft.write(encoder.end());
        const { bytes } = await draft.commit();
        return told(bytes, format, formulas);
      }),
    discard: draft.discard,
  };
}

async function encoderOf(format: RowsFormat, options: RowOptions): Promise<Encoder> {
  return format === "parquet" ? (await import("../data/write_parquet.ts")).parquetEncoder() : rowEncoder(format, options);
}

function told(bytes: number, format: SaveFormat, formulas: number): string {
  return `${bytes} bytes ${format}${formulas === 0 ? "" : `, ${counted(formulas, "cell")} with ' in front, so that no spreadsheet runs what they hold (--raw-csv leaves them as they are)`}`;
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
